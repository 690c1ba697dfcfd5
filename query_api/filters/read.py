"""From text or JSON to conditions, with every problem named. The grammar is in docs/filters.md."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence

import orjson

from etappe.phases.fields import fold_event
from etappe.phases.patterns import pattern_fault
from etappe.phases.source import did_you_mean
from query_api.filters.conditions import (
    FIELDS,
    LISTED,
    ON_TEXT,
    OPS,
    PREFIXES,
    PRESENCE,
    SEGMENTS,
    AnyOf,
    Condition,
    Filter,
    Kind,
    Op,
    Scalar,
    kind_of,
)
from query_api.parameters import Parameter, Reader

Refuse = Callable[[str, object, str], None]
"""Takes field, value and what was wanted."""

MOST_FILTERS = 50
MOST_VALUES = 1000
MOST_TEXT = 1000
MOST_KEYS = 20

_FORM = "field:op:value, like channel:eq:email"
_PATTERN = r"^([^:]+:[a-z_]+(:.*)?|\{.+\})$"
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WORDS: Mapping[str, Scalar] = {"true": True, "false": False, "null": None}
_OF_TEXT: tuple[Kind, ...] = ("event", "text", "experiment", "segment")
"""Fields whose values are texts: in a query string, 2024 is a text there."""


def _read_text(text: str) -> str:
    return text


WHERE = Parameter(
    "where", f"a filter, {_FORM}, or as JSON; several must all hold", _read_text, "",
    schema={"type": "array", "items": {"type": "string", "pattern": _PATTERN}, "maxItems": MOST_FILTERS},
    repeatable=True,
)  # fmt: skip


def read_where(reader: Reader) -> tuple[Condition, ...]:
    """Every `where=field:op:value` of a query string, or JSON as in a body; what is wrong is left with `reader`."""
    given = [_object_of(text) or text for text in reader.texts(WHERE.name)]
    _check_count(_counted(given), WHERE.name, reader.refuse)
    found = [_given(each, reader.refuse) for each in given[:MOST_FILTERS]]
    return tuple(each for each in found if each is not None)


def _given(item: str | dict[str, object], refuse: Refuse) -> Condition | None:
    return _of_text(item, refuse) if isinstance(item, str) else _condition(item, WHERE.name, refuse)


def _object_of(text: str) -> dict[str, object] | None:
    """A filter or alternatives written as JSON; None for the short form, and for what is no JSON."""
    if not text.startswith("{"):
        return None
    try:
        read: dict[str, object] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return read


def read_conditions(data: object, path: str, refuse: Refuse) -> tuple[Condition, ...]:
    """A JSON list of filters and of {"any_of": [[…], […]]}; nothing (None) is an empty one.

    Problems are named at `path`, like steps[1].where[0].op, and what has one is left out.
    """
    if data is None:
        return ()
    if not isinstance(data, list):
        refuse(path, data, "a list of filters")
        return ()
    _check_count(_counted(data), path, refuse)
    found = [_condition(item, f"{path}[{i}]", refuse) for i, item in enumerate(data[:MOST_FILTERS])]
    return tuple(each for each in found if each is not None)


def _check_count(count: int, path: str, refuse: Refuse) -> None:
    if count > MOST_FILTERS:
        refuse(path, f"{count} filters", f"at most {MOST_FILTERS} filters")


def _counted(data: Sequence[object]) -> int:
    """How many filters a list holds, those of its alternatives included."""
    count = 0
    for item in data:
        parts = item.get("any_of") if isinstance(item, Mapping) else None
        count += sum(len(each) for each in parts if isinstance(each, list)) if isinstance(parts, list) else 1
    return count


def _of_text(text: str, refuse: Refuse) -> Filter | None:
    def at_where(_: str, __: object, wanted: str) -> None:
        refuse(WHERE.name, text, wanted)

    field, _, rest = text.partition(":")
    op, colon, value = rest.partition(":")
    if not op:
        refuse(WHERE.name, text, _FORM)
        return None
    kind = kind_of(field)
    of_text = kind in _OF_TEXT or op in ON_TEXT
    given: object
    if op in LISTED:
        given = [_scalar_of(part, of_text) for part in value.split(",")] if colon else None
    else:
        given = _scalar_of(value, of_text) if colon else _MISSING
    return _filter(field, op, _MISSING if op in PRESENCE and value == "" else given, "", at_where)


class _Missing:
    """Stands for a value that was not given: null is one."""


_MISSING = _Missing()


def _scalar_of(text: str, of_text: bool) -> Scalar:
    """JSON where it parses as number, boolean or null, else (or where only texts can be meant) text."""
    if of_text:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return float(text) if _NUMBER.fullmatch(text) else text


def _condition(item: object, path: str, refuse: Refuse) -> Condition | None:
    if isinstance(item, Mapping) and "any_of" in item:
        return _any_of(item, path, refuse)
    return _filter_of(item, path, refuse)


def _any_of(item: Mapping[str, object], path: str, refuse: Refuse) -> AnyOf | None:
    parts = item["any_of"]
    for key in item:
        if key != "any_of":
            refuse(f"{path}.{key}", item[key], "nothing beside any_of")
    if not isinstance(parts, list) or not parts:
        refuse(f"{path}.any_of", parts, "a list of alternatives, each a list of filters")
        return None
    found = [_part(part, f"{path}.any_of[{i}]", refuse) for i, part in enumerate(parts[:MOST_FILTERS])]
    return AnyOf(tuple(found)) if all(found) else None


def _part(part: object, path: str, refuse: Refuse) -> tuple[Filter, ...]:
    """One alternative; empty where it has a problem."""
    if not isinstance(part, list) or not part:
        refuse(path, part, "a list of filters, at least one")
        return ()
    found = [_filter_of(item, f"{path}[{i}]", refuse) for i, item in enumerate(part[:MOST_FILTERS])]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else ()


def _filter_of(item: object, path: str, refuse: Refuse) -> Filter | None:
    if not isinstance(item, Mapping):
        refuse(path, item, 'a filter like {"field": "channel", "op": "eq", "value": "email"}')
        return None
    for key in item:
        if key not in ("field", "op", "value"):
            refuse(f"{path}.{key}", item[key], "one of field, op, value")
    return _filter(item.get("field"), item.get("op"), item.get("value", _MISSING), f"{path}.", refuse)


def _filter(field: object, op: object, value: object, path: str, refuse: Refuse) -> Filter | None:
    """`path` is what problems are named with, its last dot included."""
    kind = _kind(field, f"{path}field", refuse)
    known = next((each for each in OPS if each == op), None)
    if known is None:
        refuse(
            f"{path}op", None if op is _MISSING else op, did_you_mean(op if isinstance(op, str) else "", OPS)
        )
    if kind is None or known is None:
        return None
    problems = 0

    def bad(shown: object, wanted: str) -> None:
        nonlocal problems
        problems += 1
        refuse(f"{path}value", None if shown is _MISSING else shown, wanted)

    read = _value(kind, known, value, bad)
    return None if problems else Filter(str(field), known, read)


def _kind(field: object, path: str, refuse: Refuse) -> Kind | None:
    kind = kind_of(field) if isinstance(field, str) else None
    names = [*FIELDS, *(f"{prefix}.NAME" for prefix in PREFIXES)]
    if kind is None:
        refuse(path, field, did_you_mean(field if isinstance(field, str) else "", names))
    elif len(str(field)) > MOST_TEXT or str(field).count(".") > MOST_KEYS:
        refuse(path, field, f"at most {MOST_TEXT} characters and {MOST_KEYS} dots")
        return None
    return kind


_Bad = Callable[[object, str], None]


def _value(kind: Kind, op: Op, value: object, bad: _Bad) -> Scalar | tuple[Scalar, ...]:
    if op in PRESENCE:
        if value not in (_MISSING, None, True):
            bad(value, f"nothing: {op} takes no value")
        return None
    if op in LISTED:
        return _list(kind, value, bad)
    if value is _MISSING:
        bad(value, f"a value for {op}")
        return None
    if op == "matches":
        if fault := pattern_fault(value):
            bad(value, fault)
        return str(value)
    read = _scalar(kind, value, bad)
    if op in ON_TEXT and not (isinstance(read, str) and read):
        bad(value, f"a text for {op}")
    return read


def _list(kind: Kind, value: object, bad: _Bad) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
        shown = f"{len(value)} values" if isinstance(value, list) else value
        bad(shown, f"a list of 1 to {MOST_VALUES} values")
        return ()
    return tuple(_scalar(kind, each, bad) for each in value)


def _scalar(kind: Kind, value: object, bad: _Bad) -> Scalar:
    """Any JSON value that is no list and no object; what cannot be compared is merely never equal."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return _number(value, bad)
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        bad(value, f"a number, true, false, null or a text of at most {MOST_TEXT} characters")
        return None
    if kind == "segment" and value not in SEGMENTS:
        bad(value, did_you_mean(value, SEGMENTS))
    return fold_event(value) if kind == "event" else value


def _number(value: float, bad: _Bad) -> Scalar:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        bad(json.dumps(str(value)[:40]), "a number that 64 bits can hold")
        return None
    return number + 0.0  # so that -0.0 is 0, as in the statement

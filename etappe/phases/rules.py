"""From the YAML of one rule to a condition, with every problem named. The grammar is in docs/models.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from etappe.phases.fields import FIELDS, PROPERTIES, Field, Kind, find_field, fold_event
from etappe.phases.model import AllOf, AnyOf, Condition, Not, Op, Rule, Scalar, Test
from etappe.phases.patterns import pattern_fault
from etappe.phases.source import Source, child, did_you_mean

_EQUALITY = ("eq", "ne", "in", "not_in")
_ORDER = ("gt", "gte", "lt", "lte")
_TEXT = ("contains", "prefix", "starts_with", "ends_with", "matches")

MAX_PRIORITY = 100
_PRIORITY = "priority"

_OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "event": (*_EQUALITY, *_TEXT),
    "text": (*_EQUALITY, *_TEXT, "exists"),
    "number": (*_EQUALITY, *_ORDER, "exists"),
    "flag": ("eq", "ne"),
    "property": (*_EQUALITY, *_ORDER, *_TEXT, "exists"),
}

_WANTED: Mapping[Kind, str] = {
    "event": "an event name, in quotes if YAML reads it as something else",
    "text": "a text that is not empty, in quotes if YAML reads it as something else",
    "number": "a number",
    "flag": "true or false",
    "property": "a text, a number, true or false; {exists: false} for nothing or null",
}


def read_rule(source: Source, path: str, data: object) -> Rule | None:
    """A rule of a phase or goal; None where it has problems, which `source` then holds."""
    priority = 0
    if isinstance(data, Mapping) and _PRIORITY in data:
        priority = _priority(source, child(path, _PRIORITY), data[_PRIORITY])
        data = {key: value for key, value in data.items() if key != _PRIORITY}
    condition = _conditions(source, path, data)
    return None if condition is None else Rule(condition, priority)


def _priority(source: Source, path: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_PRIORITY:
        return value
    source.bad(path, value, f"a whole number from {-MAX_PRIORITY} to {MAX_PRIORITY}; 0 is the usual one")
    return 0


def _conditions(source: Source, path: str, data: object) -> Condition | None:
    """A mapping whose conditions must all hold."""
    if not isinstance(data, Mapping) or not data:
        source.bad(path, data, "conditions like `event: Order Completed`, at least one")
        return None
    parts = [_condition(source, child(path, key), key, value) for key, value in data.items()]
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else AllOf(known)


def _condition(source: Source, path: str, key: str, value: object) -> Condition | None:
    if key in ("any", "all"):
        return _group(source, path, value, AnyOf if key == "any" else AllOf)
    if key == "not":
        part = _conditions(source, path, value)
        return Not(part) if part is not None else None
    if key == _PRIORITY:
        source.bad(path, value, "beside the rule's own conditions, not within any, all or not")
        return None
    field = find_field(key)
    if field is None:
        source.bad(path, key, did_you_mean(key, [*FIELDS, f"{PROPERTIES}NAME", "any", "all", "not"]))
        return None
    return _tests(source, path, field, value)


def _group(
    source: Source, path: str, value: object, kind: Callable[[tuple[Condition, ...]], AnyOf | AllOf]
) -> Condition | None:
    if not isinstance(value, list) or not value:
        source.bad(path, value, "a list of rules, at least one")
        return None
    parts = [_conditions(source, child(path, i), item) for i, item in enumerate(value)]
    known = tuple(part for part in parts if part is not None)
    return kind(known) if len(known) == len(parts) else None


def _tests(source: Source, path: str, field: Field, value: object) -> Condition | None:
    if isinstance(value, Mapping):
        return _operators(source, path, field, value)
    globs: Op = "is" if field.kind in ("event", "text") else "in"
    values = _values(source, path, field, value)
    return Test(field, globs, values) if values else None


def _operators(source: Source, path: str, field: Field, data: Mapping[str, object]) -> Condition | None:
    if not data:
        source.bad(path, data, "an operator like {gt: 5}, at least one")
    parts = [_operator(source, child(path, name), field, name, value) for name, value in data.items()]
    known = tuple(part for part in parts if part is not None)
    if not known or len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else AllOf(known)


def _operator(source: Source, path: str, field: Field, name: str, value: object) -> Condition | None:
    operators = _OPERATORS[field.kind]
    if name not in operators:
        source.bad(path, name, f"{did_you_mean(name, operators)} for {field.name}")
        return None
    match name:
        case "exists":
            fault = "" if isinstance(value, bool) else "true or false"
            return _checked(source, path, Test(field, "exists", (value is True,)), value, fault)
        case "gt" | "gte" | "lt" | "lte":
            return _comparison(source, path, field, name, value)
        case "contains" | "prefix" | "starts_with" | "ends_with":
            return _part(source, path, field, "starts_with" if name == "prefix" else name, value)
        case "matches":
            return _checked(source, path, Test(field, "matches", (str(value),)), value, pattern_fault(value))
        case _:
            return _equality(source, path, field, name, value)


def _equality(source: Source, path: str, field: Field, name: str, value: object) -> Test | None:
    if isinstance(value, list) != (name in ("in", "not_in")):
        source.bad(path, value, "a list of values" if name in ("in", "not_in") else "one value, not a list")
        return None
    values = _values(source, path, field, value)
    op: Op = "in" if name in ("eq", "in") else "not_in"
    return Test(field, op, values) if values else None


def _comparison(source: Source, path: str, field: Field, op: Op, value: object) -> Test | None:
    scalar = _scalar(field, value)
    if scalar is None or isinstance(scalar, bool):
        source.bad(path, value, "a number" if field.kind == "number" else "a number or a text")
        return None
    return Test(field, op, (scalar,))


def _part(source: Source, path: str, field: Field, op: Op, value: object) -> Test | None:
    text = value if isinstance(value, str) else ""
    text = fold_event(text) if field.kind == "event" else text
    return _checked(source, path, Test(field, op, (text,)), value, "" if text else "a text")


def _checked(source: Source, path: str, test: Test, value: object, fault: str) -> Test | None:
    if not fault:
        return test
    source.bad(path, value, fault)
    return None


def _values(source: Source, path: str, field: Field, data: object) -> tuple[Scalar, ...]:
    """One value or a list of them; empty where one is wrong, since half a list would be another rule."""
    if isinstance(data, list) and not data:
        source.bad(path, data, "at least one value")
    listed = (
        [(child(path, i), item) for i, item in enumerate(data)] if isinstance(data, list) else [(path, data)]
    )
    scalars = [(at, item, _scalar(field, item)) for at, item in listed]
    for at, item, scalar in scalars:
        if scalar is None:
            source.bad(at, item, _wanted(field, item))
    good = tuple(scalar for _, _, scalar in scalars if scalar is not None)
    return good if len(good) == len(scalars) else ()


def _scalar(field: Field, value: object) -> Scalar | None:
    match field.kind:
        case "event":
            return (fold_event(value) or None) if isinstance(value, str) else None
        case "text":
            good = isinstance(value, str) and value != "" and (not field.choices or value in field.choices)
            return str(value) if good else None
        case "number":
            return _number(value)
        case "flag":
            return value if isinstance(value, bool) else None
        case "property":
            return value if isinstance(value, str | bool) else _number(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _wanted(field: Field, value: object) -> str:
    return did_you_mean(str(value), field.choices) if field.choices else _WANTED[field.kind]

"""Conditions as one SQL expression over the columns of part `touches`. Every value is bound.

A field may hold values of several JSON types. Each type it can hold has a guard (is the value of that type?) and
a reading (the value as that type); an operator compares only where guard and the type of the asked value agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from etappe.phases import Expression
from etappe.phases.fields import FIELDS
from etappe.phases.sql import FOLDED_EVENT, NUMBER_TYPES, Values
from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.common import Range
from query_api.filters.conditions import LISTED, ON_TEXT, PRESENCE, AnyOf, Condition, Filter, Scalar
from query_api.sql import fragment

Type = Literal["text", "number", "flag"]

_DAY_MS = 86_400_000
_ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# Numbers are read with `+ 0`: IN tells -0.0 from 0.
_ARRAYS: Mapping[Type, str] = {"text": "Array(String)", "number": "Array(Float64)", "flag": "Array(Bool)"}


def compiled(conditions: Sequence[Condition], prefix: str) -> Expression:
    """Whether a touchpoint meets all conditions: UInt8, never NULL, `1` where there are none.

    Refers to the columns of part `touches` unqualified, so the SELECT around it must give those names to nothing
    else; it is one line, and its parameters are called `prefix_1`, `prefix_2`, …
    Conditions on traits read part `touches` itself; whoever uses them binds `customer_values` besides.
    """
    values = Values(prefix)
    parts = [_condition(values, each) for each in conditions]
    return Expression(_joined(" AND ", parts) if parts else "1", values.bound)


def customer_values(build: Build, workspace: Workspace, asked: Range, within: bool) -> dict[str, Any]:
    """What conditions on the customer bind: the identities, the build, and what segments are made of.

    `within`: a customer's segment is that of the first journey with a part in the range, not of the first that
    began in it.
    """
    return {
        **build.identities.touchpoints(workspace.name),
        "build": build.number,
        "conversion": build.phases.index(build.model.conversion) + 1,
        "lapsed": int(workspace.lapsed_days * _DAY_MS),
        "within": within,
        **asked.bounds,
    }


@dataclass(frozen=True, slots=True)
class _Reading:
    """`guard`: whether there is a value of a type; `value`: the value, where there is one."""

    guard: str
    value: str
    raw: str = ""
    """What patterns look at, where it is another."""


@dataclass(frozen=True, slots=True)
class _Operand:
    """What a field is in SQL; `exists`: whether there is a value of any type."""

    exists: str
    readings: Mapping[Type, _Reading]


def _condition(values: Values, condition: Condition) -> str:
    if isinstance(condition, AnyOf):
        parts = [_joined(" AND ", [_filter(values, each) for each in part]) for part in condition.parts]
        return _joined(" OR ", parts)
    return _filter(values, condition)


def _joined(word: str, parts: Sequence[str]) -> str:
    return f"({word.join(parts)})" if len(parts) > 1 else parts[0]


def _filter(values: Values, asked: Filter) -> str:
    match asked.kind:
        case "trait":
            return _of_customers(values, asked, _trait)
        case "segment":
            return _of_customers(values, asked, _segment)
        case _:
            return _test(values, asked, _operand(values, asked))


def _of_customers(values: Values, asked: Filter, select: Callable[[Values, Filter], str]) -> str:
    """Customers that lack a value are those that are not among the ones that have it."""
    lacks_may_do = asked.op == "in" and None in asked.values
    having = "" if asked.op == "not_exists" else f"customer IN ({select(values, asked)})"
    if having and not lacks_may_do:
        return f"({having})"
    lacking = f"customer NOT IN ({select(values, replace(asked, op='exists'))})"
    return f"({having} OR {lacking})" if having else f"({lacking})"


def _trait(values: Values, asked: Filter) -> str:
    found = f"JSONExtractRaw(traits, {_keys(values, asked.keys)})"
    test = _test(values, asked, _json("found"))
    return fragment("customers_by_trait").replace("/*found*/", found).replace("/*test*/", test)


def _segment(values: Values, asked: Filter) -> str:
    test = _test(values, asked, _Operand("1", {"text": _Reading("1", "segment")}))
    return fragment("customers_by_segment").replace("/*test*/", test)


def _operand(values: Values, asked: Filter) -> _Operand:
    match asked.kind:
        case "event":
            return _Operand("1", {"text": _Reading("1", FOLDED_EVENT, "event")})
        case "number":
            present = f"isNotNull({asked.field})"
            return _Operand(present, {"number": _Reading(present, f"(assumeNotNull({asked.field}) + 0)")})
        case "flag":
            return _Operand("1", {"flag": _Reading("1", asked.field)})
        case "property":
            return _json(f"properties, {_keys(values, asked.keys)}")
        case "experiment":
            return _text(f"experiments[{values.bind(asked.keys[0], 'String')}]")
        case _:
            return _text(FIELDS[asked.field].column)


def _text(column: str) -> _Operand:
    """An empty text is a missing one."""
    present = f"{column} != ''"
    return _Operand(present, {"text": _Reading(present, column)})


def _keys(values: Values, keys: Sequence[str]) -> str:
    return ", ".join(values.bind(key, "String") for key in keys)


def _json(where: str) -> _Operand:
    """`where`: a document and the keys to a value in it. Null is no value."""
    return _Operand(
        f"JSONType({where}) != 'Null'",
        {
            "text": _Reading(f"JSONType({where}) = 'String'", f"JSONExtractString({where})"),
            "number": _Reading(f"JSONType({where}) IN {NUMBER_TYPES}", f"(JSONExtractFloat({where}) + 0)"),
            "flag": _Reading(f"JSONType({where}) = 'Bool'", f"JSONExtractBool({where})"),
        },
    )


def _test(values: Values, asked: Filter, operand: _Operand) -> str:
    if asked.op in PRESENCE:
        return f"({operand.exists})" if asked.op == "exists" else f"(NOT ({operand.exists}))"
    if asked.op in ("eq", "ne") and asked.value is None:
        return f"({operand.exists})" if asked.op == "ne" else f"(NOT ({operand.exists}))"
    compare = _membership if asked.op in ("eq", "ne", *LISTED) else _comparison
    parts = compare(values, asked, operand)
    return _joined(" OR ", parts) if parts else "0"


def _membership(values: Values, asked: Filter, operand: _Operand) -> list[str]:
    """Per type that was asked for: the value is of that type, and is or is not among those asked for."""
    word = "IN" if asked.op in ("eq", "in") else "NOT IN"
    parts = []
    for name, reading in operand.readings.items():
        if members := [each for each in asked.values if _type_of(each) == name]:
            parts.append(
                f"({reading.guard} AND {reading.value} {word} {values.bind(members, _ARRAYS[name])})"
            )
    if None in asked.values and asked.op == "in":
        parts.append(f"(NOT ({operand.exists}))")
    return parts


def _comparison(values: Values, asked: Filter, operand: _Operand) -> list[str]:
    """Texts by the order of their characters; true and false have no order."""
    kind = _type_of(asked.value if not isinstance(asked.value, tuple) else None)
    reading = operand.readings.get(kind) if kind in ("text", "number") else None
    if reading is None:
        return []
    value = values.bind(asked.value, "String" if kind == "text" else "Float64")
    if asked.op not in ON_TEXT:
        return [f"({reading.guard} AND {reading.value} {_ORDERED[asked.op]} {value})"]
    return [f"({reading.guard} AND {_on_text(asked, reading, value)})"]


def _on_text(asked: Filter, reading: _Reading, value: str) -> str:
    match asked.op:
        case "contains":
            return f"position({reading.value}, {value}) > 0"
        case "not_contains":
            return f"position({reading.value}, {value}) = 0"
        case "starts_with":
            return f"startsWith({reading.value}, {value})"
        case "ends_with":
            return f"endsWith({reading.value}, {value})"
        case _:
            return f"match({reading.raw or reading.value}, {value})"


def _type_of(value: Scalar) -> Type | None:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    return None if value is None else "number"

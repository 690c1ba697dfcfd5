"""What each touchpoint is marked with: the steps it may fill, the value it must keep, the value of its group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etappe.phases import Expression
from etappe.phases.fields import FIELDS
from etappe.phases.sql import FOLDED_EVENT, Values
from query_api.filters import Filter, compiled
from query_api.filters.conditions import SEGMENTS
from query_api.sql import fragment
from query_api.steps.question import ANY_EVENT, COLUMNS, By, StepsQuestion, Test


@dataclass(frozen=True, slots=True)
class Marks:
    """Expressions over the columns of part `touches`; `persons` are statements that give a value of customers.

    `overlaps`: whether a touchpoint may fit several steps.
    """

    mask: str
    held: str
    valued: str
    persons: tuple[str, ...]
    parameters: dict[str, object]
    overlaps: bool

    def put_into(self, text: str) -> str:
        """The text with the expressions in their places."""
        for name in ("mask", "held", "valued"):
            text = text.replace(f"/*{name}*/", getattr(self, name))
        return text


def mark(question: StepsQuestion) -> Marks:
    """All of it, with what it binds."""
    mask = mask_expression(question)
    values = Values("valued")
    persons: list[str] = []
    parts = [_group_value(values, each, persons) for each in question.by]
    held = _held(values, question.hold)
    said = _joined(parts)
    return Marks(
        mask.sql,
        held,
        said,
        tuple(persons),
        {**mask.parameters, **values.bound},
        _may_overlap(question),
    )


def mask_expression(question: StepsQuestion) -> Expression:
    """The bits of the steps that a touchpoint may fill, and after them of the exclusions that it meets; UInt64."""
    names: dict[str, int] = {}
    rest: list[tuple[int, Test]] = []
    for bit, test in question.tests:
        if test.where or test.event == ANY_EVENT:
            rest.append((bit, test))
        else:
            names[test.event] = names.get(test.event, 0) | 1 << bit
    values = Values("marked")
    parts = []
    if names:
        # Names are looked up once per entry of the column's dictionary.
        events = values.bind(list(names), "Array(String)")
        bits = values.bind(list(names.values()), "Array(UInt64)")
        parts.append(f"transform({FOLDED_EVENT}, {events}, {bits}, 0::UInt64)")
    bound = dict(values.bound)
    for n, (bit, test) in enumerate(rest):
        own: tuple[Filter, ...] = () if test.event == ANY_EVENT else (Filter("event", "eq", test.event),)
        met = compiled((*own, *test.where), f"marked{n}")
        parts.append(f"if({met.sql}, {1 << bit}::UInt64, 0::UInt64)")
        bound |= met.parameters
    sql = parts[0]
    for part in parts[1:]:
        sql = f"bitOr({sql}, {part})"
    return Expression(sql, bound)


def _may_overlap(question: StepsQuestion) -> bool:
    """False where every step is of events of its own."""
    events = [(n, test.event) for n, step in enumerate(question.steps) for test in step.tests]
    owners: dict[str, set[int]] = {}
    for n, event in events:
        owners.setdefault(event, set()).add(n)
    return ANY_EVENT in owners or any(len(steps) > 1 for steps in owners.values())


def _joined(parts: Sequence[str]) -> str:
    if not parts:
        return "''"
    if len(parts) == 1:
        return parts[0]
    listed = ", ".join(f"toString({part})" for part in parts)
    return f"if(arrayAll(part -> part = '', [{listed}]), '', arrayStringConcat([{listed}], '|'))"


def _group_value(values: Values, by: By, persons: list[str]) -> str:
    match by.kind:
        case "property":
            return _json(values, "properties", by.name)
        case "experiment":
            return f"experiments[{values.bind(by.name, 'String')}]"
        case "trait":
            found = f"arrayFold((inner, key) -> JSONExtractRaw(inner, key), {_path(values, by.name)}, traits)"
            return _of_person("step_person_trait", persons, found)
        case "first_channel":
            return _of_person("step_person_channel", persons)
        case "segment":
            return _segment(values)
        case _:
            return COLUMNS[by.kind]


def _of_person(name: str, persons: list[str], found: str = "") -> str:
    place = len(persons) + 1
    persons.append(fragment(name).replace("/*place*/", f"{place}::UInt8").replace("/*found*/", found))
    return f"persons_said[{place}]"


def _segment(values: Values) -> str:
    branches = []
    for n, segment in enumerate(SEGMENTS):
        met = compiled((Filter("segment", "eq", segment),), f"{values.prefix}_segment{n}")
        values.bound |= met.parameters
        branches.append(f"{met.sql}, '{segment}'")
    return f"multiIf({', '.join(branches)}, '')"


def _held(values: Values, field: str | None) -> str:
    if field is None:
        return "''"
    prefix, _, name = field.partition(".")
    return _json(values, "properties", name) if prefix == "properties" else FIELDS[field].column


def _json(values: Values, document: str, name: str) -> str:
    """The value at a path: text bare, anything else as JSON; empty where there is none."""
    raw = f"arrayFold((inner, key) -> JSONExtractRaw(inner, key), {_path(values, name)}, {document})"
    return f"multiIf({raw} = 'null', '', startsWith({raw}, '\"'), JSONExtractString({raw}), {raw})"


def _path(values: Values, name: str) -> str:
    return values.bind(name.split("."), "Array(String)")

"""What the rules of a phase model mean, in plain Python: the definition that the SQL is held to.

A touchpoint is a dictionary of the columns of table touchpoints; `properties` is a JSON object as text.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from typing import Any

from etappe.phases.fields import Field
from etappe.phases.model import AllOf, AnyOf, Condition, Goal, Not, PhaseModel, Test

Touchpoint = Mapping[str, Any]

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def position(model: PhaseModel, touchpoint: Touchpoint) -> int:
    """Of the phases with a rule that holds with the highest priority the first, counted from 1; 0: no rule holds."""
    holding = [
        (-rule.priority, number)
        for number, phase in enumerate(model.phases, 1)
        for rule in phase.rules
        if holds(rule.condition, touchpoint)
    ]
    return min(holding)[1] if holding else 0


def meets(model: PhaseModel, goal: Goal, touchpoint: Touchpoint) -> bool:
    """A goal is one phase, or rules of its own whose priorities mean nothing."""
    if goal.phase:
        return position(model, touchpoint) == [phase.name for phase in model.phases].index(goal.phase) + 1
    return any(holds(rule.condition, touchpoint) for rule in goal.rules)


def holds(condition: Condition, touchpoint: Touchpoint) -> bool:
    match condition:
        case AllOf(parts):
            return all(holds(part, touchpoint) for part in parts)
        case AnyOf(parts):
            return any(holds(part, touchpoint) for part in parts)
        case Not(part):
            return not holds(part, touchpoint)
        case Test():
            return passes(condition, touchpoint)


def passes(test: Test, touchpoint: Touchpoint) -> bool:
    """Whatever is missing fails every test except `exists: false`; unlike types never compare."""
    value = value_of(test.field, touchpoint)
    if test.op == "exists":
        return (value is not None) == test.values[0]
    alike = [wanted for wanted in test.values if kind_of(wanted) == kind_of(value)]
    if value is None or not alike:
        return False
    match test.op:
        case "is":
            return any(matches_glob(value, str(wanted)) for wanted in alike)
        case "in":
            return value in alike
        case "not_in":
            return value not in alike
        case "contains":
            return alike[0] in value
        case "starts_with":
            return str(value).startswith(str(alike[0]))
        case "ends_with":
            return str(value).endswith(str(alike[0]))
        case "matches":
            raw = touchpoint["event"] if test.field.kind == "event" else value
            return re.search(str(alike[0]), raw, re.DOTALL | re.ASCII) is not None
        case order:
            return bool(COMPARE[order](value, alike[0]))


def value_of(field: Field, touchpoint: Touchpoint) -> Any:
    """A text, a number or a flag; None where there is nothing, null, or an empty text column."""
    if field.kind == "property":
        return property_of(touchpoint["properties"], field.path)
    value = touchpoint[field.column]
    if field.kind == "event":
        return fold(value) or None
    return None if value == "" else value


def property_of(text: str, path: tuple[str, ...]) -> Any:
    found = json.loads(text or "{}")
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def kind_of(value: Any) -> str:
    """The JSON type: all numbers are of one type, and true is not a number."""
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else type(value).__name__


def matches_glob(text: str, glob: str) -> bool:
    """`*` is any characters, none included."""
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), text, re.DOTALL) is not None


def fold(event: str) -> str:
    """Event names compare in lower case, with runs of spaces, `_` and `-` as one space, trimmed."""
    return re.sub(r"[ \t\r\n_-]+", " ", event).strip(" ").lower()

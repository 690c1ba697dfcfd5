"""Filters in plain Python: which touchpoints meet a condition, by definition.

A touchpoint is a mapping of the fields' names to their values, with `properties`, `experiments` and `traits` as
objects. A field without a value holds None, or an empty text where it holds texts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Touchpoint = Mapping[str, Any]
Condition = Mapping[str, Any]

ORDERED = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "not_contains": lambda text, part: part not in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
}


def meets(touch: Touchpoint, traits: Mapping[str, Any], conditions: Sequence[Condition]) -> bool:
    """Whether a touchpoint meets all conditions; `traits` are the latest of its customer, by name."""
    return all(_meets(touch, traits, each) for each in conditions)


def _meets(touch: Touchpoint, traits: Mapping[str, Any], condition: Condition) -> bool:
    if "any_of" in condition:
        return any(meets(touch, traits, part) for part in condition["any_of"])
    field, op, asked = condition["field"], condition["op"], condition.get("value")
    if field == "event" and op != "matches":
        asked = [folded(each) for each in asked] if isinstance(asked, list) else folded(asked)
    return holds(value_of(touch, traits, field, op), op, asked)


def value_of(touch: Touchpoint, traits: Mapping[str, Any], field: str, op: str) -> Any:
    """What the field holds; None: nothing."""
    kind, _, name = field.partition(".")
    if kind == "properties":
        return descend(touch["properties"], name.split("."))
    if kind == "trait":
        return traits.get(name)
    if kind == "experiment":
        return touch["experiments"].get(name) or None
    if field == "event" and op != "matches":
        return folded(touch["event"])
    return None if touch.get(field) == "" else touch.get(field)


def holds(value: Any, op: str, asked: Any) -> bool:
    """Values compare with those of their type alone; nothing is equal to null and to nothing else."""
    if op in ("exists", "not_exists"):
        return (value is None) == (op == "not_exists")
    if op in ("eq", "ne") and asked is None:
        return (value is None) == (op == "eq")
    if op in ("eq", "in", "ne", "not_in"):
        listed = asked if isinstance(asked, list) else [asked]
        if value is None:
            return op == "in" and None in listed
        alike = [each for each in listed if type_of(each) == type_of(value) is not None]
        return bool(alike) and (value in alike) == (op in ("eq", "in"))
    if type_of(value) is None or type_of(value) != type_of(asked):
        return False
    if op in ORDERED:
        return type_of(value) != "flag" and bool(ORDERED[op](value, asked))
    return isinstance(value, str) and TEXTS[op](value, asked)


def type_of(value: Any) -> str | None:
    """text, number or flag; None for null, lists and objects, which compare with nothing."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def folded(value: Any) -> Any:
    """An event's name as it is compared: lower case, runs of spaces, `_` and `-` as one space, trimmed."""
    return re.sub(r"[ \t\r\n_-]+", " ", value).strip(" ").lower() if isinstance(value, str) else value


def descend(document: Any, keys: Sequence[str]) -> Any:
    """The value that the keys lead to, outermost first."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def latest_traits(touches: Sequence[Touchpoint], names: Sequence[str]) -> dict[str, Any]:
    """Of one customer's touchpoints in order (time, seq, id), the last value of each trait; null is none."""
    found = {name: [descend(touch["traits"], name.split(".")) for touch in touches] for name in names}
    return {
        name: ([None] + [each for each in values if each is not None])[-1] for name, values in found.items()
    }

"""A phase model: an ordered list of phases and the rules that put touchpoints into them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from etappe.phases.fields import Field

Scalar = str | float | bool

Op = Literal[
    "is",
    "in",
    "not_in",
    "gt",
    "gte",
    "lt",
    "lte",
    "exists",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
]


@dataclass(frozen=True, slots=True)
class Test:
    """One field against values. `is` takes `*` in a text as any characters; `in` and the others do not."""

    __test__ = False  # pytest: not a test case

    field: Field
    op: Op
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Test | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Rule:
    """Where it holds, and what it wins against: rules of a lower priority, in whatever phase they stand."""

    condition: Condition
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase; its position in a model is its index + 1. It matches where any of its rules does."""

    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """Something to reach beside the conversion: touchpoints where any rule holds, or all of one `phase`."""

    name: str
    phase: str = ""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseModel:
    """Phases in order; of those that match, a touchpoint is in the first with the highest priority.

    `conversion`: the goal phase.
    """

    name: str
    title: str
    phases: tuple[Phase, ...]
    conversion: str
    text: str
    """The YAML as given."""
    goals: tuple[Goal, ...] = ()

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 of what the model says; its title and comments do not count."""
        phases = [[phase.name, [_ruled(rule) for rule in phase.rules]] for phase in self.phases]
        said: list[object] = [self.name, self.conversion, phases]
        if self.goals:
            said.append(
                [[goal.name, goal.phase, [_ruled(rule) for rule in goal.rules]] for goal in self.goals]
            )
        definition = json.dumps(said, separators=(",", ":"))
        return sha256(definition.encode()).hexdigest()[:12]


def _ruled(rule: Rule) -> list[object]:
    said = _canonical(rule.condition)
    return ["priority", rule.priority, said] if rule.priority else said


def _canonical(condition: Condition) -> list[object]:
    match condition:
        case Test(field, op, values):
            return [field.name, op, *sorted(values, key=lambda value: (type(value).__name__, value))]
        case AllOf(parts):
            return ["all", *(_canonical(part) for part in parts)]
        case AnyOf(parts):
            return ["any", *(_canonical(part) for part in parts)]
        case Not(part):
            return ["not", _canonical(part)]


def count_tests(condition: Condition) -> int:
    """How many tests of single fields a condition holds."""
    match condition:
        case Test():
            return 1
        case Not(part):
            return count_tests(part)
        case AllOf(parts) | AnyOf(parts):
            return sum(count_tests(part) for part in parts)

"""What somebody asks of the step funnel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from query_api.common import Range
from query_api.filters import Condition

Order = Literal["ordered", "strict", "any"]
Unit = Literal["customer", "journey", "account"]

ANY_EVENT = "*"
MOST_STEPS = 30
MOST_EXCLUSIONS = 30
MOST_TESTS = 20
"""Alternatives of one step."""
MOST_VALUES = 5
"""Values of `by`."""

COLUMNS = {
    "channel": "channel",
    "campaign": "campaign_name",
    "source": "campaign_source",
    "contact": "contact",
    "device": "device_type",
    "country": "country",
    "account": "account",
}
"""Values of `by` that each touchpoint has, with their columns."""
OF_PERSONS = ("first_channel", "segment", "trait")
"""Values of `by` that a customer has."""
NAMED = ("experiment", "property", "trait")
"""Values of `by` that take a name."""


@dataclass(frozen=True, slots=True)
class Test:
    """What a touchpoint must be: its event, folded as event names are compared (`*`: any), and filters."""

    event: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a touchpoint that passes any of the tests may fill it."""

    name: str
    tests: tuple[Test, ...]
    optional: bool = False
    first_time: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What voids an attempt between the steps `after` and `before`, which are counted from 1."""

    test: Test
    event: str
    """As it was written."""
    after: int
    before: int


@dataclass(frozen=True, slots=True)
class By:
    """One value that groups are made of; `name` is empty but for those of NAMED."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class StepsQuestion:
    """`window` in ms, None: no limit. `hold` names a field. `place`: the step whose touchpoint gives the value of the
    group, counted from 1, -1 for the last that was done; `apart`: every value is a funnel of its own."""

    steps: tuple[Step, ...]
    order: Order
    unit: Unit
    window: int | None
    range: Range
    by: tuple[By, ...]
    touch: str
    exclude: tuple[Exclusion, ...]
    hold: str | None
    histogram: bool = False

    @property
    def apart(self) -> bool:
        return bool(self.by) and self.touch == "all"

    @property
    def place(self) -> int:
        if self.touch.startswith("step:"):
            return int(self.touch.partition(":")[2])
        return -1 if self.touch == "last" else 1

    @property
    def first_times(self) -> list[int]:
        """The steps that only a customer's first touchpoint may fill, counted from 0."""
        return [n for n, step in enumerate(self.steps) if step.first_time]

    @property
    def has_options(self) -> bool:
        return any(step.optional for step in self.steps)

    @property
    def tests(self) -> list[tuple[int, Test]]:
        """Every test with its bit: steps count from 0, exclusions go on after them."""
        excluded = [(len(self.steps) + n, each.test) for n, each in enumerate(self.exclude)]
        return [(n, test) for n, step in enumerate(self.steps) for test in step.tests] + excluded

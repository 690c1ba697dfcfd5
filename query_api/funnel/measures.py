"""What running a plan gives: numbers per group, period and phase, and how many units have no phase at all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from etappe.warehouse import Session
from etappe.warehouse.session import Row
from query_api.funnel.plan import Plan
from query_api.funnel.question import MOST_PERCENTILES


@dataclass(frozen=True, slots=True)
class Measure:
    """One group, period and phase. `average` and `median` in ms, None where nobody moved on to this phase.

    Of those that `touched` it, `with_first` touched the first phase too, and `with_before` the one before; all 0
    where the order asked for is another. `entered`: those whose first phase it is; `levels`: percentiles in ms, in
    the order asked for; 0 and None where they are not asked for.
    """

    reached: int
    dropped: int
    average: float | None
    median: float | None
    touched: int = 0
    with_first: int = 0
    with_before: int = 0
    entered: int = 0
    levels: tuple[float | None, ...] = (None,) * MOST_PERCENTILES


NOTHING = Measure(0, 0, None, None)

GroupKey = tuple[str, str]
"""Value of `by` and start of the period; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Measures:
    """By group, the measures of phase 1, 2, …; `unmapped` counts units in the range without any phase."""

    groups: dict[GroupKey, list[Measure]]
    unmapped: int


def measure_funnel(session: Session, plan: Plan) -> Measures:
    """Run the plan."""
    return _gathered(session.rows(plan.sql, plan.values))


def _gathered(rows: Iterable[Row]) -> Measures:
    """Groups of nothing but units without any phase are no groups."""
    groups: dict[GroupKey, list[Measure]] = {}
    all_unmapped = 0
    for value, period, units, unmapped, *phases in rows:
        all_unmapped += unmapped
        if units > unmapped:
            groups[value, period] = [_measure(*phase) for phase in phases]
    return Measures(groups, all_unmapped)


def _measure(reached: int, dropped: int, average: float, median: float, *rest: Any) -> Measure:
    touches, entries, levels = rest[:3], rest[3:4], rest[4:]
    numbers = [tuple(_number(each) for each in level) for level in levels]
    return Measure(reached, dropped, _number(average), _number(median), *touches, *entries, *numbers)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value

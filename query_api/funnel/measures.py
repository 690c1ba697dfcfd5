"""What running a plan gives: numbers per group, period and phase, and how many units have no phase at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etappe.warehouse import Session
from etappe.warehouse.session import Row
from query_api.funnel.plan import Plan


@dataclass(frozen=True, slots=True)
class Measure:
    """One group, period and phase. `average` and `median` in ms, None where nobody moved on to this phase."""

    reached: int
    touched: int
    dropped: int
    average: float | None
    median: float | None


NOTHING = Measure(0, 0, 0, None, None)

GroupKey = tuple[str, str]
"""Value of `by` and start of the period; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Measures:
    """By group, the measures of phase 1, 2, …; `unmapped` counts units in the range without any phase."""

    groups: dict[GroupKey, list[Measure]]
    unmapped: int


def measure_funnel(session: Session, plan: Plan, phases: int) -> Measures:
    """Run the plan."""
    rows = session.rows(plan.sql, plan.values)
    return _of_scalars(rows) if plan.scalar else _of_units(rows, phases)


def _of_scalars(rows: Sequence[Row]) -> Measures:
    ((unmapped, *phases),) = rows
    dropped = [phase[0] for phase in phases]
    measures = [
        Measure(sum(dropped[k:]), touched, dropped[k], _number(average), _number(median))
        for k, (_, touched, average, median) in enumerate(phases)
    ]
    return Measures({("", ""): measures}, unmapped)


def _of_units(rows: Iterable[Row], phases: int) -> Measures:
    groups: dict[GroupKey, list[Measure]] = {}
    unmapped = 0
    for value, period, position, reached, touched, dropped, average, median in rows:
        if position == 0:
            unmapped += dropped
            continue
        measures = groups.setdefault((value, period), [NOTHING] * phases)
        measures[position - 1] = Measure(reached, touched, dropped, _number(average), _number(median))
    return Measures(groups, unmapped)


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value

"""What running a plan gives: per group and step how many did it, and how long that took them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from time import monotonic

from etappe.errors import QueryLimit
from etappe.warehouse import Session
from etappe.warehouse.session import Row
from query_api.steps.attempts import Filled, Rules, Touch, count_history
from query_api.steps.plan import Plan

_AT_ONCE = 200_000
"""Touchpoints that are taken out of the engine in one piece."""
_SECONDS = 30
"""What attempts outside the engine may take."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One group and step. `average` and `median` in ms, None where nobody came from a step before; `times` in ms, where
    they were asked for."""

    count: int = 0
    average: float | None = None
    median: float | None = None
    times: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """By group, the measures of step 1, 2, …; `void`: who is in no group, for every attempt is void."""

    groups: dict[str, list[Measure]]
    void: int


@dataclass(slots=True)
class _Group:
    """How many did each step, and the ms that each took since the step before."""

    counts: list[int]
    took: list[array[int]]


@dataclass(slots=True)
class _Tally:
    steps: int
    groups: dict[str, _Group] = field(default_factory=dict)
    void: int = 0

    def group(self, value: str) -> _Group:
        if value not in self.groups:
            self.groups[value] = _Group([0] * self.steps, [array("q") for _ in range(self.steps)])
        return self.groups[value]

    def add(self, filled: Filled) -> None:
        """Somebody who counts."""
        if not filled.touches:
            self.void += 1
            return
        group, former = self.group(filled.value), None
        for step, touch in filled.touches.items():
            group.counts[step - 1] += 1
            if former is not None:
                group.took[step - 1].append(touch.at - former)
            former = touch.at

    def add_rows(self, rows: Sequence[Row]) -> None:
        """What step_times.sql gives."""
        for value, _, void, took in rows:
            self.void += void
            for step, times in enumerate(took):
                group = self.group(value)
                group.counts[step] += len(times)
                if step:
                    group.took[step].extend(times)

    def measures(self) -> Measures:
        return Measures(
            {
                value: [
                    Measure(count, fmean(took) if took else None, median(took) if took else None, took)
                    for count, took in zip(group.counts, group.took, strict=True)
                ]
                for value, group in self.groups.items()
            },
            self.void,
        )


def measure_steps(session: Session, plan: Plan) -> Measures:
    """Run the plan: in the engine as far as it can be said there, which is nearly always all of it."""
    tally = _Tally(len(plan.question.steps))
    if not plan.question.has_options:
        if (found := _in_engine(session, plan)) is not None:
            return found
        tally.add_rows(session.rows(plan.of_attempts("step_times"), plan.values))
    for _, filled in hard_ones(session, plan):
        tally.add(filled)
    return tally.measures()


def _in_engine(session: Session, plan: Plan) -> Measures | None:
    """None where there is anybody that statements cannot decide."""
    timed = plan.question.histogram
    statements = [plan.of_attempts("step_times" if timed else "step_funnel")]
    if plan.plain:
        statements.insert(0, plan.of_plain("step_times" if timed else "step_funnel_plain"))
    for statement in statements:
        rows = session.rows(statement, plan.values)
        if not any(hard for _, hard, *_ in rows):
            return _timed(rows, plan) if timed else _gathered(rows, len(plan.question.steps))
    return None


def _timed(rows: Sequence[Row], plan: Plan) -> Measures:
    tally = _Tally(len(plan.question.steps))
    tally.add_rows(rows)
    return tally.measures()


def _gathered(rows: Sequence[Row], steps: int) -> Measures:
    """What step_funnel.sql gives; groups of nobody are no groups."""
    groups = {}
    for value, _, _, counts, averages, medians in rows:
        if any(counts):
            found = [
                Measure(count, _number(average, n), _number(middle, n))
                for n, (count, average, middle) in enumerate(zip(counts, averages, medians, strict=True))
            ]
            groups[value] = found + [Measure()] * (steps - len(found))
    return Measures(groups, sum(void for _, _, void, *_ in rows))


def _number(value: float, step: int) -> float | None:
    return None if step == 0 or math.isnan(value) else value


Whose = tuple[str, int, int]
"""Account, customer, journey: empty and 0 where it is not about them."""


def hard_ones(session: Session, plan: Plan) -> Iterator[tuple[Whose, Filled]]:
    """Those that statements cannot decide, decided here; taken out of the engine in pieces of bounded size."""
    rules = Rules.of(plan.question)
    values = {**plan.values, "in_turn": True, "all": plan.question.has_options}
    ((touchpoints,),) = session.rows(plan.of_histories("step_hard_size"), values)
    pieces = max(1, math.ceil(touchpoints / _AT_ONCE))
    statement, deadline = plan.of_histories("step_hard"), monotonic() + _SECONDS
    for piece in range(pieces if touchpoints else 0):
        rows = session.rows(statement, {**values, "pieces": pieces, "piece": piece})
        for account, whose, journey, marks in rows:
            if monotonic() > deadline:
                raise QueryLimit(f"Attempts took more than {_SECONDS} s: ask for a shorter range or window.")
            for filled in count_history([Touch(*each) for each in marks], rules):
                yield (account, whose, journey), filled

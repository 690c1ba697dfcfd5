"""From measures to the rows of the answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from query_api.answer import Kind, Row
from query_api.steps.measures import Measure, Measures
from query_api.steps.question import Step, StepsQuestion

MOST_BINS = 60

_COLUMNS: dict[str, Kind] = {
    "group": "text",
    "step": "text",
    "position": "whole",
    "count": "whole",
    "rate": "number",
    "step_rate": "number",
    "average_seconds": "number",
    "median_seconds": "number",
}


def steps_columns(question: StepsQuestion) -> dict[str, Kind]:
    """The answer's columns; `bins` only where a histogram was asked for."""
    return {**_COLUMNS, "bins": "nested"} if question.histogram else _COLUMNS


def shape_steps(question: StepsQuestion, measures: Measures) -> list[Row]:
    """One row per group and step: the group without a value first, then by value."""
    groups = dict(measures.groups)
    if not question.by:
        groups.setdefault("", [Measure()] * len(question.steps))
    return [row for value, found in sorted(groups.items()) for row in _rows(question, value, found)]


def _rows(question: StepsQuestion, value: str, measures: Sequence[Measure]) -> Iterator[Row]:
    first = measures[0].count
    for n, (step, measure) in enumerate(zip(question.steps, measures, strict=True)):
        row: Row = {
            "group": value or None,
            "step": step.name,
            "position": n + 1,
            "count": measure.count,
            "rate": _ratio(measure.count, first),
            "step_rate": _ratio(measure.count, measures[_before(question.steps, n)].count),
            "average_seconds": _seconds(measure.average),
            "median_seconds": _seconds(measure.median),
        }
        yield {**row, "bins": bins_of(measure.times)} if question.histogram else row


def _before(steps: Sequence[Step], n: int) -> int:
    """The step that a step's rate is relative to: the last one before it that must be done."""
    return max((k for k in range(n) if not steps[k].optional), default=0)


def bins_of(times: Sequence[int]) -> list[dict[str, Any]]:
    """How many took how long, `from_seconds` included, `to_seconds` excluded; empty where nobody did.

    Bins are equally wide, in whole seconds, and as many as the cube root of the number of times, at most MOST_BINS.
    """
    if not times:
        return []
    begin, last = min(times) // 1000, max(times) // 1000
    wanted = min(MOST_BINS, math.ceil(round(len(times) ** (1 / 3), 9)))
    width = max(1, math.ceil((last + 1 - begin) / wanted))
    counts = [0] * math.ceil((last + 1 - begin) / width)
    for time in times:
        counts[(time // 1000 - begin) // width] += 1
    return [
        {"from_seconds": begin + n * width, "to_seconds": begin + (n + 1) * width, "count": count}
        for n, count in enumerate(counts)
    ]


def _ratio(part: int, whole: int) -> float:
    """0 where there is nothing to divide by."""
    return part / whole if whole else 0.0


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000

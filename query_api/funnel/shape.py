"""From measures to the rows of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from query_api.answer import Kind, Row
from query_api.funnel.measures import NOTHING, Measure, Measures
from query_api.funnel.question import FunnelQuestion

_COLUMNS: dict[str, Kind] = {
    "group": "text",
    "phase": "text",
    "position": "whole",
    "count": "whole",
    "rate": "number",
    "step_rate": "number",
    "dropped": "whole",
    "median_seconds": "number",
    "average_seconds": "number",
}


def funnel_columns(question: FunnelQuestion) -> dict[str, Kind]:
    """The answer's columns; `period` only where an interval was asked for, `entered` and percentiles likewise."""
    period: dict[str, Kind] = {} if question.interval is None else {"period": "text"}
    more: dict[str, Kind] = {f"p{level}_seconds": "number" for level in question.percentiles}
    if question.entries:
        more["entered"] = "whole"
    return {"group": "text", **period, **_COLUMNS, **more}


def shape_funnel(question: FunnelQuestion, phases: Sequence[str], measures: Measures) -> list[Row]:
    """One row per group, period and phase: groups without a value first, then by value and period."""
    groups = dict(measures.groups)
    if question.by is None and question.interval is None:
        groups.setdefault(("", ""), [NOTHING] * len(phases))
    columns = funnel_columns(question)
    return [
        {name: row[name] for name in columns}
        for (value, period), found in sorted(groups.items())
        for row in _rows(question, phases, value, period, found)
    ]


def _rows(
    question: FunnelQuestion, phases: Sequence[str], value: str, period: str, measures: Sequence[Measure]
) -> Iterator[Row]:
    counts = [_Counts.of(question, each) for each in measures]
    for k, (phase, count, measure) in enumerate(zip(phases, counts, measures, strict=True)):
        yield {
            "group": value or None,
            "period": period,
            "phase": phase,
            "position": k + 1,
            "count": count.here,
            "rate": _ratio(count.with_first, counts[0].here),
            "step_rate": _ratio(count.with_before, counts[max(k - 1, 0)].here),
            "dropped": measure.dropped,
            "median_seconds": _seconds(measure.median),
            "average_seconds": _seconds(measure.average),
            "entered": measure.entered,
            **_percentiles(question, measure),
        }


def _percentiles(question: FunnelQuestion, measure: Measure) -> Row:
    asked = zip(question.percentiles, measure.levels, strict=False)
    return {f"p{level}_seconds": _seconds(found) for level, found in asked}


@dataclass(frozen=True, slots=True)
class _Counts:
    """Units that count at a phase, and of these those that count at the first phase, and at the one before."""

    here: int
    with_first: int
    with_before: int

    @classmethod
    def of(cls, question: FunnelQuestion, measure: Measure) -> _Counts:
        if question.order == "touched":
            return cls(measure.touched, measure.with_first, measure.with_before)
        # In every other order, who counts at a phase counts at all phases before it.
        return cls(measure.reached, measure.reached, measure.reached)


def _ratio(part: int, whole: int) -> float:
    """0 where there is nothing to divide by."""
    return part / whole if whole else 0.0


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000

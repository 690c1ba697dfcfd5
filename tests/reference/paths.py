"""Paths and sequences in plain Python: what /v1/paths and /v1/sequences answer, by definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from reference.journeys import Journey

from etappe.identifiers import event_key

Visit = tuple[str, int]
"""A node and when the journey came to it, in ms."""

NONE, OTHER = "(none)", "(other)"


@dataclass(frozen=True)
class Asked:
    """`phases` by position; `channel`: only journeys with a touchpoint of it; the rest as in the parameters."""

    by: str = "phase"
    phases: Sequence[str] = ()
    conversion: int = 1
    start: str = ""
    end: str = ""
    depth: int = 5
    collapse: bool = False
    nodes: int = 20
    begin: int | None = None
    over: int | None = None
    channel: str | None = None

    @property
    def backwards(self) -> bool:
        """Columns count back from the end: depth + 1 is where all paths end."""
        return bool(self.end) and not self.start


def visits(journey: Journey, asked: Asked) -> list[Visit]:
    """What the journey came by, in order; equal times: phases by position, others by (seq, id).

    An id counts as it is stored, as its 128-bit key: an order without a meaning, but always the same.
    """
    if asked.by == "phase":
        touched = sorted((touch.at, touch.phase) for touch in journey.touches if touch.phase)
        return [(asked.phases[phase - 1], at) for at, phase in touched]
    ordered = sorted(journey.touches, key=lambda t: (t.at, t.seq, event_key(t.id)))
    return [((f"P{t.phase}" if asked.by == "event" else t.channel) or NONE, t.at) for t in ordered]


def path(journey: Journey, asked: Asked) -> list[Visit] | str:
    """From the first visit of `start` to the first of `end` after it; or why there is none."""
    came = visits(journey, asked)
    if asked.collapse:
        came = came[:1] + [after for before, after in pairwise(came) if after[0] != before[0]]
    if not came:
        return "unmapped"
    names = [node for node, _ in came]
    if asked.start:
        if asked.start not in names:
            return "without_start"
        first = names.index(asked.start)
        came, names = came[first:], names[first:]
    if asked.end:
        least = 1 if asked.start else 0
        if asked.end not in names[least:]:
            return "without_end"
        came = came[: names.index(asked.end, least) + 1]
    return came


def in_range(journeys: Iterable[Journey], asked: Asked) -> list[Journey]:
    """The journeys that began in the range and meet the filter."""
    return [
        journey
        for journey in journeys
        if (asked.begin is None or asked.begin <= journey.started)
        and (asked.over is None or journey.started < asked.over)
        and (asked.channel is None or any(touch.channel == asked.channel for touch in journey.touches))
    ]


def paths_of(journeys: Iterable[Journey], asked: Asked) -> list[tuple[Journey, list[Visit]]]:
    """The journeys that have a path."""
    walked = [(journey, path(journey, asked)) for journey in in_range(journeys, asked)]
    return [(journey, visited) for journey, visited in walked if not isinstance(visited, str)]


def excluded(journeys: Iterable[Journey], asked: Asked) -> dict[str, int]:
    """How many journeys have none, by reason."""
    reasons = [path(journey, asked) for journey in in_range(journeys, asked)]
    return {name: reasons.count(name) for name in ("unmapped", "without_start", "without_end")}


def hops(journeys: Iterable[Journey], asked: Asked) -> list[dict[str, Any]]:
    """The rows of /v1/paths."""
    found: dict[tuple[int, str | None, str | None], list[int | None]] = {}
    walked = [_placed(visited, asked) for _, visited in paths_of(journeys, asked)]
    names = _names([columns for columns, _ in walked], asked)
    for columns, begins in walked:
        shown = {column: (names[column].get(node, OTHER), at) for column, (node, at) in columns.items()}
        first = min(shown)
        if begins:
            found.setdefault((first - 1, None, shown[first][0]), []).append(None)
        for column, (node, at) in shown.items():
            if column <= asked.depth:
                following, later = shown.get(column + 1, (None, None))
                took = None if later is None else later - at
                found.setdefault((column, node, following), []).append(took)
    return [
        {
            "from": node,
            "to": following,
            "position": position,
            "count": len(times),
            "share": len(times) / len(walked),
            "median_seconds": _seconds(times),
        }
        for (position, node, following), times in found.items()
    ]


def _seconds(times: Sequence[int | None]) -> float | None:
    taken = [ms for ms in times if ms is not None]
    return median(taken) / 1000 if taken else None


def _placed(visited: list[Visit], asked: Asked) -> tuple[dict[int, Visit], bool]:
    """By column, and whether the path begins in a column after the first."""
    last = asked.depth + 1
    if not asked.backwards:
        return dict(enumerate(visited[:last], 1)), False
    shown = visited[-last:]
    skipped = last - len(shown)
    return dict(enumerate(shown, 1 + skipped)), skipped > 0


def _names(walked: list[dict[int, Visit]], asked: Asked) -> dict[int, dict[str, str]]:
    """By column, the nodes that keep their names: the most frequent, and those asked for."""
    counts: dict[int, Counter[str]] = {}
    for columns in walked:
        for column, (node, _) in columns.items():
            counts.setdefault(column, Counter())[node] += 1
    kept = {}
    for column, counter in counts.items():
        ranked = sorted(counter, key=lambda node: (-counter[node], node))
        kept[column] = {
            node: node for n, node in enumerate(ranked) if n < asked.nodes or node in (asked.start, asked.end)
        }
    return kept


def sequences(journeys: Iterable[Journey], asked: Asked) -> list[dict[str, Any]]:
    """The rows of /v1/sequences, the most frequent first."""
    walked = paths_of(journeys, asked)
    by_nodes: dict[tuple[str, ...], list[tuple[Journey, list[Visit]]]] = {}
    for journey, visited in walked:
        by_nodes.setdefault(tuple(node for node, _ in visited), []).append((journey, visited))
    return [
        {
            "sequence": list(nodes),
            "count": len(taken),
            "share": len(taken) / len(walked),
            "conversions": sum(asked.conversion in journey.first_reached for journey, _ in taken),
            "median_seconds": median(visited[-1][1] - visited[0][1] for _, visited in taken) / 1000,
        }
        for nodes, taken in sorted(by_nodes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]

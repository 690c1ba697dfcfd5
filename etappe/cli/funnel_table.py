"""A funnel as a table with bars that fits the terminal: no row is ever wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from etappe.cli.show import bar, span, squeeze

Row = Mapping[str, Any]
Line = tuple[list[str], list[str]]
"""The names of a row (period, group, phase or step) and its numbers, as they are printed."""

_NUMBERS = {
    "count": "count",
    "rate": "of first",
    "step_rate": "of prev.",
    "dropped": "dropped",
    "entered": "entered",
    "median_seconds": "median",
}
"""Columns of an answer and what stands above them; percentiles follow, in the order asked for."""
_LEVEL = re.compile(r"(p\d+)_seconds")
_GAP = 2
"""Spaces between two columns."""
_LEAST = {"period": 10, "group": 6}
"""What is left of a long name where there is no room for it."""
_LEAST_PHASE = 8
_USUAL_PHASE = 13
"""Enough for every phase of a built-in model."""
_BAR = range(8, 31)
"""Widths of a bar; where there is less room there is none."""


def funnel_table(rows: list[Row], width: int) -> Table:
    """At most `width` characters: first the bar gives way, then long names lose their ends."""
    rows = sorted(rows, key=lambda row: str(row.get("period") or ""))  # each period with its groups
    heads = [
        *(head for head in ("period", "group") if any(row.get(head) is not None for row in rows)),
        "step" if rows and "step" in rows[0] else "phase",
    ]
    shown = _shown(rows)
    lines = [([_name(row, head) for head in heads], _numbers(row, shown)) for row in rows]
    widths, bar_width = _widths(heads, list(shown.values()), lines, width)
    table = _without_rows(heads, list(shown.values()), widths, has_bar=bar_width > 0)
    before: list[str] = []
    for row, (named, counted) in zip(rows, lines, strict=True):
        drawn = [bar(row["rate"] or 0, bar_width)] if bar_width else []
        table.add_row(*(Text(each) for each in _once(named, before)), *drawn, *counted)
        before = named
    return table


def _shown(rows: list[Row]) -> dict[str, str]:
    """The columns that the rows have, and what stands above them."""
    if not rows:
        return _NUMBERS
    levels = {name: found[1] for name in rows[0] if (found := _LEVEL.fullmatch(name))}
    return {name: head for name, head in _NUMBERS.items() if name in rows[0]} | levels


def _widths(heads: list[str], counted: list[str], lines: list[Line], width: int) -> tuple[list[int], int]:
    """Those of the names' columns, and that of the bar, 0 for none."""
    names = _longest(heads, [named for named, _ in lines])
    numbers = _longest(counted, [cells for _, cells in lines])
    room = width - sum(numbers) - _GAP * (len(names) + len(numbers) - 1)
    bar_width = min(_BAR[-1], room - sum(names) - _GAP)
    return squeeze(names, _least(heads, room), room), bar_width if bar_width in _BAR else 0


def _least(heads: list[str], room: int) -> list[int]:
    """The group gives way first, the phase where that is not enough."""
    others = [_LEAST[head] for head in heads[:-1]]
    return [*others, max(_LEAST_PHASE, min(_USUAL_PHASE, room - sum(others)))]


def _without_rows(heads: list[str], counted: list[str], widths: list[int], *, has_bar: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head, most in zip(heads, widths, strict=True):
        table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=most)
    if has_bar:
        table.add_column("", no_wrap=True)
    for head in counted:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _once(named: list[str], before: list[str]) -> list[str]:
    """Period and group are named on their first line alone."""
    *groups, phase = named
    return [*("" if named[: i + 1] == before[: i + 1] else each for i, each in enumerate(groups)), phase]


def _name(row: Row, head: str) -> str:
    return str(row.get(head) or "(none)")


def _longest(heads: list[str], lines: list[list[str]]) -> list[int]:
    return [max(len(cell) for cell in column) for column in zip(heads, *lines, strict=True)]


def _numbers(row: Row, shown: Iterable[str]) -> list[str]:
    return [_cell(name, row[name]) for name in shown]


def _cell(name: str, value: Any) -> str:
    if name.endswith("rate"):
        return _percent(value)
    return span(value) if name.endswith("_seconds") else f"{value:,}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"

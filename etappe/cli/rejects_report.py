"""How refused events, and what became of a replay, are printed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from etappe.cli.show import console, squeeze

Row = Mapping[str, Any]

_HEADS = ("time (UTC)", "reason", "detail", "id", "source")
_LEAST = (19, 10, 12, 16, 6)
_GAP = 2
"""Spaces between two columns."""

_SHOWN = 20
"""Events refused again that a report names one by one."""


def print_counts(rows: Sequence[Row]) -> None:
    """One line a reason."""
    if not rows:
        console().print("No refused events.")
        return
    table = Table("reason", box=None, pad_edge=False, header_style="dim")
    for name in ("events", "open", "times"):
        table.add_column(name, justify="right")
    table.add_column("last (UTC)")
    for row in rows:
        counts = (f"{row[name]:,}" for name in ("count", "open", "times"))
        table.add_row(Text(str(row["reason"])), *counts, _moment(row["stamp"]))
    console().print(table)


def print_rejects(rows: Sequence[Row], more: bool) -> None:
    """One line an event; details are cut, `--show` has them whole."""
    if not rows:
        return
    terminal = console()
    lines = [_cells(row) for row in rows]
    wanted = [max(map(len, column)) for column in zip(_HEADS, *lines, strict=True)]
    widths = squeeze(wanted, _LEAST, terminal.width - _GAP * (len(_HEADS) - 1))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, width in zip(_HEADS, widths, strict=True):
        table.add_column(name, no_wrap=True, overflow="ellipsis", width=width)
    for line in lines:
        table.add_row(*map(Text, line))
    terminal.print()
    terminal.print(table)
    if more:
        terminal.print("[dim]There are more: give a larger --limit, or a --reason.[/]")


def _cells(row: Row) -> tuple[str, ...]:
    return _moment(row["stamp"]), *(str(row[name]) for name in ("reason", "detail", "id", "source"))


def print_reject(row: Row) -> None:
    """All that is known of one, its body as JSON with indents."""
    terminal = console()
    for name, value in row.items():
        if name not in ("body", "outer") and value not in (None, ""):
            terminal.print(Text(f"{name:13} {value}"), soft_wrap=True)
    for name in ("outer", "body"):
        if row[name]:
            terminal.print(Text(name, style="dim"))
            terminal.print(Text(_pretty(str(row[name]))), soft_wrap=True)
    if not row["body"]:
        terminal.print("[dim]Its body was not kept.[/]")


class Report:
    """What became of the events of a replay."""

    def __init__(self, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._rows: list[Row] = []
        self._position: str | None = None

    @property
    def count(self) -> int:
        return self._outcomes.total()

    @property
    def refused(self) -> int:
        """Refused again, or not there."""
        return self.count - self._outcomes["accepted"]

    def add(self, answer: Mapping[str, Any]) -> None:
        """One answer of the query API."""
        self._outcomes.update(row["outcome"] for row in answer["rows"])
        self._reasons.update(row["reason"] for row in answer["rows"] if row["outcome"] == "refused")
        self._rows += answer["rows"]
        self._position = answer["meta"]["position"] or self._position

    def as_json(self) -> dict[str, Any]:
        counts = {name: self._outcomes[name] for name in ("accepted", "refused", "missing")}
        return {**counts, "dry_run": self._dry_run, "position": self._position, "rows": self._rows}

    def print(self) -> None:
        terminal = console()
        would = "would be accepted" if self._dry_run else "accepted"
        terminal.print(f"{self._outcomes['accepted']:,} {would}, {self.refused:,} refused again.")
        for reason, count in self._reasons.most_common():
            terminal.print(Text(f"  {count:,} {reason}"))
        bad = [row for row in self._rows if row["outcome"] != "accepted"]
        for row in bad[:_SHOWN]:
            terminal.print(Text(f"  {row['id']}: {row['detail']}"), soft_wrap=True)
        if len(bad) > _SHOWN:
            terminal.print(f"  … and {len(bad) - _SHOWN:,} more: --json has all of them.")
        if self._dry_run:
            terminal.print("Dry run: nothing was stored.")


def _moment(text: str) -> str:
    return str(text).replace("T", " ")[:19]


def _pretty(text: str) -> str:
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        shown = text
    return shown.encode(errors="replace").decode()  # half a surrogate pair cannot be printed

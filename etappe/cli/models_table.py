"""Phase models as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from etappe.cli.evidence_drawing import clean
from etappe.cli.funnel import print_funnel

Row = Mapping[str, Any]

_EXAMPLES = 10
_VERSIONS = 10


def print_models(terminal: Console, rows: Sequence[Row]) -> None:
    """A line a model; the phase that is its goal stands in brackets."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("name", "version", "source", "state", "phases"):
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(row["name"], row["version"], row["source"], _state(row), Text(_phases(row)))
    terminal.print(table)


def print_model(terminal: Console, row: Row) -> None:
    """What holds, its versions, and the definition."""
    terminal.print(Text(f"{clean(row['title'])}  ({row['name']})", "bold"))
    terminal.print(Text(f"{_phases(row)}   goals: {', '.join(row['goals']) or 'none besides'}"))
    terminal.print(Text(f"version {row['version']}, {row['source']}, {_state(row)}", "dim"))
    for each in row["versions"][:_VERSIONS]:
        what = "dropped" if each["dropped"] else f"saved {each['version']}"
        terminal.print(Text(f"  {_time(each['saved_at'])}  {what}  by {each['saved_by']}", "dim"))
    terminal.print()
    terminal.print(row["definition"], markup=False, soft_wrap=True, end="")


def print_preview(terminal: Console, funnel: Row, coverage: Row) -> None:
    """The funnel, what it counts now, and what the model says nothing of."""
    print_funnel(funnel)
    before = funnel["meta"]["before"]
    if before["phases"]:
        counts = "  ".join(f"{name} {count:,}" for name, count in before["phases"].items())
        terminal.print(Text(f"now ({before['model_version']}): {counts}", "dim"))
    for name, count in funnel["meta"]["goals"].items():
        terminal.print(Text(f"goal {name}: {count:,} customers"))
    meta = coverage["meta"]
    terminal.print()
    terminal.print(
        Text(
            f"{meta['mapped_share']:.1%} of {meta['touchpoints']:,} touchpoints are in a phase. In none:",
            "bold",
        )
    )
    unmapped = [row for row in coverage["rows"] if row["phase"] is None]
    terminal.print(_kinds(unmapped[:_EXAMPLES]) if unmapped else "  nothing")
    if len(unmapped) > _EXAMPLES:
        terminal.print(Text(f"and {len(unmapped) - _EXAMPLES:,} more kinds; --json has all.", "dim"))


def _kinds(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("event", "channel", "contact"):
        table.add_column(head, overflow="fold")
    table.add_column("touchpoints", justify="right")
    for row in rows:
        texts = (clean(row[name] or "") for name in ("event", "channel", "contact"))
        table.add_row(*(Text(each) for each in texts), f"{row['count']:,}")
    return table


def _phases(row: Row) -> str:
    return " > ".join(f"[{name}]" if name == row["conversion"] else name for name in row["phases"])


def _state(row: Row) -> str:
    return f"{row['state']} ({row['progress']:.0%})" if row["state"] == "filling" else str(row["state"])


def _time(text: str) -> str:
    return text[:19].replace("T", " ")

"""The table of rows, on a terminal and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.figures import Row


def machine() -> str:
    """Cores, memory and Python, in one line."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {pages / 2**30:.0f} GB, Python {platform.python_version()}"


def show(rows: Sequence[Row], console: Console | None = None) -> None:
    """Print the rows, each with the notes that belong to it."""
    table = Table(title=f"Etappe, {datetime.now(UTC):%Y-%m-%d}, {machine()}", title_justify="left")
    for heading in ("row", "figure", "reference", "ratio (range)", "target"):
        table.add_column(heading, justify="left" if heading in ("row", "target") else "right")
    for row in rows:
        beside = f"{number(row.beside)} {row.unit}" if row.ratios else "-"
        table.add_row(row.name, f"{number(row.ours)} {row.unit}", beside, ratio(row), row.target or "-")
    console = console or Console()
    console.print(table)
    for reference in dict.fromkeys(row.reference for row in rows if row.reference):
        named = ", ".join(row.name for row in rows if row.reference == reference)
        console.print(f"[b]reference[/b] of {named}: {reference}", highlight=False)
    for row in rows:
        for note in row.notes:
            console.print(f"[b]{row.name}[/b]: {note}", highlight=False)


def ratio(row: Row) -> str:
    """The median ratio and its range."""
    if not row.ratios:
        return "-"
    if len(row.ratios) == 1:
        return f"{row.ratios[0]:.2f}"
    return f"{median(row.ratios):.2f} ({row.ratios[0]:.2f} to {row.ratios[-1]:.2f})"


def number(value: float) -> str:
    """Three or so significant digits, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """The rows with every round, for whoever compares runs."""
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rows": [row.as_json() for row in rows],
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")

"""`etappe status`: how fresh the answers are, and what became of everything that was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json, span
from etappe.cli.target import find_target

_MEANINGS = {
    "accepted": "events that a sender was told are safe",
    "stored": "are touchpoints",
    "duplicates": "had been sent before",
    "rejected": "were refused after acceptance",
    "erased": "belong to people who asked to be forgotten",
}


def status(data_dir: DataDir = None, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show how fresh the answers are, and the counts.

    Counted since the workspace began.
    """
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    answer = target.get("/v1/freshness")
    if json:
        return print_json(answer)
    row: Mapping[str, Any] = answer["rows"][0]
    terminal = console()
    terminal.print(_freshness(row))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    for name, meaning in _MEANINGS.items():
        table.add_row(f"{row[name]:,}", f"[bold]{name}[/]", f"[dim]{meaning}[/]")
    return terminal.print(table)


def _freshness(row: Mapping[str, Any]) -> str:
    waiting = row["accepted"] - sum(row[name] for name in ("stored", "duplicates", "rejected", "erased"))
    if row["lag_seconds"] == 0:
        return "[green]Up to date[/]: every accepted event is in every answer."
    late = span(row["lag_seconds"]) or "unknown"
    return f"[yellow]Behind by {late}[/]: {waiting:,} accepted events are not yet in the answers."

"""`etappe funnel`: a phase funnel as a bar chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import bar, console, print_json, span
from etappe.cli.target import find_target

Row = Mapping[str, Any]

_OTHER_COLUMNS = 70
"""Characters that a row needs beside its bar."""


def funnel(
    *,
    model: Annotated[
        str, typer.Option(help="Phase model: acpl, aida, stdc, aoea, bda or your own.")
    ] = "acpl",
    since: Annotated[str | None, typer.Option("--from", help="First day or time, included.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day or time, excluded.")] = None,
    order: Annotated[str | None, typer.Option(help="reached, touched, ordered or strict.")] = None,
    unit: Annotated[str | None, typer.Option(help="customer, journey or account.")] = None,
    window: Annotated[str | None, typer.Option(help="From the first touchpoint on, as in 30d.")] = None,
    by: Annotated[str | None, typer.Option(help="Group: channel, campaign, device, country, …")] = None,
    interval: Annotated[str | None, typer.Option(help="day, week or month.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show how many customers reached each phase.

    The bars are relative to the first phase; `dropped` reached this phase and none later.
    """
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    question = {"model": model, "from": since, "to": until, "order": order, "unit": unit}
    question |= {"window": window, "by": by, "interval": interval}
    answer = target.get("/v1/funnel", question)
    if json:
        return print_json(answer)
    return print_funnel(answer)


def print_funnel(answer: Mapping[str, Any]) -> None:
    """The rows of `GET /v1/funnel` as a table with bars, and under it the rules they were counted by."""
    rows: list[Row] = answer["rows"]
    terminal = console()
    terminal.print(_table(rows, terminal.width))
    terminal.print(f"[dim]{_rules(answer['meta'])}[/]")
    if not any(row["count"] for row in rows):
        terminal.print("Nobody is in this funnel yet: widen the range, or look at `etappe status`.")


def _table(rows: list[Row], width: int) -> Table:
    heads = [head for head in ("period", "group") if any(row.get(head) is not None for row in rows)]
    names = sum(max(len(str(row.get(head))) for row in rows) + 2 for head in heads)
    bar_width = max(8, min(30, width - names - _OTHER_COLUMNS))
    table = Table(*heads, "phase", "", box=None, pad_edge=False, header_style="dim")
    for head in ("count", "of first", "of previous", "dropped", "median time"):
        table.add_column(head, justify="right", no_wrap=True)
    previous: tuple[str, ...] = ()
    for row in rows:
        group = tuple(str(row.get(head) or "(none)") for head in heads)
        # A group is named once, on its first line.
        table.add_row(*(group if group != previous else [""] * len(heads)), *_cells(row, bar_width))
        previous = group
    return table


def _cells(row: Row, bar_width: int) -> Iterable[str]:
    return (
        str(row["phase"]),
        bar(row["rate"] or 0, bar_width),
        f"{row['count']:,}",
        _percent(row["rate"]),
        _percent(row["step_rate"]),
        f"{row['dropped']:,}",
        span(row["median_seconds"]),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _rules(meta: Mapping[str, Any]) -> str:
    """The part of `meta` that a reader needs to tell two funnels apart."""
    names = ("model", "model_version", "order", "unit", "window_ms", "from", "to")
    told = {name: meta.get(name) for name in names} | {"through": meta["watermark"].get("journeys")}
    return "  ".join(f"{name}={value}" for name, value in told.items() if value not in (None, ""))

"""`etappe funnel`: asks for a phase funnel; `funnel_table` draws it."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from etappe.cli.funnel_table import Row, funnel_table
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json
from etappe.cli.target import find_target

BY_VALUES = (
    "channel, first_channel, campaign, source, contact, device, country, segment, "
    "experiment:NAME, property:NAME or trait:NAME"
)

_LEFT_OUT = {
    "unmapped": "{} in no phase of this model",
    "bot_touchpoints": "{} touchpoints of bots",
    "without_account": "{} customers without an account",
}
"""What `meta.excluded` counts, in words."""


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
    by: Annotated[str | None, typer.Option(help=f"Group: {BY_VALUES}.")] = None,
    touch: Annotated[
        str | None, typer.Option(help="Whose value --by takes: the first or the last touchpoint.")
    ] = None,
    interval: Annotated[str | None, typer.Option(help="day, week or month.")] = None,
    basis: Annotated[
        str | None,
        typer.Option(help="started: journeys that began in the range; within: nothing outside it counts."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="A filter FIELD:OP:VALUE, as in channel:eq:email, properties.plan:in:pro,team or "
            "segment:eq:new; several must all hold."
        ),
    ] = None,
    percentiles: Annotated[
        str | None, typer.Option(help="Of the time since the phase before, as in 10,90.")
    ] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Count those who entered by each phase.")
    ] = False,
    identity_at: Annotated[
        str | None, typer.Option(help="With what was known of identities at that time.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show how many customers reached each phase.

    The bars are relative to the first phase; `dropped` reached this phase and none later.
    """
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    question: dict[str, Any] = {"model": model, "from": since, "to": until, "order": order, "unit": unit}
    question |= {"window": window, "by": by, "touch": touch, "interval": interval, "basis": basis}
    question |= {"percentiles": percentiles, "entries": "true" if entries else None}
    question |= {"where": where or None, "identity_at": identity_at}
    answer = target.get("/v1/funnel", question)
    if json:
        return print_json(answer)
    return print_funnel(answer)


def print_funnel(answer: Mapping[str, Any]) -> None:
    """The rows of `GET /v1/funnel` as a table with bars, and under it the rules they were counted by."""
    rows: list[Row] = answer["rows"]
    terminal = console()
    terminal.print(funnel_table(rows, terminal.width))
    for line in footer(rows, answer["meta"]):
        terminal.print(line, style="dim", markup=False)


def footer(rows: list[Row], meta: Mapping[str, Any]) -> Iterator[str]:
    """The rules of the numbers, what was left out, and why nobody is there if nobody is."""
    yield _rules(meta)
    yield f"left out: {', '.join(_left_out(meta['excluded'])) or 'nothing'}"
    if meta["order"] == "touched":
        yield "touched: `of first` is the share of those in the first phase who were in this one too."
    if not any(row["count"] for row in rows):
        yield _why_nobody(meta)


def _left_out(excluded: Mapping[str, int]) -> Iterator[str]:
    return (_LEFT_OUT.get(name, f"{name} {{}}").format(f"{n:,}") for name, n in excluded.items() if n)


def _why_nobody(meta: Mapping[str, Any]) -> str:
    if meta["unit"] == "account" and meta["excluded"].get("without_account"):
        return "No customer in this range has an account: send `account` with touchpoints, or drop --unit."
    return "Nobody is in this funnel yet: widen the range, or look at `etappe status`."


def _rules(meta: Mapping[str, Any]) -> str:
    """The part of `meta` that a reader needs to tell two funnels apart."""
    names = ("model", "model_version", "order", "unit", "window_ms", "from", "to", "by")
    told = {name: meta.get(name) for name in names}
    told["basis"] = meta.get("basis") if meta.get("from") or meta.get("to") else None
    told["where"] = json_text.dumps(meta["where"], ensure_ascii=False) if meta.get("where") else None
    told["touch"] = meta.get("touch") if meta.get("by") else None
    told["through"] = meta["watermark"].get("journeys")
    return "  ".join(f"{name}={value}" for name, value in told.items() if value not in (None, ""))

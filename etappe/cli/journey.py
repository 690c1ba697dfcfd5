"""`etappe journey`: one customer's touchpoints as a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from etappe.cli.evidence import read_evidence
from etappe.cli.identity import print_tree
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json, shorten, squeeze
from etappe.cli.target import Target, find_target

Row = Mapping[str, Any]

_HEADS = ("at (UTC)", "event", "channel", "phase", "via")
_GAP = 2
"""Spaces between two columns."""
_MILLISECONDS_FROM = 100
"""Narrower terminals show times to the second."""


def journey(
    identifier: Annotated[str, typer.Argument(help="type:value, such as user_id:42 or email:a@b.ch.")],
    *,
    why: Annotated[
        bool, typer.Option("--why", help="Show too why its identifiers are one customer.")
    ] = False,
    model: Annotated[str, typer.Option(help="Whose phases to show.")] = "acpl",
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show one customer's touchpoints in time order.

    With the phase each of them is in; a line parts two journeys. With --why, before them the evidence that makes its
    identifiers one customer.
    """
    if ":" not in identifier:
        raise typer.BadParameter(f"{identifier!r} names no type: write type:value, such as user_id:42")
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    customer, answer = _ask(target, identifier)
    evidence = target.get(f"/v1/customers/{customer['customer']}/identity") if why else None
    if json:
        said = {} if evidence is None else {"identity": evidence["rows"]}
        return print_json({"customer": customer, "journey": answer["rows"], **said, "meta": answer["meta"]})
    terminal = console()
    if evidence is not None:
        print_tree(terminal, read_evidence(evidence), identifier)
        terminal.print()
    terminal.print(f"[bold]{escape(str(customer['customer']))}[/]  {_known_as(customer)}")
    return terminal.print(_timeline(answer["rows"], model, terminal.width))


def _ask(target: Target, identifier: str) -> tuple[Row, Mapping[str, Any]]:
    customer = target.get("/v1/customers", {"identifier": identifier})["rows"][0]
    return customer, target.get(f"/v1/customers/{customer['customer']}/journey")


def _known_as(customer: Row) -> str:
    """Its identifiers; personal ones stand there by their type alone."""
    return f"[dim]{escape('  '.join(map(str, customer['identifiers'])))}[/]"


def _timeline(rows: list[Row], model: str, width: int) -> Table:
    """No line is wrapped: event, channel and phase lose their ends, `via` what its values have in common."""
    lines = [_cells(row, model, precise=width >= _MILLISECONDS_FROM) for row in rows]
    *widths, via = _widths(lines, width)
    short = shorten({line[-1] for line in lines}, via)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head, most in zip(_HEADS, [*widths, via], strict=True):
        table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=most)
    for before, row, line in zip([None, *rows], rows, lines, strict=False):
        if before is not None and before["journey"] != row["journey"]:
            table.add_row("[dim]· · ·[/]")
        table.add_row(*(escape(each) for each in (*line[:-1], short[line[-1]])))
    return table


def _widths(lines: list[list[str]], width: int) -> list[int]:
    wanted = [max(len(each) for each in column) for column in zip(_HEADS, *lines, strict=True)]
    least = (wanted[0], 8, 8, 8, 16)
    return squeeze(wanted, least, width - _GAP * (len(_HEADS) - 1))


def _cells(row: Row, model: str, *, precise: bool) -> list[str]:
    moment = str(row["at"]).replace("T", " ").removesuffix("Z")
    phase = row["phases"].get(model)
    shown = moment if precise else moment[: len("2026-01-01 00:00:00")]
    return [str(each or "") for each in (shown, row["event"], row["channel"], phase, row["identifier"])]

"""`etappe journey`: one customer's touchpoints as a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json
from etappe.cli.target import Target, find_target
from etappe.errors import EtappeError

Row = Mapping[str, Any]


class NotYet(EtappeError):
    """This is not available yet."""


def journey(
    identifier: Annotated[str, typer.Argument(help="type:value, such as user_id:42 or email:a@b.ch.")],
    *,
    model: Annotated[str, typer.Option(help="Whose phases to show.")] = "acpl",
    why: Annotated[bool, typer.Option("--why", help="Why these identifiers are one customer.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show one customer's touchpoints in time order.

    With the phase each of them is in; a line parts two journeys.
    """
    if ":" not in identifier:
        raise typer.BadParameter(f"{identifier!r} names no type: write type:value, such as user_id:42")
    if why:
        raise NotYet("`--why` comes with the identity routes; the journey itself is shown without it.")
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    customer, answer = _ask(target, identifier)
    if json:
        return print_json({"customer": customer, "journey": answer["rows"], "meta": answer["meta"]})
    terminal = console()
    terminal.print(f"[bold]{escape(str(customer['customer']))}[/]  {_known_as(customer)}")
    return terminal.print(_timeline(answer["rows"], model))


def _ask(target: Target, identifier: str) -> tuple[Row, Mapping[str, Any]]:
    customer = target.get("/v1/customers", {"identifier": identifier})["rows"][0]
    return customer, target.get(f"/v1/customers/{customer['customer']}/journey")


def _known_as(customer: Row) -> str:
    """Its identifiers; personal ones stand there by their type alone."""
    return f"[dim]{escape('  '.join(map(str, customer['identifiers'])))}[/]"


def _timeline(rows: list[Row], model: str) -> Table:
    table = Table("at", "event", "channel", "phase", "via", box=None, pad_edge=False, header_style="dim")
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before["journey"] != row["journey"]:
            table.add_section()
            table.add_row("[dim]· · ·[/]")
        table.add_row(*(escape(each) for each in _cells(row, model)))
    return table


def _cells(row: Row, model: str) -> list[str]:
    moment = str(row["at"]).replace("T", " ").removesuffix("Z")
    phase = row["phases"].get(model)
    return [str(each or "") for each in (moment, row["event"], row["channel"], phase, row["identifier"])]

"""`etappe erase`: a person is erased, after a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from etappe.cli.evidence_drawing import clean
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json
from etappe.cli.target import Target, find_target
from etappe.cli.waiting import wait_while

Row = Mapping[str, Any]


def erase(
    identifier: Annotated[str, typer.Argument(help="type:value, such as user_id:42 or email:a@b.ch.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Erase a person: their touchpoints, links and journeys.

    Of all identifiers of the customer that this one belongs to now. It cannot be taken back.
    """
    if ":" not in identifier:
        raise typer.BadParameter(f"{identifier!r} names no type: write type:value, such as user_id:42")
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    customer = target.get("/v1/customers", {"identifier": identifier})["rows"][0]
    if not yes:
        _print_customer(customer)
        typer.confirm("Erase this person? It cannot be taken back", abort=True, err=True)
    asked = target.post_json("/v1/privacy/erase", {"customer": str(customer["customer"])})["rows"][0]
    row = _followed(target, asked)
    if json:
        return print_json(row)
    count = row["identifiers"]
    return console().print(f"Erased: {count:,} identifier{'' if count == 1 else 's'} ({row['id']}).")


def _print_customer(customer: Row) -> None:
    """Whom it concerns, on stderr: stdout holds the report alone."""
    terminal = console(stderr=True)
    terminal.print(Text(f"Customer {customer['customer']}, {customer['touchpoints']:,} touchpoints", "bold"))
    for name in customer["identifiers"]:
        terminal.print(Text(f"  {clean(str(name))}"))


def _followed(target: Target, asked: Row) -> Row:
    def look() -> Row:
        row: Row = target.get(f"/v1/privacy/erase/{asked['id']}")["rows"][0]
        return row

    return wait_while(look, lambda row: row["state"] != "done", "erasing")

"""`etappe keys`: list, create, rotate, set and revoke keys. Running services notice by themselves."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from etappe.cli.key_book import open_key_book
from etappe.cli.options import DataDir, Json
from etappe.cli.register_place import AskToken, AskUrl, Row
from etappe.cli.show import console, print_json
from etappe.cli.values import wrong_value
from etappe.errors import BadInput
from etappe.key_fields import MOST_GRACE, check_key_fields
from etappe.workspaces import KEY_KINDS, KeyKind

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create, rotate, set and revoke keys.",
    epilog="Example: etappe keys create write --name shop --origin https://shop.example",
)

WorkspaceName = Annotated[
    str | None,
    typer.Option("--workspace", help="Whose keys.", show_default="default, or that of the token"),
]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="As `etappe keys list` shows it.")]
Name = Annotated[str | None, typer.Option("--name", help="A label for people.")]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="ORIGIN",
        help="From where browsers may send with a write key, such as https://shop.example or "
        "https://*.shop.example; repeatable. Default: from everywhere.",
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Events a second (read and admin tokens: requests) for each process; 0: no limit; "
        "none: what the setting says.",
    ),
]


@app.command("list", epilog="Example: etappe keys list --json")
def list_keys(
    workspace: WorkspaceName = None,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """List a workspace's keys; never the secrets, which are kept nowhere."""
    found = open_key_book(data_dir, url, token).list(workspace)
    if json:
        return print_json(found)
    heads = ("id", "kind", "name", "created", "state", "rate", "origins")
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for each in found:
        table.add_row(*(_cell(name, each) for name in heads))
    return console().print(table)


@app.command("create", epilog="Example: etappe keys create write --name shop --origin https://shop.example")
def create_key(
    kind: Annotated[KeyKind, typer.Argument(help=", ".join(KEY_KINDS))],
    *,
    workspace: WorkspaceName = None,
    name: Name = None,
    origins: Origins = None,
    rate: Rate = None,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    fields = _fields(name, origins, rate, kind)
    _print_issued(open_key_book(data_dir, url, token).create(workspace, kind, fields), json)


@app.command("rotate", epilog="Example: etappe keys rotate 5f1c09ab --grace 86400")
def rotate(
    key_id: KeyId,
    grace: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_GRACE, metavar="SECONDS", help="How long the former key works beside the new one."
        ),
    ] = 0,
    *,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Make a key for the same use in the place of another, and print it, this once."""
    _print_issued(open_key_book(data_dir, url, token).rotate(key_id, grace), json)


@app.command("set", epilog="Example: etappe keys set 5f1c09ab --rate 200 --origin https://*.shop.example")
def set_(
    key_id: KeyId,
    *,
    name: Name = None,
    origins: Origins = None,
    any_origin: Annotated[bool, typer.Option("--any-origin", help="Allow all origins again.")] = False,
    rate: Rate = None,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Change a key's label, origins or rate; the key itself stays the same."""
    fields = _fields(name, [] if any_origin else origins, rate, "write")
    if not fields:
        raise typer.BadParameter("nothing to set: give --name, --origin, --any-origin or --rate")
    key = open_key_book(data_dir, url, token).set(key_id, fields)
    if json:
        return print_json(key)
    said = ", ".join(f"{name} {_cell(name, key) or 'none'}" for name in fields)
    sys.stdout.write(f"Set {key['id']}: {said}.\n")
    return None


@app.command("revoke", epilog="Example: etappe keys revoke 5f1c09ab")
def revoke(
    key_id: KeyId,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Make a key worthless from now on."""
    key = open_key_book(data_dir, url, token).revoke(key_id)
    if json:
        return print_json(key)
    sys.stdout.write(f"Revoked {key['id']}.\n")
    return None


def _fields(name: str | None, origins: list[str] | None, rate: str | None, kind: KeyKind) -> dict[str, Any]:
    """What was given, as JSON would say it; BadParameter for what no key of this kind can have.

    Looked at before anybody is asked: what is no number, such as nan, has no form in JSON.
    """
    given: dict[str, object] = {"name": name, "origins": origins}
    fields = {field: value for field, value in given.items() if value is not None}
    if rate is not None:
        fields["rate"] = _number(rate)
    _, problems = check_key_fields(fields, kind)
    if problems:
        raise wrong_value(BadInput(*problems))
    return fields


def _number(text: str) -> object:
    try:
        return None if text == "none" else float(text)
    except ValueError:
        return text


def _print_issued(row: Row, json: bool) -> None:
    if json:
        return print_json(row)
    sys.stdout.write(f"{row['key']}\n")
    return None


def _cell(name: str, row: Row) -> str:
    if name == "state" and row["state"] == "expiring":
        return f"until {row['expires']}"
    value = row[name]
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

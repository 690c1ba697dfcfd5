"""`etappe keys`: list, create, rotate, set and revoke keys. Running services notice by themselves."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.first_start import WORKSPACE
from etappe.cli.options import DataDir, Json
from etappe.cli.show import console, print_json
from etappe.cli.values import wrong_value
from etappe.clock import system_clock
from etappe.errors import BadInput
from etappe.key_fields import MOST_GRACE, key_row
from etappe.register import Change, NothingThere, T, edit_register
from etappe.register_changes import Issued, issue_key, revoke_key, rotate_key, set_key
from etappe.settings import read_settings
from etappe.workspaces import KEY_KINDS, Key, KeyKind, read_register

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create, rotate, set and revoke keys.",
    epilog="Example: etappe keys create write --name shop --origin https://shop.example",
)

WorkspaceName = Annotated[str, typer.Option("--workspace", help="Whose keys.")]
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
def list_keys(workspace: WorkspaceName = WORKSPACE, data_dir: DataDir = None, json: Json = False) -> None:
    """List a workspace's keys; never the secrets, which are kept nowhere."""
    register = read_register(read_settings(data_dir=data_dir).workspaces)
    if workspace not in register.workspaces:
        raise NothingThere(f"There is no workspace {workspace}: look at `etappe workspaces list`.")
    found = [_shown(key) for key in register.keys_of(workspace)]
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
    workspace: WorkspaceName = WORKSPACE,
    name: Name = None,
    origins: Origins = None,
    rate: Rate = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    fields = _fields(name, origins, rate)
    issued = _edit(data_dir, lambda register: issue_key(register, workspace, kind, fields, system_clock()))
    _print_issued(issued, json)


@app.command("rotate", epilog="Example: etappe keys rotate 5f1c09ab --grace 86400")
def rotate(
    key_id: KeyId,
    grace: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_GRACE, metavar="SECONDS", help="How long the former key works beside the new one."
        ),
    ] = 0,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key for the same use in the place of another, and print it, this once."""
    _print_issued(_edit(data_dir, lambda register: rotate_key(register, key_id, grace, system_clock())), json)


@app.command("set", epilog="Example: etappe keys set 5f1c09ab --rate 200 --origin https://*.shop.example")
def set_(
    key_id: KeyId,
    *,
    name: Name = None,
    origins: Origins = None,
    any_origin: Annotated[bool, typer.Option("--any-origin", help="Allow all origins again.")] = False,
    rate: Rate = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Change a key's label, origins or rate; the key itself stays the same."""
    fields = _fields(name, [] if any_origin else origins, rate)
    if not fields:
        raise typer.BadParameter("nothing to set: give --name, --origin, --any-origin or --rate")
    key = _edit(data_dir, lambda register: set_key(register, key_id, fields))
    if json:
        return print_json(_shown(key))
    said = ", ".join(f"{name} {_cell(name, _shown(key)) or 'none'}" for name in fields)
    sys.stdout.write(f"Set {key.id}: {said}.\n")
    return None


@app.command("revoke", epilog="Example: etappe keys revoke 5f1c09ab")
def revoke(key_id: KeyId, data_dir: DataDir = None) -> None:
    """Make a key worthless from now on."""
    _edit(data_dir, lambda register: revoke_key(register, key_id))
    sys.stdout.write(f"Revoked {key_id}.\n")


def _edit(data_dir: DataDir, change: Change[T]) -> T:
    try:
        return edit_register(read_settings(data_dir=data_dir).workspaces, change)
    except BadInput as error:
        raise wrong_value(error) from None


def _fields(name: str | None, origins: list[str] | None, rate: str | None) -> dict[str, object]:
    """What was given, as JSON would say it."""
    given: dict[str, object] = {"name": name, "origins": origins}
    found = {field: value for field, value in given.items() if value is not None}
    return found if rate is None else {**found, "rate": _number(rate)}


def _number(text: str) -> object:
    try:
        return None if text == "none" else float(text)
    except ValueError:
        return text


def _print_issued(issued: Issued, json: bool) -> None:
    key, secret = issued
    if json:
        return print_json({**_shown(key), "key": secret})
    sys.stdout.write(f"{secret}\n")
    return None


def _shown(key: Key) -> dict[str, object]:
    return key_row(key, system_clock())


def _cell(name: str, row: dict[str, object]) -> str:
    if name == "state" and row["state"] == "expiring":
        return f"until {row['expires']}"
    value = row[name]
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

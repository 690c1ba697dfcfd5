"""`etappe workspaces`: list, create and set workspaces. Running services notice by themselves."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.options import DataDir, Json
from etappe.cli.register_place import AskToken, AskUrl, Row
from etappe.cli.show import console, print_json
from etappe.cli.values import wrong_value
from etappe.cli.workspace_book import open_workspace_book, shown
from etappe.errors import BadInput
from etappe.register_changes import NAME, is_workspace_name
from etappe.workspace_fields import FIELDS, FieldName, Value, read_field, written
from etappe.workspaces import Workspace

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create and set workspaces.",
    epilog="Example: etappe workspaces create shop-ch --set time_zone=Europe/Zurich",
)


@app.command("list", epilog="Example: etappe workspaces list --json")
def list_workspaces(
    data_dir: DataDir = None, url: AskUrl = None, token: AskToken = None, json: Json = False
) -> None:
    """List the workspaces and their settings; never their salts. The first is the operator's.

    A service shows the token's own workspace, and to the operator the names of the others.
    """
    book = open_workspace_book(data_dir, url, token)
    rows = book.list()
    if json:
        return print_json(rows)
    working = book.working_keys()
    table = Table(
        "workspace", "time zone", "gap", "keys", "otherwise", box=None, pad_edge=False, header_style="dim"
    )
    for row in rows:
        table.add_row(*_cells(row, working.get(row["name"], 0)))
    return console().print(table)


@app.command("create", epilog="Example: etappe workspaces create shop-ch --set time_zone=Europe/Zurich")
def create_workspace(
    name: Annotated[str, typer.Argument(help="A short name of letters, digits, dots, dashes, underscores.")],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="As `etappe workspaces set` takes them; repeatable."
        ),
    ] = None,
    *,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Make a workspace and one key of each kind; the keys are shown once and kept nowhere."""
    if not is_workspace_name(name):
        raise typer.BadParameter(f"{name!r} is no name: use {NAME}")
    values = dict(_pair(each) for each in given or ())
    keys = asdict(open_workspace_book(data_dir, url, token).create(name, values))
    if json:
        return print_json(keys)
    sys.stdout.write("".join(f"{key:12} {value}\n" for key, value in keys.items()))
    return None


@app.command("set", epilog="Example: etappe workspaces set shop-ch time_zone Europe/Zurich")
def set_field(
    name: Annotated[str, typer.Argument(help="Which workspace.")],
    field: Annotated[FieldName, typer.Argument(help=", ".join(FIELDS))],
    value: Annotated[str, typer.Argument(help="As docs/settings.md says for each field.")],
    *,
    data_dir: DataDir = None,
    url: AskUrl = None,
    token: AskToken = None,
    json: Json = False,
) -> None:
    """Set one field of a workspace.

    A new time zone holds in every answer; a new gap for all history after `etappe rebuild`; the others for events
    from now on.
    """
    read = _read(field, value)
    changed = open_workspace_book(data_dir, url, token).set(name, {field: read})
    if json:
        return print_json(changed)
    sys.stdout.write(f"{name}: {field} is {written(read)} {FIELDS[field].takes_effect}.\n")
    return None


def _pair(text: str) -> tuple[str, Value]:
    name, equals, value = text.partition("=")
    field = next((known for known in FIELDS if known == name), None)
    if not equals or field is None:
        raise typer.BadParameter(f"{text!r}: wanted FIELD=VALUE with one of the fields {', '.join(FIELDS)}")
    return name, _read(field, value)


def _read(field: FieldName, text: str) -> Value:
    try:
        return read_field(field, text)
    except BadInput as error:
        raise wrong_value(error) from None


def _cells(row: Row, keys: int) -> tuple[str, ...]:
    """A row of the table; of a workspace whose settings are not told, the name."""
    if row["time_zone"] is None:
        return (row["name"],)
    return row["name"], row["time_zone"], f"{row['gap_days']:g} d", str(keys), _otherwise(row)


def _otherwise(row: Row) -> str:
    """What else differs from a new workspace."""
    defaults = shown(Workspace("", ""))
    fields = [name for name in FIELDS if name not in ("time_zone", "gap_days")]
    changed = [name for name in fields if row[name] != defaults[name]]
    return ", ".join(f"{name}={_written(row[name])}" for name in changed)


def _written(value: Value | list[str]) -> str:
    return written(tuple(value) if isinstance(value, list) else value)

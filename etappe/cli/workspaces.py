"""`etappe workspaces`: list, create and set workspaces. Running services notice by themselves."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.folder import Keys
from etappe.cli.options import DataDir, Json
from etappe.cli.show import console, print_json
from etappe.cli.values import wrong_value
from etappe.clock import system_clock
from etappe.errors import BadInput
from etappe.register import edit_register
from etappe.register_changes import NAME, is_workspace_name, make_workspace, set_workspace
from etappe.settings import read_settings
from etappe.workspace_fields import FIELDS, FieldName, Value, read_field, written
from etappe.workspaces import Workspace, read_register

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create and set workspaces.",
    epilog="Example: etappe workspaces create shop-ch --set time_zone=Europe/Zurich",
)


@app.command("list", epilog="Example: etappe workspaces list --json")
def list_workspaces(data_dir: DataDir = None, json: Json = False) -> None:
    """List the workspaces and their settings; never their salts. The first is the operator's."""
    register = read_register(read_settings(data_dir=data_dir).workspaces)
    if json:
        return print_json([_shown(each) for each in register.workspaces.values()])
    now = system_clock()
    table = Table(
        "workspace", "time zone", "gap", "keys", "otherwise", box=None, pad_edge=False, header_style="dim"
    )
    for each in register.workspaces.values():
        working = sum(key.works(now) for key in register.keys_of(each.name))
        table.add_row(each.name, each.time_zone, f"{each.gap_days:g} d", str(working), _otherwise(each))
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
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a workspace and one key of each kind; the keys are shown once and kept nowhere."""
    if not is_workspace_name(name):
        raise typer.BadParameter(f"{name!r} is no name: use {NAME}")
    values = dict(_pair(each) for each in given or ())
    settings = read_settings(data_dir=data_dir)
    try:
        _, issued = edit_register(
            settings.workspaces, lambda register: make_workspace(register, name, values, system_clock())
        )
    except BadInput as error:
        raise wrong_value(error) from None
    keys = asdict(Keys(name, *(secret for _, secret in issued)))
    if json:
        return print_json(keys)
    sys.stdout.write("".join(f"{key:12} {value}\n" for key, value in keys.items()))
    return None


@app.command("set", epilog="Example: etappe workspaces set shop-ch time_zone Europe/Zurich")
def set_field(
    name: Annotated[str, typer.Argument(help="Which workspace.")],
    field: Annotated[FieldName, typer.Argument(help=", ".join(FIELDS))],
    value: Annotated[str, typer.Argument(help="As docs/settings.md says for each field.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Set one field of a workspace.

    A new time zone holds in every answer; a new gap for all history after `etappe rebuild`; the others for events
    from now on.
    """
    try:
        read = read_field(field, value)
        changed = edit_register(
            read_settings(data_dir=data_dir).workspaces,
            lambda register: set_workspace(register, name, {field: read}),
        )
    except BadInput as error:
        raise wrong_value(error) from None
    if json:
        return print_json(_shown(changed))
    sys.stdout.write(f"{name}: {field} is {written(read)} {FIELDS[field].takes_effect}.\n")
    return None


def _pair(text: str) -> tuple[str, Value]:
    name, equals, value = text.partition("=")
    field = next((known for known in FIELDS if known == name), None)
    if not equals or field is None:
        raise typer.BadParameter(f"{text!r}: wanted FIELD=VALUE with one of the fields {', '.join(FIELDS)}")
    try:
        return name, read_field(field, value)
    except BadInput as error:
        raise wrong_value(error) from None


def _shown(workspace: Workspace) -> dict[str, object]:
    """All but the salt, which is nobody's business."""
    return {name: value for name, value in asdict(workspace).items() if name != "salt"}


def _otherwise(workspace: Workspace) -> str:
    """What else differs from a new workspace."""
    defaults = Workspace("", "")
    fields = [name for name in FIELDS if name not in ("time_zone", "gap_days")]
    changed = [name for name in fields if getattr(workspace, name) != getattr(defaults, name)]
    return ", ".join(f"{name}={written(getattr(workspace, name))}" for name in changed)

"""`etappe workspaces`: list, create and set workspaces. Running services notice by themselves."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.first_start import issue_keys
from etappe.cli.options import DataDir, Json
from etappe.cli.register import NothingChanged, change_register
from etappe.cli.show import console, print_json
from etappe.errors import BadInput
from etappe.settings import read_settings
from etappe.workspace_fields import FIELDS, FieldName, read_field
from etappe.workspaces import Register, Workspace, read_register

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create and set workspaces.",
    epilog="Example: etappe workspaces create shop-ch",
)


@app.command("list", epilog="Example: etappe workspaces list --json")
def list_workspaces(data_dir: DataDir = None, json: Json = False) -> None:
    """List the workspaces and their rules; never their salts."""
    register = read_register(read_settings(data_dir=data_dir).workspaces)
    if json:
        return print_json([_shown(each) for each in register.workspaces.values()])
    table = Table("workspace", "time zone", "gap", "keys", box=None, pad_edge=False, header_style="dim")
    for each in register.workspaces.values():
        live = sum(key.workspace == each.name and not key.revoked for key in register.keys)
        table.add_row(each.name, each.time_zone, f"{each.gap_days:g} d", str(live))
    return console().print(table)


@app.command("create", epilog="Example: etappe workspaces create shop-ch")
def create_workspace(
    name: Annotated[str, typer.Argument(help="A short name of letters, digits, dots, dashes, underscores.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a workspace and one key of each kind; the keys are shown once and kept nowhere."""
    settings = read_settings(data_dir=data_dir)
    _check(name, settings.workspaces.exists() and name in read_register(settings.workspaces).workspaces)
    keys = asdict(issue_keys(settings, name))
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
    except BadInput as error:
        raise typer.BadParameter(str(error)) from None

    def change(register: Register) -> Register:
        if name not in register.workspaces:
            raise NothingChanged(f"There is no workspace {name}: look at `etappe workspaces list`.")
        return register.with_workspace(replace(register.workspaces[name], **{field: read}))  # type: ignore[arg-type]  # `read_field` gives what the field takes

    register = change_register(read_settings(data_dir=data_dir).workspaces, change)
    if json:
        return print_json(_shown(register.workspaces[name]))
    shown = "none" if read is None else str(read).lower() if isinstance(read, bool) else read
    sys.stdout.write(f"{name}: {field} is {shown} {FIELDS[field].takes_effect}.\n")
    return None


def _shown(workspace: Workspace) -> dict[str, object]:
    """All but the salt, which is nobody's business."""
    return {name: value for name, value in asdict(workspace).items() if name != "salt"}


def _check(name: str, exists: bool) -> None:
    if not name or len(name) > 64 or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise typer.BadParameter(
            f"{name!r} is no name: use up to 64 letters, digits, dots, dashes, underscores"
        )
    if exists:
        raise NothingChanged(
            f"The workspace {name} exists already: `etappe keys create KIND --workspace {name}`."
        )

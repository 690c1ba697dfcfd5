"""`etappe workspaces`: list and create workspaces."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.first_start import issue_keys
from etappe.cli.options import DataDir, Json
from etappe.cli.show import console, print_json
from etappe.errors import SettingsError
from etappe.settings import read_settings
from etappe.workspaces import read_register

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List and create workspaces.",
    epilog="Example: etappe workspaces create shop-ch",
)


@app.command("list", epilog="Example: etappe workspaces list --json")
def list_workspaces(data_dir: DataDir = None, json: Json = False) -> None:
    """List the workspaces and their rules; never their salts."""
    register = read_register(read_settings(data_dir=data_dir).workspaces)
    rows = [
        {name: value for name, value in asdict(each).items() if name != "salt"}
        for each in register.workspaces.values()
    ]
    if json:
        return print_json(rows)
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


def _check(name: str, exists: bool) -> None:
    if not name or len(name) > 64 or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise typer.BadParameter(
            f"{name!r} is no name: use up to 64 letters, digits, dots, dashes, underscores"
        )
    if exists:
        raise SettingsError(
            f"The workspace {name} exists already: `etappe keys create KIND --workspace {name}`."
        )

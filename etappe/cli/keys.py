"""`etappe keys`: list, create and revoke keys. Running services notice by themselves."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from etappe.cli.first_start import WORKSPACE
from etappe.cli.options import DataDir, Json
from etappe.cli.register import NothingChanged, NothingThere, change_register
from etappe.cli.show import console, print_json
from etappe.clock import iso, system_clock
from etappe.settings import read_settings
from etappe.workspaces import KEY_KINDS, Key, KeyKind, Register, read_register

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, create and revoke keys.",
    epilog="Example: etappe keys create read",
)

WorkspaceName = Annotated[str, typer.Option("--workspace", help="Whose keys.")]


@app.command("list", epilog="Example: etappe keys list --json")
def list_keys(workspace: WorkspaceName = WORKSPACE, data_dir: DataDir = None, json: Json = False) -> None:
    """List a workspace's keys; never the secrets, which are kept nowhere."""
    register = read_register(read_settings(data_dir=data_dir).workspaces)
    if workspace not in register.workspaces:
        raise NothingThere(f"There is no workspace {workspace}: look at `etappe workspaces list`.")
    found = [_shown(key) for key in register.keys if key.workspace == workspace]
    if json:
        return print_json(found)
    table = Table("id", "kind", "created", "state", box=None, pad_edge=False, header_style="dim")
    for each in found:
        table.add_row(
            str(each["id"]), str(each["kind"]), str(each["created"]), "revoked" if each["revoked"] else "good"
        )
    return console().print(table)


@app.command("create", epilog="Example: etappe keys create read --workspace default")
def create_key(
    kind: Annotated[KeyKind, typer.Argument(help=", ".join(KEY_KINDS))],
    workspace: WorkspaceName = WORKSPACE,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    made: list[tuple[Key, str]] = []

    def add(register: Register) -> Register:
        if workspace not in register.workspaces:
            raise NothingChanged(
                f"There is no workspace {workspace}: `etappe workspaces create {workspace}`."
            )
        register, key, secret = register.with_key(kind, workspace, system_clock())
        made.append((key, secret))
        return register

    change_register(read_settings(data_dir=data_dir).workspaces, add)
    key, secret = made[0]
    if json:
        return print_json({**_shown(key), "key": secret})
    sys.stdout.write(f"{secret}\n")
    return None


@app.command("revoke", epilog="Example: etappe keys revoke 5f1c09ab")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `etappe keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key worthless from now on."""

    def drop(register: Register) -> Register:
        if all(key.id != key_id for key in register.keys):
            raise NothingChanged(f"There is no key {key_id}: look at `etappe keys list`.")
        return register.without_key(key_id)

    change_register(read_settings(data_dir=data_dir).workspaces, drop)
    sys.stdout.write(f"Revoked {key_id}.\n")


def _shown(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "kind": key.kind,
        "workspace": key.workspace,
        "created": iso(key.created),
        "revoked": key.revoked,
    }

"""The workspaces that `etappe workspaces` works on, in the file or at a service: the same calls, the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from etappe.cli.folder import Keys
from etappe.cli.register_place import RegisterPlace, Row, find_service, row_of, rows_of
from etappe.cli.target import Target
from etappe.clock import system_clock
from etappe.register_changes import NoSuchWorkspace, is_workspace_name, make_workspace, set_workspace
from etappe.workspace_fields import Value
from etappe.workspaces import Workspace

_WORKING = ("working", "expiring")

_APART = ("salt", "identity_rules")
"""What is not shown among a workspace's settings: a secret, and what has commands of its own."""


class WorkspaceBook(Protocol):
    """Rows are `name` and the fields. `values` are those of checked fields, see `etappe.workspace_fields`.

    EtappeError where it cannot be done.
    """

    def list(self) -> list[Row]:
        """The operator's is the first. Of a workspace that the token does not open, the name alone."""

    def working_keys(self) -> Mapping[str, int]:
        """How many keys work, for each workspace that can be looked into."""

    def create(self, name: str, values: Mapping[str, Value]) -> Keys: ...
    def set(self, name: str, values: Mapping[str, Value]) -> Row: ...


def open_workspace_book(data_dir: Path | None, url: str | None, token: str | None) -> WorkspaceBook:
    """A service where an address or a token is given, else the file of the data folder."""
    target = find_service(data_dir, url, token)
    return FileWorkspaceBook(RegisterPlace(data_dir)) if target is None else ServiceWorkspaceBook(target)


class FileWorkspaceBook:
    """Every workspace in the file."""

    def __init__(self, place: RegisterPlace) -> None:
        self._place = place

    def list(self) -> list[Row]:
        return [shown(each) for each in self._place.read().workspaces.values()]

    def working_keys(self) -> Mapping[str, int]:
        now = system_clock()
        return Counter(key.workspace for key in self._place.read().keys if key.works(now))

    def create(self, name: str, values: Mapping[str, Value]) -> Keys:
        _, issued = self._place.edit(lambda register: make_workspace(register, name, values, system_clock()))
        return Keys(name, *(secret for _, secret in issued))

    def set(self, name: str, values: Mapping[str, Value]) -> Row:
        return shown(self._place.edit(lambda register: set_workspace(register, name, values)))


class ServiceWorkspaceBook:
    """The token's workspace, by the query API; with the operator's token new ones too."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def list(self) -> list[Row]:
        return [_without_own(row) for row in rows_of(self._target.get("/v1/workspaces"))]

    def working_keys(self) -> Mapping[str, int]:
        rows = rows_of(self._target.get("/v1/keys"))
        return Counter(row["workspace"] for row in rows if row["state"] in _WORKING)

    def create(self, name: str, values: Mapping[str, Value]) -> Keys:
        row = row_of(self._target.post_json("/v1/workspaces", {"name": name, **values}))
        return Keys(row["name"], row["write_key"], row["secret_key"], row["read_token"], row["admin_token"])

    def set(self, name: str, values: Mapping[str, Value]) -> Row:
        if not is_workspace_name(name):  # it must not become another path
            raise NoSuchWorkspace(name)
        return _without_own(row_of(self._target.patch_json(f"/v1/workspaces/{quote(name)}", values)))


def shown(workspace: Workspace) -> Row:
    """All but the salt, which is nobody's business, and the identity rules."""
    row = {name: value for name, value in asdict(workspace).items() if name not in _APART}
    return {**row, "app_ids": list(workspace.app_ids)}


def _without_own(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "own"}

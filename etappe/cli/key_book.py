"""The keys that `etappe keys` works on, in the file or at a service: the same calls, the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from etappe.cli.first_start import WORKSPACE
from etappe.cli.register_place import RegisterPlace, Row, find_service, row_of, rows_of
from etappe.cli.target import Refused, Target
from etappe.clock import system_clock
from etappe.key_fields import key_row
from etappe.register import NothingThere
from etappe.register_changes import Issued, NoSuchKey, issue_key, revoke_key, rotate_key, set_key
from etappe.workspaces import Key, KeyKind


class KeyBook(Protocol):
    """Rows are those of `key_row`; that of a new key has its secret besides, as `key`.

    `workspace` None is the usual one: `default` in the file, that of the token at a service. `fields` are as JSON
    gives them, see `etappe.key_fields`. EtappeError where it cannot be done.
    """

    def list(self, workspace: str | None) -> list[Row]: ...
    def create(self, workspace: str | None, kind: KeyKind, fields: Mapping[str, object]) -> Row: ...
    def rotate(self, key_id: str, grace_seconds: int) -> Row: ...
    def set(self, key_id: str, fields: Mapping[str, object]) -> Row: ...
    def revoke(self, key_id: str) -> Row: ...


def open_key_book(data_dir: Path | None, url: str | None, token: str | None) -> KeyBook:
    """A service where an address or a token is given, else the file of the data folder."""
    target = find_service(data_dir, url, token)
    return FileKeyBook(RegisterPlace(data_dir)) if target is None else ServiceKeyBook(target)


class FileKeyBook:
    """The keys of every workspace in the file."""

    def __init__(self, place: RegisterPlace) -> None:
        self._place = place

    def list(self, workspace: str | None) -> list[Row]:
        register, name = self._place.read(), workspace or WORKSPACE
        if name not in register.workspaces:
            raise NothingThere(f"There is no workspace {name}: look at `etappe workspaces list`.")
        return [_row(key) for key in register.keys_of(name)]

    def create(self, workspace: str | None, kind: KeyKind, fields: Mapping[str, object]) -> Row:
        name = workspace or WORKSPACE
        return _issued(
            self._place.edit(lambda register: issue_key(register, name, kind, fields, system_clock()))
        )

    def rotate(self, key_id: str, grace_seconds: int) -> Row:
        return _issued(
            self._place.edit(lambda register: rotate_key(register, key_id, grace_seconds, system_clock()))
        )

    def set(self, key_id: str, fields: Mapping[str, object]) -> Row:
        return _row(self._place.edit(lambda register: set_key(register, key_id, fields)))

    def revoke(self, key_id: str) -> Row:
        return _row(self._place.edit(lambda register: revoke_key(register, key_id)))


class ServiceKeyBook:
    """The keys of the token's workspace, by the query API."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def list(self, workspace: str | None) -> list[Row]:
        self._check(workspace)
        return rows_of(self._target.get("/v1/keys"))

    def create(self, workspace: str | None, kind: KeyKind, fields: Mapping[str, object]) -> Row:
        self._check(workspace)
        return row_of(self._target.post_json("/v1/keys", {"kind": kind, **fields}))

    def rotate(self, key_id: str, grace_seconds: int) -> Row:
        path = f"{_path(key_id)}/rotate"
        return row_of(self._target.post_json(path, {"grace_seconds": grace_seconds}))

    def set(self, key_id: str, fields: Mapping[str, object]) -> Row:
        return row_of(self._target.patch_json(_path(key_id), fields))

    def revoke(self, key_id: str) -> Row:
        return row_of(self._target.delete(_path(key_id)))

    def _check(self, workspace: str | None) -> None:
        """Refused where another workspace is named than the token's, which no request can name."""
        if workspace is None:
            return
        own = row_of(self._target.get("/v1/workspaces", {"limit": 1}))["name"]
        if workspace != own:
            raise Refused(f"The token is one of the workspace {own}: give an admin token of {workspace}.")


def _path(key_id: str) -> str:
    """NoSuchKey for what is no id: it must not become another path."""
    if not key_id.isalnum():
        raise NoSuchKey(key_id)
    return f"/v1/keys/{quote(key_id)}"


def _issued(issued: Issued) -> Row:
    key, secret = issued
    return {**_row(key), "key": secret}


def _row(key: Key) -> Row:
    return key_row(key, system_clock())

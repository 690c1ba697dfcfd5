"""What may be done to the register: each change is a function from one register to the next and what it made.

The command line and the query API do the same by these; both run them under the register's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etappe.errors import BadInput, Problem
from etappe.key_fields import MOST_KEYS, check_key_fields
from etappe.register import Change, NothingChanged
from etappe.workspaces import KEY_KINDS, Key, KeyKind, Register, Workspace, new_workspace

if TYPE_CHECKING:
    from etappe.identity_rules import IdentityRules

MOST_WORKSPACES = 1_000
NAME = "up to 64 letters, digits, dots, dashes, underscores"

Issued = tuple[Key, str]
"""A key and its secret, which nobody sees again."""


class NoSuchKey(NothingChanged):
    """Nothing was changed."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id[:40]}: look at `etappe keys list` or GET /v1/keys.")


class NoSuchWorkspace(NothingChanged):
    """Nothing was changed."""

    def __init__(self, name: str, remedy: str = "look at `etappe workspaces list`") -> None:
        super().__init__(f"There is no workspace {name[:64]}: {remedy}.")


def issue_key(
    register: Register, workspace: str, kind: KeyKind, fields: Mapping[str, object], now: int
) -> tuple[Register, Issued]:
    """A new key. `fields` as JSON gives them, see `etappe.key_fields`; BadInput with every problem."""
    values = _checked(fields, kind)
    if workspace not in register.workspaces:
        raise NoSuchWorkspace(workspace, f"`etappe workspaces create {workspace}`")
    _check_room(register, workspace, now)
    register, key, secret = register.with_key(kind, workspace, now, **values)
    return register, (key, secret)


def revoke_key(register: Register, key_id: str, workspace: str | None = None) -> tuple[Register, Key]:
    """The key as it is then: worthless. Of this workspace alone, where one is given; again changes nothing."""
    key = find_key(register, key_id, workspace)
    return register.without_key(key.id), replace(key, revoked=True)


def rotate_key(
    register: Register, key_id: str, grace_seconds: int, now: int, workspace: str | None = None
) -> tuple[Register, Issued]:
    """A new key for the same use; the former works for `grace_seconds` more."""
    key = find_key(register, key_id, workspace)
    if not key.works(now):
        raise NothingChanged(f"The key {key.id} is worthless already: create a new one.")
    if key.expires is not None:
        raise NothingChanged(f"The key {key.id} was rotated already: rotate the one that replaces it.")
    _check_room(register, key.workspace, now)
    register, made, secret = register.rotated(key, now, grace_seconds * 1000)
    return register, (made, secret)


def set_key(
    register: Register, key_id: str, fields: Mapping[str, object], workspace: str | None = None
) -> tuple[Register, Key]:
    """The key with other fields; BadInput with every problem."""
    key = find_key(register, key_id, workspace)
    changed = replace(key, **_checked(fields, key.kind))
    return register.with_changed(changed), changed


def find_key(register: Register, key_id: str, workspace: str | None = None) -> Key:
    """NoSuchKey where there is none of this id, or not in this workspace: which of both is not told."""
    key = register.key(key_id)
    if key is None or workspace not in (None, key.workspace):
        raise NoSuchKey(key_id)
    return key


def keep_an_admin_token(register: Register, key: Key) -> None:
    """NothingChanged where without `key` nobody could work on its workspace by the API any more."""
    if key.kind != "admin" or not key.lasts:
        return
    if not any(
        each.kind == "admin" and each.lasts and each.id != key.id for each in register.keys_of(key.workspace)
    ):
        raise NothingChanged(
            f"{key.id} is the last admin token of {key.workspace}: create another one first, or rotate this one "
            "(or revoke it where the file is, by `etappe keys revoke` without --url and --token)."
        )


def make_workspace(
    register: Register, name: str, values: Mapping[str, Any], now: int
) -> tuple[Register, tuple[Workspace, list[Issued]]]:
    """A new workspace and one key of each kind. `values` are those of checked fields, see `workspace_fields`."""
    if not is_workspace_name(name):
        raise BadInput(Problem("name", name, NAME))
    if name in register.workspaces:
        raise NothingChanged(
            f"The workspace {name} exists already: `etappe keys create KIND --workspace {name}` makes keys for it."
        )
    if len(register.workspaces) >= MOST_WORKSPACES:
        raise NothingChanged(f"There are {MOST_WORKSPACES} workspaces, which is the most there may be.")
    _check_app_ids(register, name, values)
    made = replace(new_workspace(name), **values)
    return issue_all_kinds(register.with_workspace(made), made, now)


def issue_all_kinds(
    register: Register, workspace: Workspace, now: int
) -> tuple[Register, tuple[Workspace, list[Issued]]]:
    """One new key of each kind, in the order of KEY_KINDS."""
    issued = []
    for kind in KEY_KINDS:
        register, key, secret = register.with_key(kind, workspace.name, now)
        issued.append((key, secret))
    return register, (workspace, issued)


def set_workspace(register: Register, name: str, values: Mapping[str, Any]) -> tuple[Register, Workspace]:
    """The workspace with other values of checked fields."""
    if name not in register.workspaces:
        raise NoSuchWorkspace(name)
    _check_app_ids(register, name, values)
    changed = replace(register.workspaces[name], **values)
    return register.with_workspace(changed), changed


def with_identity_rules(workspace: str, text: str) -> Change[IdentityRules]:
    """A change that gives a workspace identity rules, empty: the default ones; it makes what the text says.

    BadInput with every problem of the text, found before anybody waits for the register.
    """
    # Phone numbers come with it: large, and the other changes need none of it.
    from etappe.identity_rules import parse_rules  # noqa: PLC0415

    rules = parse_rules(text, "rules")

    def change(register: Register) -> tuple[Register, IdentityRules]:
        return set_workspace(register, workspace, {"identity_rules": text})[0], rules

    return change


def is_workspace_name(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return len(name) <= 64 and plain.isalnum()


def _checked(fields: Mapping[str, object], kind: KeyKind) -> dict[str, Any]:
    values, problems = check_key_fields(fields, kind)
    if problems:
        raise BadInput(*problems)
    return values


def _check_room(register: Register, workspace: str, now: int) -> None:
    if sum(key.works(now) for key in register.keys_of(workspace)) >= MOST_KEYS:
        raise NothingChanged(
            f"{workspace} has {MOST_KEYS} keys that work, which is the most: revoke some first."
        )


def _check_app_ids(register: Register, name: str, values: Mapping[str, Any]) -> None:
    """An app id means one workspace: events must not go to whoever else names it."""
    taken = {each for other in register.workspaces.values() if other.name != name for each in other.app_ids}
    if wrong := [each for each in values.get("app_ids", ()) if each in taken]:
        raise BadInput(Problem("app_ids", wrong, "app ids that no other workspace has"))

"""Workspaces and keys, in one file that every service reads and the operator's commands write.

The file holds salts and hashes of keys, never a key; it is readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from etappe.errors import BadInput, SettingsError

KeyKind = Literal["write", "secret", "read", "admin"]
KEY_KINDS: tuple[KeyKind, ...] = ("write", "secret", "read", "admin")

WORTHLESS_KEYS = 100
"""Revoked and expired keys that a workspace's list goes on showing: the youngest of them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tenant. `gap_days` of silence end a journey; days of an answer are in `time_zone`."""

    name: str
    salt: str
    """Hex; keys the hashes of its identifiers."""
    time_zone: str = "UTC"
    gap_days: float = 90
    lapsed_days: float = 365
    """Days between two journeys after which the later one is of somebody who had lapsed."""
    retention_days: float | None = None
    """Days after which a touchpoint leaves facts and answers; None: never."""
    consent_default: bool = True
    phone_region: str | None = None
    keep_traits: bool = False
    """Whether personal traits (names, addresses, birth dates) are kept."""
    app_ids: tuple[str, ...] = ()
    """Snowplow app ids (`aid`) that mean this workspace, in requests that carry no key."""
    keep_ip: bool = False
    """Whether the truncated IP address is kept with touchpoints."""
    network_cookie: bool = False
    """Whether Snowplow's network cookie is set and read."""
    identity_rules: str = ""
    """YAML, see `etappe.identity_rules`; empty: the default rules. Set by a call of its own."""

    @property
    def salt_bytes(self) -> bytes:
        return bytes.fromhex(self.salt)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key: never the key itself. Times are in ms."""

    id: str
    kind: KeyKind
    workspace: str
    sha256: str
    created: int
    revoked: bool = False
    name: str = ""
    """A label for people."""
    origins: tuple[str, ...] = ()
    """Origins from which browsers may send with it, see `etappe.origins`; empty: all."""
    rate: float | None = None
    """Events (of a token: requests) a second; None: what the setting says; 0: no limit."""
    expires: int | None = None
    """From then on it is worthless: a key that was replaced, in its grace."""
    replaces: str = ""
    """The id of the key that this one was made for in a rotation."""

    def works(self, now: int) -> bool:
        return not self.revoked and (self.expires is None or now < self.expires)

    @property
    def lasts(self) -> bool:
        """Works until somebody revokes it."""
        return not self.revoked and self.expires is None


@dataclass(frozen=True, slots=True)
class Register:
    """All workspaces and keys: a value; changes make a new one."""

    workspaces: Mapping[str, Workspace] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()

    def find(self, secret: str, now: int) -> Key | None:
        """The key behind a secret, unless unknown or worthless; found by hash, so time tells nothing of it."""
        wanted = _digest(secret)
        found = next((key for key in self.keys if secrets.compare_digest(key.sha256, wanted)), None)
        return found if found is not None and found.works(now) else None

    def key(self, key_id: str) -> Key | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def keys_of(self, workspace: str) -> list[Key]:
        return [key for key in self.keys if key.workspace == workspace]

    @property
    def operators(self) -> str:
        """The first workspace, whose admin tokens are those of whoever runs Etappe; empty where there is none."""
        return next(iter(self.workspaces), "")

    def with_workspace(self, workspace: Workspace) -> Register:
        return replace(self, workspaces={**self.workspaces, workspace.name: workspace})

    def with_key(
        self,
        kind: KeyKind,
        workspace: str,
        now: int,
        *,
        name: str = "",
        origins: tuple[str, ...] = (),
        rate: float | None = None,
        replaces: str = "",
    ) -> tuple[Register, Key, str]:
        """The register with a new key, the key, and its secret, which is shown once and kept nowhere."""
        secret = f"{kind[0]}k_{secrets.token_urlsafe(24)}"
        key = Key(
            id=self._new_id(),
            kind=kind,
            workspace=workspace,
            sha256=_digest(secret),
            created=now,
            name=name,
            origins=origins,
            rate=rate,
            replaces=replaces,
        )
        kept = _without_oldest_worthless(self.keys, workspace, now)
        return replace(self, keys=(*kept, key)), key, secret

    def with_changed(self, changed: Key) -> Register:
        """`changed` in the place of the key of the same id."""
        return replace(self, keys=tuple(changed if key.id == changed.id else key for key in self.keys))

    def without_key(self, key_id: str) -> Register:
        keys = tuple(replace(key, revoked=True) if key.id == key_id else key for key in self.keys)
        return replace(self, keys=keys)

    def rotated(self, key: Key, now: int, grace: int) -> tuple[Register, Key, str]:
        """A new secret for the same use, in a key of its own; `key` works for another `grace` ms."""
        former = replace(key, expires=now + grace) if grace else replace(key, revoked=True)
        return self.with_changed(former).with_key(
            key.kind,
            key.workspace,
            now,
            name=key.name,
            origins=key.origins,
            rate=key.rate,
            replaces=key.id,
        )

    def _new_id(self) -> str:
        taken = {key.id for key in self.keys}
        return next(made for made in iter(lambda: secrets.token_hex(4), "") if made not in taken)


def _without_oldest_worthless(keys: tuple[Key, ...], workspace: str, now: int) -> list[Key]:
    """All keys but those that rotation left behind long ago: a register does not grow for ever."""
    worthless = [key.id for key in keys if key.workspace == workspace and not key.works(now)]
    forgotten = set(worthless[:-WORTHLESS_KEYS])
    return [key for key in keys if key.id not in forgotten]


def new_workspace(name: str) -> Workspace:
    return Workspace(name, secrets.token_hex(32))


_REMEDY = "put it back from a backup (identifiers are hashed with its salts)"


def read_register(path: Path) -> Register:
    """The register in `path`; an absent file is an empty register. SettingsError where it is none."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return Register()
    except OSError as error:
        raise SettingsError(
            f"workspaces_file {path} cannot be read ({error.strerror}): give this user the right to read it, "
            "or name another file in ETAPPE_WORKSPACES_FILE."
        ) from error
    except ValueError as error:
        raise SettingsError(f"workspaces_file {path} is no JSON ({error}): {_REMEDY}.") from error
    try:
        workspaces = {each["name"]: _checked(_read(Workspace, each)) for each in content["workspaces"]}
        return Register(workspaces, tuple(_read(Key, each) for each in content["keys"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"workspaces_file {path} is no register of workspaces ({error!r}): {_REMEDY}."
        ) from error


def _read(kind: type[T], fields: dict[str, Any]) -> T:
    """TypeError for a field that there is not, ValueError for a value of another type."""
    kind(**fields)
    return msgspec.convert(fields, kind)


def _checked(workspace: Workspace) -> Workspace:
    """ValueError where identifiers could not be hashed with its salt, or told apart by its rules."""
    try:
        length = len(workspace.salt_bytes)
    except ValueError:
        length = 0
    if not 1 <= length <= blake2b.MAX_KEY_SIZE:
        wanted = f"wanted 2 to {2 * blake2b.MAX_KEY_SIZE} hexadecimal digits"
        raise ValueError(f"the salt of {workspace.name} cannot be used: {wanted}")
    if workspace.identity_rules:
        _check_rules(workspace)
    return workspace


def _check_rules(workspace: Workspace) -> None:
    """ValueError where they cannot be read: nobody can say then who is who."""
    # The register is read by commands too that need none of this.
    from etappe.identity_rules import parse_rules  # noqa: PLC0415

    try:
        parse_rules(workspace.identity_rules)
    except BadInput as error:
        raise ValueError(f"the identity rules of {workspace.name} cannot be used: {error}") from error


def write_register(path: Path, register: Register) -> None:
    """Replace the file in one step; readable by its owner alone."""
    content = {
        "workspaces": [asdict(each) for each in register.workspaces.values()],
        "keys": [asdict(each) for each in register.keys],
    }
    write_private(path, json.dumps(content, indent=2))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing; durable when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write_durably(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_durably(handle: int, text: str) -> None:
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


class RegisterFile:
    """The register in a file, read again when the file has changed (`current` costs one stat)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._register = Register()

    def current(self) -> Register:
        seen = self._stat()
        if seen != self._seen:
            self._register, self._seen = read_register(self._path), seen
        return self._register

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - half the cost of the path's own, for each request
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

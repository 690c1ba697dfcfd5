"""Who may send: keys as requests carry them, and what each allows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs

import structlog

from etappe.errors import SettingsError
from etappe.workspaces import KeyKind, Register, RegisterFile, Workspace
from ingest.limits import BODY_BYTES, LARGE_BODY_BYTES

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends, as far as the collector needs to know."""

    kind: KeyKind
    workspace: Workspace
    salt: bytes

    @property
    def may_send(self) -> bool:
        return self.kind != "read"

    @property
    def trusted(self) -> bool:
        """Servers and operators: larger requests, and any time from 1970 on."""
        return self.kind in ("secret", "admin")

    @property
    def body_bytes(self) -> int:
        return LARGE_BODY_BYTES if self.trusted else BODY_BYTES


class Keys:
    """Finds the caller behind a secret, and remembers it until the register changes.

    Callers are remembered by the secret's digest: comparing digests tells nothing of a secret. Unknown
    secrets are not remembered, so that guessing fills no memory.
    """

    def __init__(self, file: RegisterFile) -> None:
        self._file = file
        self._register = Register()
        self._callers: dict[bytes, Caller] = {}

    def first_known(self, secrets: Iterable[str]) -> Caller | None:
        """The caller of the first secret that is known and not revoked."""
        self._refresh()
        return next((caller for secret in secrets if (caller := self._find(secret))), None)

    def check(self) -> None:
        """SettingsError where nobody could send: no key, or a register that cannot be read."""
        register = self._file.current()
        if not any(not key.revoked and key.kind != "read" for key in register.keys):
            raise SettingsError("No key may send yet: create one with `etappe keys`.")

    def _refresh(self) -> None:
        try:
            register = self._file.current()
        except SettingsError as error:
            # A register that somebody breaks must not stop senders: the last good one goes on.
            log.warning("register_unreadable", error=str(error))
            return
        if register is not self._register:
            self._register, self._callers = register, {}

    def _find(self, secret: str) -> Caller | None:
        digest = sha256(secret.encode()).digest()
        if (caller := self._callers.get(digest)) is not None:
            return caller
        key = self._register.find(secret)
        workspace = self._register.workspaces.get(key.workspace) if key else None
        if key is None or workspace is None:
            return None
        caller = self._callers[digest] = Caller(key.kind, workspace, workspace.salt_bytes)
        return caller


def secrets_of(authorization: bytes, query: bytes) -> list[str]:
    """What a request presents as keys, in this order: Bearer or Basic user name, `?key=`, `?writeKey=`."""
    secrets = [_authorization(authorization)] if authorization else []
    if query:
        parameters = parse_qs(query.decode("latin-1"), errors="replace")
        secrets += parameters.get("key", []) + parameters.get("writeKey", [])
    return [secret for secret in secrets if secret]


def _authorization(header: bytes) -> str:
    scheme, _, value = header.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip().decode("latin-1")
    if scheme.lower() == b"basic":
        return _basic_user(value.strip())
    return ""


def _basic_user(value: bytes) -> str:
    """SDKs send `key:` with an empty password; a missing colon is tolerated."""
    try:
        return base64.b64decode(value).partition(b":")[0].decode("latin-1")
    except binascii.Error:
        return ""

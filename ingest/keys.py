"""Who may send: keys as requests carry them, what each allows, and who is meant where there is none."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs

import structlog

from etappe.clock import Clock, system_clock
from etappe.errors import SettingsError
from etappe.workspaces import Key, KeyKind, Register, RegisterFile, Workspace
from ingest.limits import BODY_BYTES, LARGE_BODY_BYTES

log = structlog.get_logger()

MOST_SPELLINGS = 4_096
"""Of headers that are remembered: who has a key may write it in many ways."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends, as far as the collector needs to know."""

    kind: KeyKind
    workspace: Workspace
    salt: bytes
    key_id: str = ""
    """Empty: the request carried no key, and its workspace was found another way."""
    origins: frozenset[str] = frozenset()
    """Origins from which browsers may send with the key, see `etappe.origins`; empty: all."""
    rate: float = 0
    """Events a second, 0: no limit."""
    expires: int | None = None
    """Ms; from then on the key is worthless."""

    @property
    def rate_key(self) -> str:
        """Whose bucket its events come from: the key's, or that of all who send to the workspace without one."""
        return self.key_id or f"workspace {self.workspace.name}"

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
    secrets are not remembered, so that guessing fills no memory. `rate_limit` is that of keys which have
    none of their own.
    """

    def __init__(self, file: RegisterFile, rate_limit: float = 0, clock: Clock = system_clock) -> None:
        self._file = file
        self._rate_limit = rate_limit
        self._clock = clock
        self._register = Register()
        self._callers: dict[bytes, Caller] = {}
        self._authorised: dict[bytes, Caller] = {}
        """By the digest of the whole header."""
        self._apps: dict[str, Caller] = {}
        self._only: Caller | None = None
        self._looked = False

    def first_known(self, secrets: Iterable[str]) -> Caller | None:
        """The caller of the first secret that is known and works."""
        self._refresh()
        return next((caller for secret in secrets if (caller := self._find(secret))), None)

    def first_authorised(self, authorization: bytes) -> Caller | None:
        """The same for a request with this header and no other key: nearly all are, and send nearly always the same."""
        self._refresh()
        digest = sha256(authorization).digest()
        caller = self._authorised.get(digest)
        if caller is None:
            return self._authorise(authorization, digest)
        return caller if caller.expires is None or caller.expires > self._clock() else None

    def _authorise(self, authorization: bytes, digest: bytes) -> Caller | None:
        caller = self.first_known(secrets_of(authorization, b""))
        if caller is not None:
            if len(self._authorised) >= MOST_SPELLINGS:
                self._authorised.clear()
            self._authorised[digest] = caller
        return caller

    def workspace_of_app(self, app_id: str) -> Caller | None:
        """For Snowplow trackers, which carry no key: who sends as this app id."""
        self._refresh()
        return self._apps.get(app_id)

    def only_workspace(self) -> Caller | None:
        """For the same: the only workspace there is; None where there are several."""
        self._refresh()
        return self._only

    def check(self) -> None:
        """SettingsError where nobody could send: no key, or a register that cannot be read."""
        register, now = self._file.current(), self._clock()
        if not any(key.works(now) and key.kind != "read" for key in register.keys):
            raise SettingsError("No key may send yet: create one with `etappe keys`.")

    def _refresh(self) -> None:
        """The file is looked at once for all requests that are here at the same moment: a look is a system call."""
        if self._looked:
            return
        self._looked = _soon(self._look_again)
        try:
            register = self._file.current()
        except SettingsError as error:
            # A register that somebody breaks must not stop senders: the last good one goes on.
            log.warning("register_unreadable", error=str(error))
            return
        if register is not self._register:
            self._register, self._callers, self._authorised = register, {}, {}
            keyless = [self._keyless(each) for each in register.workspaces.values()]
            self._only = keyless[0] if len(keyless) == 1 else None
            self._apps = _by_app(keyless)

    def _look_again(self) -> None:
        self._looked = False

    def _find(self, secret: str) -> Caller | None:
        digest = sha256(secret.encode()).digest()
        caller = self._callers.get(digest)
        if caller is None:
            caller = self._known(secret)
            if caller is not None:
                self._callers[digest] = caller
        elif caller.expires is not None and caller.expires <= self._clock():
            return None
        return caller

    def _known(self, secret: str) -> Caller | None:
        key = self._register.find(secret, self._clock())
        workspace = self._register.workspaces.get(key.workspace) if key else None
        return None if key is None or workspace is None else self._keyed(key, workspace)

    def _keyed(self, key: Key, workspace: Workspace) -> Caller:
        return Caller(
            key.kind,
            workspace,
            workspace.salt_bytes,
            key.id,
            frozenset(key.origins),
            self._rate_limit if key.rate is None else key.rate,
            key.expires,
        )

    def _keyless(self, workspace: Workspace) -> Caller:
        return Caller("write", workspace, workspace.salt_bytes, rate=self._rate_limit)


def _soon(call: Callable[[], None]) -> bool:
    """Done before the event loop looks for what has come since; False where there is no loop to do it."""
    try:
        asyncio.get_running_loop().call_soon(call)
    except RuntimeError:
        return False
    return True


def _by_app(callers: Iterable[Caller]) -> dict[str, Caller]:
    """An app id that two workspaces claim (in a file edited by hand) means neither."""
    found: dict[str, Caller] = {}
    twice: set[str] = set()
    for caller in callers:
        for app_id in caller.workspace.app_ids:
            if app_id in found:
                twice.add(app_id)
            found[app_id] = caller
    return {app_id: caller for app_id, caller in found.items() if app_id not in twice}


def secrets_of(authorization: bytes, query: bytes, write_key: bytes = b"") -> list[str]:
    """What a request presents as keys, in this order: Bearer or Basic user name, `?key=`, `?writeKey=`, header.

    `write_key` is the value of `X-Write-Key`: the key, perhaps with a colon and more behind it.
    """
    secrets = [_authorization(authorization)] if authorization else []
    if query:
        parameters = parse_qs(query.decode("latin-1"), errors="replace")
        secrets += parameters.get("key", []) + parameters.get("writeKey", [])
    if write_key:
        secrets.append(write_key.partition(b":")[0].strip().decode("latin-1"))
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

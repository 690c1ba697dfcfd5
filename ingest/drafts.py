"""What a protocol hands on: touchpoints in the making, the same for every protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import msgspec

from etappe.touchpoint import ABSENT, Touchpoint
from etappe.workspaces import Workspace
from ingest.addresses import holds_address
from ingest.keys import Caller
from ingest.reasons import Refusal


class Sender:
    """Who sent a request, and when the collector got it (milliseconds since 1970, UTC)."""

    __slots__ = ("caller", "new_touchpoint", "received")

    def __init__(self, caller: Caller, received: int) -> None:
        self.caller = caller
        self.received = received
        blank = _blank(caller.workspace, received)
        self.new_touchpoint: Callable[[], Touchpoint] = blank.__copy__  # type: ignore[attr-defined]  # not in its stubs
        """A touchpoint with what all of the request have in common. A copy of it that gets the fields its
        event has costs half of a construction that names them all."""


def _blank(workspace: Workspace, received: int) -> Touchpoint:
    granted = workspace.consent_default
    return Touchpoint(
        workspace=workspace.name,
        id="",
        event="",
        at=received,
        stamp=received,
        identifiers=[],
        consent_analytics=granted,
        consent_linking=granted,
    )


class WirePage(msgspec.Struct, gc=False):
    """The page or screen it happened on, as sent; `path` follows from `url` where it is absent."""

    url: str | None = None
    path: str | None = None
    title: str | None = None
    referrer: str | None = None


class Draft(msgspec.Struct, gc=False):
    """A touchpoint in the making, and what the sender said that a step has yet to read."""

    touchpoint: Touchpoint
    names: Collection[tuple[str, object]]
    """Identifiers as sent: type and value."""
    at: object = None
    sent_at: object = None
    traits: bytes = b""
    """A JSON object, or empty: the touchpoint's, to look into."""
    properties: bytes = b""
    page: WirePage | None = None
    former: object = None
    """The untyped id that an alias event gives up."""


MakeDraft = Callable[[Any, Sender], Draft | Refusal]


class Wire(NamedTuple):
    """A body taken apart."""

    events: Sequence[Any]
    """Each as it was written (bytes), or decoded, where the protocol has seen to its size and depth."""
    draft: MakeDraft
    """Makes a draft of one of them."""
    bodies: Callable[[], Sequence[bytes]]
    """All of them as they were written."""


class WireProtocol(Protocol):
    """One protocol on one path."""

    name: str
    """What touchpoints carry as their source."""

    key_in_body: bool

    def key_in(self, body: bytes) -> str | None:
        """The key that the body carries, where the protocol allows that and the body can be read; BadInput where
        it is no text."""

    def read(self, body: bytes) -> Wire:
        """Take a body apart; BadInput where it is malformed or holds nothing."""

    def reply(self, accepted: int) -> tuple[int, dict[str, Any]]:
        """Status and content once every accepted event is durable."""


def text_of(value: object) -> str | None:
    """A scalar as text: 42 and 42.0 are "42", null and absent are "". None where it is no scalar."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if value == int(value) else repr(value)


@lru_cache(maxsize=512)
def country_of(text: str) -> str:
    """Two letters (ISO 3166), as capitals; names of countries are not read."""
    return text.upper() if len(text) == 2 and text.isalpha() and text.isascii() else ""


@lru_cache(maxsize=512)
def currency_of(text: str) -> str:
    """Three letters (ISO 4217), as capitals; signs of currencies are not read."""
    return text.upper() if len(text) == 3 and text.isalpha() and text.isascii() else ""


def account_of(text: str) -> str:
    """The account; none where it holds an e-mail address, since with those taken out many would be the same."""
    return "" if holds_address(text) else text.strip()


def as_object(raw: msgspec.Raw) -> bytes | None:
    """Raw JSON where it is an object with something in it, empty bytes where it is absent; None otherwise."""
    if raw is ABSENT:
        return b""
    content = bytes(raw)
    if content.startswith(b"{"):
        return b"" if content == b"{}" else content
    return b"" if content == b"null" else None


def as_raw(content: bytes) -> msgspec.Raw:
    """The other way round."""
    return msgspec.Raw(content) if content else ABSENT

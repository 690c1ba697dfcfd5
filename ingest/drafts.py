"""What a protocol hands on: touchpoints in the making, the same for every protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence, Set
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

import msgspec

from etappe.identifiers import Identifier
from etappe.identity_rules import parse_rules
from etappe.touchpoint import ABSENT, Touchpoint
from etappe.workspaces import Workspace
from ingest.addresses import holds_address
from ingest.keys import Caller
from ingest.known import impersonal, known_identifiers
from ingest.reasons import Reason, Refusal, refuse

_PARAMETERS = re.compile(r"[?#].*", re.DOTALL)


class Visitor(NamedTuple):
    """What a request's head says of the visitor whose browser sent it; all empty where that is a server."""

    agent: str = ""
    country: str = ""
    address: str = ""
    """Truncated, see `truncated`."""
    objects: bool = False
    """To being tracked, by the browser's signal: consent is denied where the event says nothing of it."""


NOBODY = Visitor()


class Sender:
    """Who sent a request, by which protocol, and when the collector got it (milliseconds since 1970, UTC)."""

    __slots__ = (
        "_blank",
        "_source",
        "caller",
        "impersonal",
        "import_id",
        "is_usual",
        "known",
        "received",
        "rules",
        "visitor",
    )

    def __init__(
        self,
        caller: Caller,
        received: int,
        source: str = "native",
        visitor: Visitor = NOBODY,
        import_id: str = "",
    ) -> None:
        self.caller = caller
        self.received = received
        self.visitor = visitor
        self.import_id = import_id
        self.rules = rules = parse_rules(caller.workspace.identity_rules)
        self.known = known_identifiers(caller.salt, caller.workspace.phone_region, rules.version)
        self.impersonal: Set[bytes] = frozenset() if rules.also_personal else impersonal
        """Properties that were looked into before: nothing of them is dropped."""
        self._source = source
        self._blank: Touchpoint | None = None
        self.is_usual = (
            source == "native" and not import_id and visitor is NOBODY and caller.workspace.consent_default
        )

    @property
    def blank(self) -> Touchpoint:
        """What all touchpoints of the request have in common; made for who asks, as many requests need none."""
        if self._blank is None:
            self._blank = _blank(
                self.caller.workspace, self.received, self._source, self.visitor, self.import_id
            )
        return self._blank

    def new_touchpoint(self) -> Touchpoint:
        """A copy that gets the fields its event has: half the cost of a construction that names them all."""
        copy: Touchpoint = self.blank.__copy__()  # type: ignore[attr-defined]  # not in its stubs
        return copy

    def sign(self, touchpoint: Touchpoint) -> None:
        """The same for one that exists and has said nothing of this; workspace and stamp are all where the sender
        `is_usual`.
        """
        blank = self.blank
        touchpoint.consent_analytics = blank.consent_analytics
        touchpoint.consent_linking = blank.consent_linking
        touchpoint.user_agent = blank.user_agent
        touchpoint.country = blank.country
        touchpoint.source = blank.source
        touchpoint.import_id = blank.import_id


def _blank(workspace: Workspace, received: int, source: str, visitor: Visitor, import_id: str) -> Touchpoint:
    granted = workspace.consent_default and not visitor.objects
    return Touchpoint(
        workspace=workspace.name,
        id="",
        event="",
        at=received,
        stamp=received,
        identifiers=[],
        consent_analytics=granted,
        consent_linking=granted,
        user_agent=visitor.agent,
        country=country_of(visitor.country),
        source=source,
        import_id=import_id,
    )


class WirePage(msgspec.Struct, gc=False):
    """The page or screen it happened on, as sent; `path` follows from `url` where it is absent."""

    url: str | None = None
    path: str | None = None
    title: str | None = None
    referrer: str | None = None


def without_parameters(page: WirePage) -> WirePage:
    """The page, and where it was come from, without what follows `?` or `#`: click ids name a person."""
    url, referrer = (text and _PARAMETERS.sub("", text) for text in (page.url, page.referrer))
    return WirePage(url, page.path, page.title, referrer)


class Draft(msgspec.Struct, gc=False):
    """A touchpoint in the making, and what the sender said that a step has yet to read."""

    touchpoint: Touchpoint
    names: Collection[tuple[str, object]]
    """Identifiers as sent, type and value, that the touchpoint does not have yet."""
    at: object = None
    sent_at: object = None
    traits: bytes = b""
    """A JSON object, or empty: the touchpoint's, to look into."""
    properties: bytes = b""
    page: WirePage | None = None
    former: object = None
    """The untyped id that an alias event gives up."""
    address: str = ""
    """The visitor's IP address, where the event says it; `put_addresses` truncates it before anything else."""
    refusal: Refusal | None = None
    """Why the event is refused, once a step has."""

    def refuse(self, reason: Reason, detail: str = "") -> bool:
        """True, so that a step can say so."""
        self.refusal = refuse(reason, detail)
        return True


MakeDraft = Callable[[Any, Sender], Draft | Refusal]
MakeDrafts = Callable[[Sequence[Any], Sender], list[Draft | Refusal] | None]


class Wire(NamedTuple):
    """A body taken apart."""

    events: Sequence[Any]
    """Each as it was written (bytes), or decoded, where the protocol has seen to its size and depth."""
    draft: MakeDraft
    """Makes a draft of one of them; where there is `drafts`, of one of `bodies`."""
    bodies: Callable[[], Sequence[bytes]]
    """All of them as they were written."""
    outer: Callable[[], bytes] = bytes
    """The rest of the body, which says something for all of them, with their list left empty; empty: nothing."""
    headers: Callable[[], tuple[tuple[bytes, bytes], ...]] = tuple
    """What the reply says besides, once all drafts are made: cookies."""
    anonymous: bool = False
    """Whether the request's head says that its visitor is to stay unknown."""
    unbroken: bool = False
    """Whether no line break stands anywhere in the body, between its values neither."""
    drafts: MakeDrafts | None = None
    """Makes those of all of them at once, where that costs less; or none, where they have to be read one by one."""


_decode_identifiers = msgspec.json.Decoder(list[Identifier]).decode


def identifiers_in(touchpoint: Touchpoint) -> list[Identifier]:
    """Also where they are JSON already, as they will be written."""
    found: list[Identifier] | msgspec.Raw = touchpoint.identifiers
    if isinstance(found, msgspec.Raw):
        return _decode_identifiers(found) if found else []
    return found


def text_of(value: object) -> str | None:
    """A scalar as text: 42 and 42.0 are "42", null and absent are "". None where it is no scalar."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if value == int(value) else repr(value)


def country_of(text: str) -> str:
    """Two letters (ISO 3166), as capitals; names of countries are not read."""
    return _letters(text) if len(text) == 2 else ""


def currency_of(text: str) -> str:
    """Three letters (ISO 4217), as capitals; signs of currencies are not read."""
    return _letters(text) if len(text) == 3 else ""


@lru_cache(maxsize=512)
def _letters(text: str) -> str:
    """Of short texts alone: what is remembered must not be as long as a sender likes."""
    return text.upper() if text.isalpha() and text.isascii() else ""


def truncated(address: str) -> str:
    """An IP address as its network, such as `203.0.113.0/24`; empty for what is none."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


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

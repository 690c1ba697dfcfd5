"""A touchpoint as the log carries it: what the collector writes to topic `touchpoints` and the stitcher reads.

JSON, so that any tool can read the log. Personal values are hashed, truncated or dropped before they get here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from etappe.identifiers import Identifier

Contact = Literal["", "interactive", "static", "human"]

ABSENT = msgspec.Raw(b"")
"""No JSON. It is left out of a record because it is this very object: another empty Raw would not be."""


class Page(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    url: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""


class Campaign(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    source: str = ""
    medium: str = ""
    name: str = ""
    term: str = ""
    content: str = ""


class Touchpoint(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One record of topic `touchpoints`. Times in milliseconds since 1970, UTC; absent texts are empty."""

    workspace: str
    id: str
    event: str
    at: int
    stamp: int
    """Receipt by the collector."""
    identifiers: list[Identifier]
    """Best-ranked first, at least one, no value twice."""
    alias: list[Identifier] = []
    """The former ids an alias event names, best reading first (an untyped id: user_id, then anonymous_id)."""
    seq: int = 0
    account: str = ""
    channel: str = ""
    """As the sender said; what it is in the end is decided when the touchpoint is normalised."""
    contact: Contact = ""
    offline: bool = False
    page: Page = Page()
    campaign: Campaign = Campaign()
    value: float | None = None
    currency: str = ""
    sentiment: float | None = None
    experiments: dict[str, str] = {}
    consent_analytics: bool = True
    consent_linking: bool = True
    user_agent: str = ""
    """The visitor's, where one is known; empty for servers and imports."""
    country: str = ""
    traits: msgspec.Raw = ABSENT
    properties: msgspec.Raw = ABSENT
    source: str = "native"
    """The protocol it came by."""
    ip: str = ""
    """The visitor's network (203.0.113.0/24), where the workspace keeps it."""
    import_id: str = ""
    """The import it belongs to, which may be undone as a whole."""


class Reject(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One record of topic `rejects`: an event that the collector refused and why, or that it was replayed since.

    Holds all that a replay needs to read the event as it would have been read; nothing personal.
    """

    workspace: str
    id: str
    reason: str
    detail: str
    stamp: int
    """Receipt by the collector, ms."""
    source: str = "native"
    """The protocol it came by."""
    path: str = ""
    """Where it was sent: which of the protocol's calls it is."""
    caller: str = ""
    """The kind of its key."""
    agent: str = ""
    country: str = ""
    """Both of the request's head, where a browser sent it."""
    import_id: str = ""
    body: msgspec.Raw = msgspec.Raw(b"null")
    """As it was sent, with `marks` in place of identifiers that are personal; null where it is not kept."""
    outer: msgspec.Raw = ABSENT
    """What its request said for all of its events, their list left empty."""
    marks: list[str] = []
    """The texts in `body` and `outer` that the collector put there in place of an identifier."""
    state: Literal["open", "replayed"] = "open"
    replayed_at: int = 0
    replayed_by: str = ""
    """The id of the admin token."""


encode_record: Callable[[Touchpoint | Reject], bytes] = msgspec.json.Encoder().encode
"""A record's bytes; the encoder itself, since a call around it would be a tenth of its time."""

encode_records: Callable[[Sequence[Touchpoint]], bytes] = msgspec.json.Encoder().encode_lines
"""Those of many, each with a line break at its end."""

_decode = msgspec.json.Decoder(Touchpoint).decode
_decode_reject = msgspec.json.Decoder(Reject).decode


def decode_touchpoint(value: bytes) -> Touchpoint:
    """msgspec.DecodeError or ValidationError where the record is not one."""
    return _decode(value)


def decode_reject(value: bytes) -> Reject:
    """As `decode_touchpoint`."""
    return _decode_reject(value)


def record_key(workspace: str, event_id: str) -> bytes:
    """The log key: copies of an event share it, so they meet in one partition."""
    return f"{workspace}\0{event_id}".encode()

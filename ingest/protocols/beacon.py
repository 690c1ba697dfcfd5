"""What browsers send without an SDK: `POST /b` (sendBeacon, the tracker) and `GET /b.gif` (a pixel).

Both carry native events. A beacon cannot set headers, so its key may stand in the body:
`{"key", "events": [event, …]}` or `{"key", …event}`; a pixel's fields are parameters of its address, with dots
for nesting: `?key=…&event=Email+Opened&anonymous_id=…&campaign.source=news`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from etappe.errors import BadInput, Problem
from etappe.identity_rules import DEFAULT_RULES
from ingest.drafts import Wire
from ingest.http import Head
from ingest.json_events import as_written, check_utf8, reading
from ingest.keys import Caller, Keys
from ingest.protocols import Description
from ingest.protocols.native import draft_of_written, read_events
from ingest.receipts import Reply, Result, pixel_receipt, receipt

BEACON_PATHS = ("/b",)
PIXEL_PATHS = ("/b.gif",)

_NUMBERS = frozenset(("value", "sentiment", "seq"))
_FLAGS = frozenset(("offline", "consent.analytics", "consent.linking"))
_FREE = ("properties.", "traits.", "experiments.")
_NOT_FIELDS = frozenset(("key", "writeKey"))


class BeaconEnvelope(msgspec.Struct):
    """The body of a beacon with several events."""

    key: object = None
    events: list[msgspec.Raw] | None = None


_decode_envelope = msgspec.json.Decoder(BeaconEnvelope).decode


class Beacon:
    """`POST /b`: an envelope, or whatever `POST /v1/touchpoints` takes."""

    name = "beacon"
    methods = ("POST",)
    from_browsers = True
    names_caller = True
    described = Description(
        "Send touchpoints from a page.",
        202,
        "Receipt",
        body=BeaconEnvelope,
        properties={"events": {"type": "array", "items": {"$ref": "#/components/schemas/NativeEvent"}}},
    )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        check_utf8(body)
        try:
            key = _decode_envelope(body).key
        except (msgspec.DecodeError, RecursionError):
            return None
        return keys.first_known([key] if isinstance(key, str) else [])

    def read(self, body: bytes, head: Head) -> Wire:
        listed = _events_of(body)
        if listed is None:
            return read_events(body)
        if not listed:
            raise BadInput(Problem("events", "nothing to read", "an array of events"))
        return Wire(listed, draft_of_written, lambda: listed)

    def reply(self, result: Result, head: Head) -> Reply:
        return receipt(202, {}, result)


def _events_of(body: bytes) -> list[bytes] | None:
    """The envelope's events; None where the body is none."""
    if body.lstrip()[:1] != b"{":
        return None
    try:
        envelope = reading(_decode_envelope, body)
    except BadInput:
        return None
    return None if envelope.events is None else as_written(envelope.events)


class Pixel:
    """`GET /b.gif`: one event in the address."""

    name = "pixel"
    methods = ("GET", "HEAD")
    from_browsers = True
    names_caller = False
    described = Description(
        "Send one touchpoint as the address of a picture.",
        200,
        media="image/gif",
        parameters=(
            "key",
            "event",
            "id",
            "at",
            "anonymous_id",
            "user_id",
            "channel",
            "page.url",
            "campaign.source",
        ),
    )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return None

    def read(self, body: bytes, head: Head) -> Wire:
        event = event_of(head.parameters)
        if not event:
            raise BadInput(
                Problem("query", "nothing to read", "an event's fields, such as event=Email+Opened")
            )
        written = [orjson.dumps(event)]
        return Wire(written, draft_of_written, lambda: written)

    def reply(self, result: Result, head: Head) -> Reply:
        return pixel_receipt(result)


def event_of(parameters: dict[str, str]) -> dict[str, Any]:
    """A native event; what cannot be a number or a flag stays text, and the event is refused for it."""
    event: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in _NOT_FIELDS:
            path = f"identifiers.{name}" if name in DEFAULT_RULES.types else name
            _put(event, path, _value(path, text))
    return event


def _put(event: dict[str, Any], path: str, value: object) -> None:
    """The first dot nests; those of a free name belong to it. A field that is both text and object stays the first."""
    head, dot, rest = path.partition(".")
    if not dot:
        event.setdefault(head, value)
        return
    inside = event.setdefault(head, {})
    if isinstance(inside, dict):
        inside[rest] = value


def _value(path: str, text: str) -> object:
    if path in _NUMBERS or path in _FLAGS or path.startswith(_FREE):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        return text if isinstance(found, dict | list) else found
    return text

"""The Snowplow tracker protocol: `POST /com.snowplowanalytics.snowplow/tp2` and other `/vendor/version` pairs, and
pixels (`GET /i`), whose query is one event.

Source: Snowplow's public documentation of the tracker protocol, and what its trackers send. See docs/protocols.md
for what becomes of each field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
import orjson

from etappe.errors import BadInput, Problem, SettingsError
from ingest.drafts import Wire
from ingest.http import Head
from ingest.json_events import as_written, reading
from ingest.keys import Caller, Keys, secrets_of
from ingest.protocols import Description, WireProtocol
from ingest.protocols.snowplow.cookie import NetworkCookie
from ingest.protocols.snowplow.events import FIELDS, EventReader
from ingest.protocols.snowplow.kinds import KINDS
from ingest.receipts import Reply, Result, ok_receipt, pixel_receipt

TRACKER_PATH = "/com.snowplowanalytics.snowplow/tp2"
PIXEL_PATHS = ("/i", "/ice.png")

_PAIR = re.compile(r"/[A-Za-z0-9_.~\-]+/[A-Za-z0-9_.~\-]+")
_WRITTEN_APP = re.compile(rb'"aid"\s*+:\s*+"([^"\\]{1,100})"')

_NOT_FIELDS = frozenset(("key", "writeKey"))

_ENVELOPE = orjson.dumps(
    {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": []}
)


class SnowplowPayload(msgspec.Struct):
    """The body of a tracker's request."""

    schema: object = None
    data: list[msgspec.Raw] | None = None


class _App(msgspec.Struct):
    aid: object = None


class _Apps(msgspec.Struct):
    data: list[_App] = []


_decode_payload = msgspec.json.Decoder(SnowplowPayload).decode
_decode_apps = msgspec.json.Decoder(_Apps).decode

_EVENT_SCHEMA = {
    "type": "object",
    "required": ["e"],
    "properties": {
        "e": {"type": "string", "enum": list(KINDS)},
        **{name: {"type": "string"} for name in sorted(FIELDS - {"e"})},
    },
}


class Snowplow:
    """Several events in the body."""

    name = "snowplow"
    methods: tuple[str, ...] = ("POST",)
    from_browsers = False  # servers send too; that a browser did, its Origin tells
    names_caller = True
    described = Description(
        "Snowplow: several events.",
        media="text/plain",
        body=SnowplowPayload,
        required=("data",),
        properties={
            "schema": {"type": "string"},
            "data": {"type": "array", "minItems": 1, "items": _EVENT_SCHEMA},
        },
    )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return None if _presents_key(head) else _caller_of(_app_in(body), keys)

    def read(self, body: bytes, head: Head) -> Wire:
        payload = reading(_decode_payload, body)
        if not payload.data:
            raise BadInput(Problem("data", "nothing to read", "an array of events"))
        return _wire(as_written(payload.data), _app_in(body), head)

    def reply(self, result: Result, head: Head) -> Reply:
        return ok_receipt(result)


class SnowplowPixel:
    """One event in the query."""

    name = "snowplow"
    methods: tuple[str, ...] = ("GET", "HEAD")
    from_browsers = True
    names_caller = True
    described = Description(
        "Snowplow: one event as the address of a picture.",
        media="image/gif",
        parameters=("key", *sorted(FIELDS)),
    )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return None if _presents_key(head) else _caller_of(head.parameters.get("aid", ""), keys)

    def read(self, body: bytes, head: Head) -> Wire:
        event = {name: value for name, value in head.parameters.items() if name not in _NOT_FIELDS}
        if not event:
            raise BadInput(Problem("query", "nothing to read", "an event's fields, such as e=pv&duid=1"))
        return _wire([orjson.dumps(event)], event.get("aid", ""), head)

    def reply(self, result: Result, head: Head) -> Reply:
        return pixel_receipt(result)


def paths(pairs: Iterable[str] = (), taken: Collection[str] = ()) -> dict[str, tuple[WireProtocol, ...]]:
    """The protocol's own paths and the configured `pairs` of vendor and version.

    SettingsError: one of them is no pair, or `taken`.
    """
    for pair in pairs:
        if pair in taken or not _PAIR.fullmatch(pair):
            wanted = "another path" if pair in taken else "/vendor/version, of letters, digits, -, _, . and ~"
            raise SettingsError(f"snowplow_paths holds {pair!r} (wanted {wanted}).")
    found: dict[str, tuple[WireProtocol, ...]] = {path: (SnowplowPixel(),) for path in PIXEL_PATHS}
    return found | {path: (Snowplow(), SnowplowPixel()) for path in (TRACKER_PATH, *pairs)}


def _wire(events: list[bytes], app: str, head: Head) -> Wire:
    """`app` is the first event's app id."""
    anonymous = bool(head.header(b"sp-anonymous"))
    cookie = NetworkCookie(head)
    draft_of = EventReader(app, anonymous, cookie).draft_of
    return Wire(
        events,
        draft_of,
        lambda: events,
        lambda: _ENVELOPE,
        cookie.headers,
        anonymous,
    )


def _presents_key(head: Head) -> bool:
    """A key that was given has to be one that works: nothing else is tried in its place."""
    return bool(secrets_of(head.header(b"authorization"), head.query, head.header(b"x-write-key")))


def _caller_of(app: str, keys: Keys) -> Caller | None:
    return keys.workspace_of_app(app) or keys.only_workspace()


def _app_in(body: bytes) -> str:
    """The first app id in a body, which is neither mended nor looked through but for that."""
    try:
        listed: list[Any] = [each.aid for each in _decode_apps(body).data]
    except (msgspec.DecodeError, RecursionError):
        found = _WRITTEN_APP.search(body)
        return found[1].decode(errors="replace") if found else ""
    return next((each for each in listed if isinstance(each, str) and each), "")

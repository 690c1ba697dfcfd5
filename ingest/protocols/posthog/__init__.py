"""PostHog's capture protocol: `POST /capture/ /e/ /batch/ /track/ /i/v0/e/ /i/v1/analytics/events` and the pixel.

Sources: PostHog's capture API and its SDKs. See docs/protocols.md for what becomes of each field. Browsers' SDKs
also ask for settings before they send: those are answered in `ingest.posthog_settings`.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from urllib.parse import unquote_to_bytes

import msgspec

from etappe.errors import BadInput, Problem
from ingest.bodies import decompress
from ingest.drafts import Draft, Sender, Wire
from ingest.http import Head
from ingest.json_events import around, as_written, check_utf8, reading, split_events
from ingest.keys import Caller, Keys
from ingest.lenient import json_object
from ingest.limits import BODY_BYTES
from ingest.protocols import Description
from ingest.protocols.posthog.events import PostHogEvent, Request, draft_of
from ingest.reasons import Refusal
from ingest.receipts import Reply, Result, receipt

EVENT_PATHS = ("/capture", "/e", "/i/v0/e", "/track")
BATCH_PATHS = ("/batch", "/s")
"""`/s`: recordings of sessions, each of which is refused."""
RESULTS_PATH = "/i/v1/analytics/events"

WANTED = "a JSON object, an array of objects, or one of them in base64"
_KEY_WRITTEN = re.compile(rb'"(?:api_key|token|\$token)"\s*+:\s*+"([\w\-.]{1,200})"')
_FORM = b"data="
MS_DIGITS = 13
"""Of a time in milliseconds, until the year 2286."""
LIBRARY_CHARS = 100


class PostHogBatch(msgspec.Struct, gc=False):
    """The envelope of several events. Its sending time beats theirs."""

    batch: list[msgspec.Raw] | None = None
    api_key: object = None
    token: object = None
    sent_at: object = None
    historical_migration: object = None


class _Keyed(PostHogEvent, rename={"dollar_token": "$token"}, gc=False):
    """The fields in which a body, or an event, may carry its key."""

    batch: list[msgspec.Raw] | None = None


_decode_keyed = msgspec.json.Decoder(_Keyed).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_batch = msgspec.json.Decoder(PostHogBatch).decode

_EVENTS = {"type": "array", "items": {"$ref": "#/components/schemas/PostHogEvent"}}


class PostHog:
    """Events in a body: one, an array, or an envelope, whichever path they come by."""

    name = "posthog"
    methods: tuple[str, ...] = ("POST",)
    from_browsers = False
    names_caller = True

    def __init__(self, batch: bool = False) -> None:
        self.described = (
            Description(
                "PostHog: events.", reply="PostHogReceipt", body=PostHogBatch, properties={"batch": _EVENTS}
            )
            if batch
            else Description(
                "PostHog: an event, or several.", reply="PostHogReceipt", body=PostHogEvent, lists=True
            )
        )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        key = key_in(_unwrapped(body))
        return keys.first_known([key] if key else [])

    def read(self, body: bytes, head: Head) -> Wire:
        return read_events(_unwrapped(body), head)

    def reply(self, result: Result, head: Head) -> Reply:
        return receipt(200, {"status": "Ok"} if result.accepted else {}, result)


class PostHogResults(PostHog):
    """The newer path, whose clients are told of each event by its id; one that is not named was taken."""

    def reply(self, result: Result, head: Head) -> Reply:
        dropped = {each.id: {"result": "drop", "details": each.refusal.detail} for each in result.refused}
        return receipt(200, {"status": "Ok", "results": dropped} if result.accepted else {}, result)


class PostHogPixel(PostHog):
    """The same in an address: `?data=`, the JSON in base64 or as it is."""

    methods = ("GET",)
    from_browsers = True

    def __init__(self) -> None:
        self.described = Description(
            "PostHog: events in an address.", reply="PostHogReceipt", parameters=("data", "_", "ver")
        )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return super().caller_in(_data_of(head), head, keys)

    def read(self, body: bytes, head: Head) -> Wire:
        return super().read(_data_of(head), head)


def paths() -> dict[str, tuple[PostHog, ...]]:
    """Every path, each with and without a slash at its end."""
    found: dict[str, tuple[PostHog, ...]] = {path: (PostHog(), PostHogPixel()) for path in EVENT_PATHS}
    found |= {path: (PostHog(batch=True),) for path in BATCH_PATHS}
    found |= {RESULTS_PATH: (PostHogResults(batch=True),)}
    return found | {f"{path}/": each for path, each in found.items()}


def read_events(body: bytes, head: Head) -> Wire:
    """A body's events. BadInput: malformed, or nothing to read."""
    envelope = _envelope(body)
    if envelope is None:
        events, sent_at, key = split_events(body), None, ""
    else:
        events, sent_at, key = as_written(envelope.batch or ()), envelope.sent_at, _key_in(body)
        if not events:
            raise BadInput(Problem("batch", "nothing to read", "an array of events"))
    sent_at = _sent_at(head) if sent_at is None else sent_at
    library = head.header(b"posthog-sdk-info")[:LIBRARY_CHARS].decode("latin-1")
    request = Request(key or key_in(body), sent_at, bool(key), library)

    def draft(raw: bytes, sender: Sender) -> Draft | Refusal:
        return draft_of(raw, request, sender)

    outer = bytes if envelope is None else lambda: around(body, "batch")
    return Wire(events, draft, lambda: events, outer)


def _envelope(body: bytes) -> PostHogBatch | None:
    """The envelope that a body is; None where it is events themselves."""
    if not body.startswith(b"{"):
        return None
    found = reading(_decode_batch, body)
    return None if found.batch is None else found


def _sent_at(head: Head) -> str | None:
    """The browser's clock, ms, which stands in the address; other numbers there keep caches away."""
    found = head.parameters.get("sent_at") or head.parameters.get("_") or ""
    return found if len(found) == MS_DIGITS and found.isdecimal() else None


def key_in(body: bytes) -> str:
    """The key of a body: its envelope's, else that of its first event; empty where there is none. The body is
    neither mended nor looked through but for the key."""
    check_utf8(body)
    key = _key_in(body)
    if key:
        return key
    try:
        return _key_in(_first(body))
    except (msgspec.DecodeError, RecursionError):
        found = _KEY_WRITTEN.search(body)
        return found[1].decode() if found else ""


def _key_in(body: bytes) -> str:
    """Of an envelope, or an event by itself."""
    if not body.startswith(b"{"):
        return ""
    try:
        keyed = _decode_keyed(body)
        return keyed.key(json_object(keyed.properties))
    except (msgspec.DecodeError, RecursionError):
        return ""


def _first(body: bytes) -> bytes:
    """The first event of an array, or of an envelope; empty where there is none."""
    listed = _decode_list(body) if body.startswith(b"[") else _decode_keyed(body).batch
    return bytes(listed[0]) if listed else b""


def _unwrapped(body: bytes) -> bytes:
    """The JSON in a body: as it is, in base64, or either of them in a form's field `data`."""
    text = body.removeprefix(codecs.BOM_UTF8).strip()
    if text[:1] in (b"{", b"["):
        return text
    if _FORM in text[:200]:
        text = _field(text)
    return text if text[:1] in (b"{", b"[") else _from_base64(text)


def _field(form: bytes) -> bytes:
    """The field `data` of a form."""
    found = next((pair for pair in form.split(b"&", 20) if pair.startswith(_FORM)), _FORM)
    return unquote_to_bytes(found[len(_FORM) :].replace(b"+", b" ")).strip()


def _from_base64(text: bytes) -> bytes:
    """Its `+` may have become a space on the way. BadInput: it is none."""
    plain = text.translate(bytes.maketrans(b"-_ ", b"+/+"), b"\r\n\t").rstrip(b"=")
    try:
        found = base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(Problem("body", "neither JSON nor base64", WANTED)) from None
    return decompress(found, b"", BODY_BYTES)


def _data_of(head: Head) -> bytes:
    return head.parameters.get("data", "").encode()

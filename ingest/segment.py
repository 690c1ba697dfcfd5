"""The Segment protocol: `POST /v1/{identify,track,page,screen,group,alias,batch,import}` and the short paths.

Source: Segment's public tracking API and Spec. See docs/protocols.md for what becomes of each field.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from etappe.errors import BadInput, Problem
from ingest.drafts import Draft, Sender, Wire
from ingest.json_events import check_utf8, reading
from ingest.personal import clean_text
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong
from ingest.segment_calls import CALLS, draft_of
from ingest.segment_wire import SegmentEvent, decode_batch, decode_event, decode_key, json_object

PATHS = {f"/v1/{call}": call for call in sorted(CALLS)} | {
    "/v1/i": "identify",
    "/v1/t": "track",
    "/v1/p": "page",
    "/v1/s": "screen",
    "/v1/g": "group",
    "/v1/a": "alias",
}
_WRITTEN_KEY = re.compile(rb'"writeKey"\s*+:\s*+"([\w\-.]{1,200})"')

BATCH_PATHS = ("/v1/batch", "/v1/import", "/v1/b")


class Segment:
    """One call to a request, named by the path; `call` is empty for a batch, whose items name theirs."""

    name = "segment"
    key_in_body = True

    def __init__(self, call: str = "") -> None:
        self._call = call

    def key_in(self, body: bytes) -> str | None:
        """Nobody is known yet, so the body is neither mended nor looked through but for the key."""
        check_utf8(body)
        try:
            key = decode_key(body).write_key
        except (msgspec.DecodeError, RecursionError):
            return _key_written(body)
        return key if isinstance(key, str) else None

    def read(self, body: bytes) -> Wire:
        return _one(body, self._call) if self._call else _batch(body)

    def reply(self, accepted: int) -> tuple[int, dict[str, Any]]:
        return 200, {"success": accepted > 0, "accepted": accepted}


def _key_written(body: bytes) -> str | None:
    """The key in a body that has to be mended, or cut, before it can be read."""
    found = _WRITTEN_KEY.search(body)
    return found[1].decode() if found else None


def _one(body: bytes, call: str) -> Wire:
    text, event = reading(lambda mended: (mended, decode_event(mended)), body)
    if text.translate(None, b" \t\r\n") == b"{}":
        raise BadInput(Problem("body", "nothing to read", "a call"))
    return Wire([text], lambda raw, sender: draft_of(event, call, {}, None, sender), lambda: [text])


def _batch(body: bytes) -> Wire:
    envelope = reading(decode_batch, body)
    if not envelope.batch:
        raise BadInput(Problem("batch", "nothing to read", "an array of calls"))
    outer = json_object(envelope.context)

    def draft(raw: bytes, sender: Sender) -> Draft | Refusal:
        event = _item(raw)
        if isinstance(event, Refusal):
            return event
        return draft_of(event, str(event.type), outer, envelope.sent_at, sender)

    bodies = [bytes(raw) for raw in envelope.batch]
    return Wire(bodies, draft, lambda: bodies)


def _item(raw: bytes) -> SegmentEvent | Refusal:
    """One item of a batch, if it is one of the calls."""
    try:
        event = decode_event(raw)
    except msgspec.ValidationError as error:
        return wrong("batch", f"not readable: {error}", "an object")
    if isinstance(event.type, str) and event.type in CALLS:
        return event
    found = repr(clean_text(event.type)[:40]) if isinstance(event.type, str) else kind_of(event.type)
    return refuse(Reason.UNKNOWN_CALL, f"type is {found} (wanted {', '.join(sorted(CALLS))})")

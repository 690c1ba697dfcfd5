"""Segment's calls as the address of a picture: for e-mails and for pages without a script.

`GET /v1/pixel/{call}?data=…` (Segment: base64 of the call's JSON, or the JSON itself) and
`GET /pixel/v1/{track,page}?…` (RudderStack: fields as parameters, with dots for nesting); either path takes both.
Sources: Segment's Pixel Tracking API, RudderStack's Pixel API.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from etappe.errors import BadInput, Problem
from ingest.drafts import Wire
from ingest.http import Head
from ingest.keys import Caller, Keys
from ingest.limits import DEPTH
from ingest.protocols import Description
from ingest.protocols.segment import CALLS, key_in, read_call
from ingest.receipts import Reply, Result, pixel_receipt

PIXEL_CALLS = {
    **{f"/v1/pixel/{call}": call for call in sorted(CALLS)},
    **{f"/pixel/v1/{call}": call for call in ("page", "track")},
}

_NOT_FIELDS = frozenset(("key", "writeKey", "data"))


class SegmentPixel:
    """The call that its path names."""

    name = "segment"
    methods = ("GET", "HEAD")
    from_browsers = True
    names_caller = True

    def __init__(self, call: str) -> None:
        self._call = call
        self.described = Description(
            f"Segment: {call}, as the address of a picture.",
            media="image/gif",
            parameters=(
                "writeKey",
                "data",
                "event",
                "userId",
                "anonymousId",
                "messageId",
                "context.page.url",
            ),
        )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        data = head.parameters.get("data")
        return keys.first_known(key_in(_decoded(data)) if data else [])

    def read(self, body: bytes, head: Head) -> Wire:
        data = head.parameters.get("data")
        return read_call(_decoded(data) if data else _encoded(head.parameters), self._call)

    def reply(self, result: Result, head: Head) -> Reply:
        return pixel_receipt(result)


def _decoded(data: str) -> bytes:
    """JSON as it is, or in base64, whose last signs and `+` may have got lost in the address. BadInput: neither."""
    if data.lstrip().startswith("{"):
        return data.encode()
    plain = data.strip().replace("-", "+").replace("_", "/").replace(" ", "+").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(Problem("data", "neither base64 nor JSON", "a call's JSON, in base64")) from None


def _encoded(parameters: dict[str, str]) -> bytes:
    call: dict[str, Any] = {}
    for name, value in parameters.items():
        if name not in _NOT_FIELDS:
            _put(call, name.split(".", DEPTH), value)
    return orjson.dumps(call)


def _put(call: dict[str, Any], path: list[str], value: str) -> None:
    """A name that is both text and object stays what it was first."""
    *outer, last = path
    for name in outer:
        call = call.setdefault(name, {})
        if not isinstance(call, dict):
            return
    call.setdefault(last, value)

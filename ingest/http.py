"""HTTP as raw ASGI: the head of a request, the reply, and CORS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from ingest.bodies import Receive
from ingest.receipts import Reply

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = list[tuple[bytes, bytes]]

QUERY_FIELDS = 500
"""Of a pixel's address; what comes after them is not read."""


ANY_ORIGIN = b"*"
"""For what anybody may read; browsers refuse it together with credentials."""

BODILESS = frozenset((204, 304))
"""No Content, Not Modified: they have no body, and the length of none is not theirs to say (RFC 9110, 8.6)."""

EXPOSED = b"X-Etappe-Position, X-Etappe-Rejected, X-Etappe-Error, Retry-After"


class Head:
    """What a request says before its body."""

    def __init__(self, scope: Scope) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._scope = scope

    def header(self, name: bytes) -> bytes:
        """By its name in small letters; empty where absent, the last one where there are several."""
        return self._headers.get(name, b"")

    @property
    def peer(self) -> str:
        """The address at the other end of the connection: a visitor's, or a proxy's."""
        client = self._scope.get("client")
        return client[0] if client else ""

    @property
    def secure(self) -> bool:
        """Whether the client spoke TLS, to this process or to a proxy that says so."""
        return self._scope.get("scheme") == "https" or self.header(b"x-forwarded-proto") == b"https"

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; of a name given twice the last value. Not UTF-8: replaced by U+FFFD."""
        text = self.query.decode("latin-1")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=QUERY_FIELDS)
        except ValueError:
            pairs = parse_qsl(
                "&".join(text.split("&")[:QUERY_FIELDS]), keep_blank_values=True, errors="replace"
            )
        return dict(pairs)


def cors_headers(origin: bytes) -> Headers:
    """Any page may ask: a key decides, not the origin. Mirrored, since beacons come with credentials."""
    if not origin:
        return []
    credentials = [] if origin == ANY_ORIGIN else [(b"access-control-allow-credentials", b"true")]
    return [
        (b"access-control-allow-origin", origin),
        *credentials,
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"Origin"),
    ]


def preflight(head: Head, methods: str) -> Reply:
    """The answer to a browser that asks whether it may send."""
    asked = head.header(b"access-control-request-headers")
    headers = (
        (b"access-control-allow-methods", methods.encode()),
        (b"access-control-allow-headers", asked or b"authorization, content-type, content-encoding"),
        (b"access-control-max-age", b"86400"),
    )
    return Reply(204, b"", headers)


def headers_of(reply: Reply, origin: bytes) -> Headers:
    """All that a reply has, to a page of this origin; empty: to no page."""
    headers: Headers = []
    if reply.status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    if reply.body:
        headers.append((b"content-type", reply.media))
    headers += reply.headers
    if origin:
        headers += cors_headers(origin)
    return headers


async def send_reply(send: Send, reply: Reply, origin: bytes, bodiless: bool = False) -> None:
    """`bodiless`: to a HEAD, which gets the headers alone."""
    headers = headers_of(reply, origin)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else reply.body})

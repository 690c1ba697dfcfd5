"""HTTP as raw ASGI: the headers a write needs, the reply, and CORS.

Nothing here reads the client's address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from ingest.bodies import Receive
from ingest.receipts import Reply

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = list[tuple[bytes, bytes]]

_WANTED = frozenset(
    (b"authorization", b"content-encoding", b"content-length", b"origin", b"access-control-request-headers")
)


class Head(NamedTuple):
    """What a write needs of a request's head; empty where absent."""

    method: str
    query: bytes
    authorization: bytes
    encoding: bytes
    length: bytes
    origin: bytes
    asked_headers: bytes


def read_head(scope: Scope) -> Head:
    found = {name: value for name, value in scope["headers"] if name in _WANTED}
    get = found.get
    return Head(
        scope["method"],
        scope["query_string"],
        get(b"authorization", b""),
        get(b"content-encoding", b""),
        get(b"content-length", b""),
        get(b"origin", b""),
        get(b"access-control-request-headers", b""),
    )


def cors_headers(origin: bytes) -> Headers:
    """Any page may send: a key decides, not the origin. Mirrored, since beacons come with credentials."""
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"X-Etappe-Position, Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight(head: Head) -> Reply:
    """The answer to a browser that asks whether it may send."""
    asked = head.asked_headers or b"authorization, content-type, content-encoding"
    headers = (
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", asked),
        (b"access-control-max-age", b"86400"),
    )
    return Reply(204, b"", headers)


async def send_reply(send: Send, reply: Reply, origin: bytes) -> None:
    headers: Headers = [(b"content-length", b"%d" % len(reply.body))]
    if reply.body:
        headers.append((b"content-type", b"application/json"))
    headers += reply.headers
    headers += cors_headers(origin)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})

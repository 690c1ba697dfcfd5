"""Writes answered by the connection that they came on, without ASGI.

A request that comes in one piece, as nearly all writes do, needs no task, no messages to receive its body and to send
its reply, and no look at where it goes but one: all of that costs more than the work on a single event. Everything
else is uvicorn's and the ASGI application's, with the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE

from etappe.heads import LimitedHeads
from ingest.http import Head, Headers, headers_of
from ingest.receipts import Reply
from ingest.writes import WriteRoute


def direct_connections(routes: Mapping[bytes, WriteRoute]) -> type[DirectConnection]:
    """Connections that answer writes to these paths themselves."""
    return type("DirectConnection", (DirectConnection,), {"routes": routes})


class InFlight:
    """A request that is being answered, as far as uvicorn's connection asks."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False

    @property
    def message_event(self) -> InFlight:
        return self

    def set(self) -> None:
        """Nobody waits for the rest of its body."""


class IdleTimer(LimitedHeads):
    """A connection whose keep-alive timer runs on through requests: where it rings, it looks since when nothing came.
    To cancel one and to set another for each request costs as much as to find out who sends it.
    """

    _idle_since: float | None = None
    """By the clock of the loop; None: a request is here."""

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._ring_in(self.timeout_keep_alive)

    def _ring_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """The timer: a reply that is still to come will set the next one."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._ring_in(left)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)


class DirectConnection(IdleTimer):
    """One connection."""

    routes: Mapping[bytes, WriteRoute] = {}
    _route: WriteRoute | None = None
    """Of the request that is arriving, as long as it may be answered here."""
    _body = b""

    def on_message_begin(self) -> None:
        """Without the scope, which only an ASGI application asks for."""
        self._open = True
        self._bytes = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._route = self.routes.get(self.url) if self._may_answer() else None
        if self._route is None:
            self._begin_as_usual()
        else:
            self._open = False
            self._body = b""

    def _may_answer(self) -> bool:
        """One request at a time, of a client that reads its replies and needs no leave to send a body."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
        )

    def on_body(self, body: bytes) -> None:
        if self._route is None:
            super().on_body(body)
        else:
            self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        if self._route is None:
            super().on_message_complete()
            return
        route, body, self._route, self._body = self._route, self._body, None, b""
        flight = InFlight(self.parser.should_keep_alive())
        self.cycle = flight  # type: ignore[assignment]  # all of one that is asked for
        head = Head(self._scope())
        route.answer(head, body, partial(self._reply, flight, head.header(b"origin")))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._route is not None and not self.transport.is_closing():
            self._go_on_as_usual()

    def _go_on_as_usual(self) -> None:
        """The rest of the body is still on its way."""
        body, self._route, self._body = self._body, None, b""
        self._begin_as_usual()
        if body:
            super().on_body(body)

    def _begin_as_usual(self) -> None:
        """uvicorn gets the head that has come, as if it came now."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _scope(self) -> dict[str, Any]:
        """What a `Head` reads of it."""
        return {
            "method": "POST",
            "path": self.url.decode("ascii"),
            "query_string": b"",
            "headers": self.headers,
            "client": self.client,
            "scheme": self.scheme,
        }

    def _reply(self, flight: InFlight, origin: bytes, reply: Reply) -> None:
        flight.response_complete = True
        if flight.disconnected:
            return
        self.transport.write(_written(reply, self.server_state.default_headers, origin, flight.keep_alive))
        if not flight.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _written(reply: Reply, usual: Headers, origin: bytes, keep_alive: bool) -> bytes:
    """Raises RuntimeError where a header's value could be taken for more than that."""
    own = headers_of(reply, origin)
    if HEADER_VALUE_RE.search(b"".join([value for _, value in own])):
        raise RuntimeError(f"Among {own} is a value that is none.")
    lines = b"".join([b"%b: %b\r\n" % header for header in own])
    end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
    return STATUS_LINE[reply.status] + _lines_of(tuple(usual)) + lines + end + reply.body


@lru_cache(maxsize=4)
def _lines_of(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Those that all replies of a second have."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])

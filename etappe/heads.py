"""uvicorn's connection, with limits on the head of a request, which it has none for: bytes and seconds.

Without them one connection could fill the memory with headers that never end, and many could stay open for nothing.
And with replies that leave in one piece: uvicorn writes a head as soon as it has it, and each write of uvloop's is a
system call and a packet.
"""

from __future__ import annotations

import asyncio
import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Address and headers that arrive in pieces; what arrives at once is bounded by the socket's own buffer."""

HEAD_SECONDS = 10.0
"""From a connection's beginning, or a head's first bytes, until the head is complete."""


class LimitedHeads(HttpToolsProtocol):
    """One connection. A head that comes whole, as nearly all do, costs two assignments."""

    _open = True
    _bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _declined = b""
    """The head of a request that asks for another protocol, without that wish; empty: of none."""
    _parsed = 0
    """Of the data that it came in, the bytes up to its end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._timer = self.loop.call_later(
            HEAD_SECONDS, self._refuse, 408, "The head did not arrive in time."
        )

    def on_message_begin(self) -> None:
        self._open = True
        self._bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._declined = self._without_upgrade()
            return
        self._open = False
        before = self.cycle
        super().on_headers_complete()
        if (
            self.cycle is not before and self.scope["method"] != "HEAD"
        ):  # to a HEAD there is nothing but a head
            self.cycle.transport = WholeReply(self.transport)  # type: ignore[assignment]  # all of it that is used

    def on_message_complete(self) -> None:
        if not self._declined:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._declined:
            self._read_again(data)
        elif self._open:
            self._wait_for_the_rest(len(data))
        elif self._timer is not None:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Called while the parser's exception is handled, which alone says how far the parser came."""
        found = sys.exception()
        self._parsed = found.args[0] if found is not None else 0

    def _without_upgrade(self) -> bytes:
        """Whoever is asked for another protocol may go on in this one (RFC 9110, 7.8): Java's client asks for
        HTTP/2 with each request, and the parser takes the body for that other protocol's."""
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self._version())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _version(self) -> bytes:
        return self.parser.get_http_version().encode()

    def _read_again(self, data: bytes) -> None:
        """The request that was declined an upgrade, and what follows it, by a parser that knows of none."""
        head, self._declined = self._declined, b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.data_received(head + data[self._parsed :])

    def _wait_for_the_rest(self, size: int) -> None:
        self._bytes += size
        if self._bytes > HEAD_BYTES:
            self._refuse(431, f"The head is larger than {HEAD_BYTES} bytes.")
        elif self._timer is None:
            self._timer = self.loop.call_later(
                HEAD_SECONDS, self._refuse, 408, "The head did not arrive in time."
            )

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, error: str) -> None:
        """Say so and hang up; to one that has said nothing at all, say nothing."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._bytes:
            self.transport.write(_reply(status, error))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, in the form that every error has."""
        self._stop_waiting()
        self.transport.write(_reply(400, msg))
        self.transport.close()


class WholeReply:
    """A connection as one reply sees it: the reply's head waits for the first part of its body, which follows at
    once; ASGI asks for no less."""

    __slots__ = ("_head", "_leaves", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._leaves = False
        """Whether the head is gone."""

    def write(self, data: bytes) -> None:
        """First an interim `100 Continue` where the request expects one, then the head, then parts of the body."""
        if self._leaves or data.startswith(_INTERIM):
            self._transport.write(data)
        elif not self._head:
            self._head = data
        else:
            self._leaves = True
            self._transport.write(self._head + data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        """A head that nothing follows goes out alone."""
        if self._head and not self._leaves:
            self._transport.write(self._head)
        self._transport.close()


_INTERIM = b"HTTP/1.1 100 "

_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


def _reply(status: int, error: str) -> bytes:
    body = b'{"error":"%b","problems":[]}' % error.encode()
    head = (
        b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    )
    return head % (status, _PHRASES[status], len(body)) + body

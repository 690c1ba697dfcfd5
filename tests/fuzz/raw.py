"""HTTP by hand, on bare sockets: what no client library would send."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

GUARD_SECONDS = 20.0
"""Against a collector that hangs; what is asserted is its own processor time."""


@dataclass(frozen=True)
class Answer:
    """`status` 0: hung up without a word. `seconds` from the last byte sent until the answer was complete."""

    status: int
    media: str
    body: bytes
    seconds: float


def request(
    method: str, path: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = (), *, length: bool = True
) -> bytes:
    """A request as bytes; `length`: with a true Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: collector", *(f"{name}: {value}" for name, value in headers)]
    if length and (body or method == "POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(port: int, pieces: Iterable[bytes], *, pause: float = 0, ends: bool = False) -> Answer:
    """Send the pieces, `pause` seconds between them, and read one answer. `ends`: nothing more is to come."""
    with socket.create_connection(("127.0.0.1", port), timeout=GUARD_SECONDS + 20) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not hear all of it
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        begun = time.perf_counter()
        status, media, body = _read(connection)
        return Answer(status, media, body, time.perf_counter() - begun)


def _read(connection: socket.socket) -> tuple[int, str, bytes]:
    reply = HTTPResponse(connection)
    try:
        reply.begin()
        return reply.status, reply.headers.get("content-type", ""), reply.read()
    except (HTTPException, ConnectionError):
        return 0, "", b""
    finally:
        reply.close()

"""A request's body: read up to a limit while it arrives, and decompressed up to the same limit."""

from __future__ import annotations

import asyncio
import codecs
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import cramjam

from etappe.errors import BadInput, Problem
from ingest.begun import Begun
from ingest.failures import ClientGone, Crowded, TooLarge, TooSlow, UnknownEncoding
from ingest.limits import BODY_BYTES, BODY_SECONDS, PLACE_SECONDS, UNKNOWN_LARGE_BODIES

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

GZIP_MAGIC = b"\x1f\x8b"
GZIP_MEMBERS = 100
"""Each one costs a copy of what follows it."""

CODINGS = 2
"""Layers of Content-Encoding: a sender's and a proxy's. Each may cost as much as a whole body."""


class Room:
    """Where large bodies of unknown senders are held: there are only so many places.

    Whoever is unknown may send up to BODY_BYTES like anybody with a write key; past that a body takes a place,
    so that the memory which bodies of nobody take stays bounded however many of them are held open.
    """

    def __init__(self, places: int = UNKNOWN_LARGE_BODIES) -> None:
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """One request's, which it gives back at the end, where it took it."""
        place = Place(self._places)
        try:
            yield place
        finally:
            place.leave()


class Place:
    """Taken once a body turns out to be a large one."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._taken = False

    async def take(self) -> None:
        """Waits for a place; Crowded where none gets free in time."""
        if self._taken:
            return
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Crowded from None
        self._taken = True

    def leave(self) -> None:
        if self._taken:
            self._places.release()
            self._taken = False


async def read_body(receive: Receive, announced: bytes, limit: int, place: Place | None = None) -> bytes:
    """The body as sent. `announced` is the Content-Length header, empty where there was none; `place` is taken
    before more than BODY_BYTES are held, None where the sender is known.

    Raises TooLarge before more than `limit` bytes are held, TooSlow, ClientGone, Crowded.
    """
    size = int(announced) if announced.isdigit() else 0
    if size > limit:
        raise TooLarge("body", f"{size} bytes", limit)
    large = place is not None and size > BODY_BYTES
    begun = None if large else Begun(receive())
    if begun is not None and begun.is_done and not begun.result.get("more_body"):
        return _within(_part(begun.result), limit)  # it was there: a clock would cost as much as all of this
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if place is not None and large:
                await place.take()
            message = await (begun or receive())
            first = _part(message)
            if not message.get("more_body"):
                return _within(first, limit)
            return await _read_rest(receive, first, limit, place)
    except TimeoutError:
        raise TooSlow(Problem("body", "incomplete", f"all of it within {BODY_SECONDS} s")) from None


async def _read_rest(receive: Receive, first: bytes, limit: int, place: Place | None) -> bytes:
    body = bytearray(first)
    while True:
        if place is not None and len(body) > BODY_BYTES:
            await place.take()
        message = await receive()
        body += _part(message)
        _within(body, limit)
        if not message.get("more_body"):
            return bytes(body)


def _part(message: MutableMapping[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGone
    part: bytes = message.get("body", b"")
    return part


def _within(body: bytes | bytearray, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLarge("body", f"more than {limit} bytes", limit)
    return body if isinstance(body, bytes) else b""


def decompress(body: bytes, encoding: bytes, limit: int) -> bytes:
    """The body without its Content-Encoding, and without a mark of its byte order, which JSON has none of (RFC 8259,
    8.1); gzip is known by its first bytes, whatever the header says.

    Raises TooLarge as soon as more than `limit` bytes come out, UnknownEncoding, BadInput for damaged data.
    """
    for name in reversed(_codings(encoding) if encoding else []):
        body = _decode(body, name, limit)
    plain = _inflate_gzip(body, limit) if body.startswith(GZIP_MAGIC) else body
    return plain.removeprefix(codecs.BOM_UTF8)


def _codings(encoding: bytes) -> list[bytes]:
    """In the order in which they were applied."""
    names = [
        name for name in encoding.lower().replace(b" ", b"").split(b",") if name not in (b"", b"identity")
    ]
    if len(names) > CODINGS:
        raise UnknownEncoding(Problem("Content-Encoding", f"{len(names)} codings", f"at most {CODINGS}"))
    return names


def _decode(body: bytes, name: bytes, limit: int) -> bytes:
    if name in (b"gzip", b"x-gzip"):
        # A proxy may have unpacked the body and left the header: then there are no magic bytes.
        return _inflate_gzip(body, limit) if body.startswith(GZIP_MAGIC) else body
    if name == b"deflate":
        return _inflate_deflate(body, limit)
    if name == b"br":
        return _unbrotli(body, limit)
    raise UnknownEncoding(
        Problem("Content-Encoding", name[:40].decode("latin-1"), "gzip, deflate, br or identity")
    )


def _inflate_gzip(body: bytes, limit: int) -> bytes:
    """RFC 1952: one member or several, one after the other."""
    out = b""
    for _ in range(GZIP_MEMBERS):
        part, body = _inflate(body, 31, limit - len(out))
        out += part
        if not body:
            return out
    raise _damaged(f"more than {GZIP_MEMBERS} gzip members")


def _inflate_deflate(body: bytes, limit: int) -> bytes:
    """RFC 9110 means the zlib format; some clients send the bare stream."""
    wrapped = body[:1] == b"\x78"
    return _inflate(body, 15 if wrapped else -15, limit)[0]


def _inflate(body: bytes, wbits: int, limit: int) -> tuple[bytes, bytes]:
    """One stream, and what follows it."""
    stream = zlib.decompressobj(wbits)
    try:
        out = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if len(out) > limit:
        raise _unpacks_to_more(limit)
    if not stream.eof:
        raise _damaged("the stream ends too early")
    return out, stream.unused_data


def _unbrotli(body: bytes, limit: int) -> bytes:
    """Into a buffer of the allowed size: the decoder stops where that is full."""
    buffer = bytearray(limit + 1)
    try:
        size = cramjam.brotli.decompress_into(body, buffer)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise _unpacks_to_more(limit) from error
        raise _damaged(str(error)) from error
    if size > limit:
        raise _unpacks_to_more(limit)
    return bytes(buffer[:size])


def _unpacks_to_more(limit: int) -> TooLarge:
    return TooLarge("body", f"more than {limit} bytes after decompression", limit)


def _damaged(detail: str) -> BadInput:
    return BadInput(Problem("body", detail, "gzip, deflate, br or plain data that can be unpacked"))

"""A request's body: read up to a limit while it arrives, and decompressed up to the same limit."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import cramjam

from etappe.errors import BadInput, Problem
from ingest.failures import ClientGone, TooLarge, TooSlow, UnknownEncoding
from ingest.limits import BODY_SECONDS

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

GZIP_MAGIC = b"\x1f\x8b"
GZIP_MEMBERS = 100
"""Each one costs a copy of what follows it."""

CODINGS = 2
"""Layers of Content-Encoding: a sender's and a proxy's. Each may cost as much as a whole body."""


async def read_body(receive: Receive, announced: bytes, limit: int) -> bytes:
    """The body as sent. `announced` is the Content-Length header, empty where there was none.

    Raises TooLarge before more than `limit` bytes are held, TooSlow, ClientGone.
    """
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge("body", f"{int(announced)} bytes", limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await receive()
            first = _part(message)
            if not message.get("more_body"):
                return _within(first, limit)
            return await _read_rest(receive, first, limit)
    except TimeoutError:
        raise TooSlow(Problem("body", "incomplete", f"all of it within {BODY_SECONDS} s")) from None


async def _read_rest(receive: Receive, first: bytes, limit: int) -> bytes:
    body = bytearray(first)
    while True:
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
    """The body without its Content-Encoding; gzip is known by its first bytes, whatever the header says.

    Raises TooLarge as soon as more than `limit` bytes come out, UnknownEncoding, BadInput for damaged data.
    """
    for name in reversed(_codings(encoding) if encoding else []):
        body = _decode(body, name, limit)
    return _inflate_gzip(body, limit) if body.startswith(GZIP_MAGIC) else body


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

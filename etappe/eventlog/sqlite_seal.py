"""A checksum for each row of a log file. SQLite keeps none for what lies in its pages, so a byte that a disk has
changed would be read as another value.
"""

from __future__ import annotations

import struct
import zlib

SEALED = b"\xc2"
"""Before a row with a checksum: then four bytes of it, then the row. A row of before 2026-11 begins otherwise."""

_START = len(SEALED) + 4

_place = struct.Struct(">qq").pack


def sealed(row_id: int, stamp: int, body: bytes) -> bytes:
    """The body with a CRC32 of everything that the row holds: its id, its stamp (ms) and the body."""
    return b"".join((SEALED, _sum(row_id, stamp, body).to_bytes(4, "big"), body))


def unsealed(row_id: int, stamp: int, body: bytes) -> bytes:
    """The body without its checksum; ValueError where that is another. A body without one is given back as it is."""
    if body[:1] != SEALED:
        return body
    rest = body[_START:]
    if int.from_bytes(body[len(SEALED) : _START], "big") != _sum(row_id, stamp, rest):
        raise ValueError("its checksum does not fit")
    return rest


def _sum(row_id: int, stamp: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_place(row_id, stamp)))

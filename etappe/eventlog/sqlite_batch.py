"""Records of one partition as one row: `keys and values in turn` in MessagePack, named by its last record.

Rows of some size are compressed: records of one row resemble each other, and what is not written to the disk, and
not copied from the write-ahead log once more, costs more time than LZ4 does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import count, repeat

import cramjam
import msgspec

from etappe.eventlog import CHANGES, IMPORTS, REJECTS, TOUCHPOINTS, Record

BATCH_BYTES = 1 << 20
"""A larger batch is cut in two, down to one record: what a reader has to unpack for a single one."""

COMPRESSED = b"\xc1"
"""Before an LZ4 block; no MessagePack begins with it."""

PLAIN_BYTES = 512
"""Up to this size compression saves no page."""

_TOPIC_NUMBERS = {TOUCHPOINTS: 0, REJECTS: 1, CHANGES: 2, IMPORTS: 3}
_TOPIC_SHIFT = 56
_PARTITION_SHIFT = 44
PARTITION_SPAN = 1 << _PARTITION_SHIFT
"""Offsets of a partition end here: 17 million million."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


def first_id(topic: str, partition: int) -> int:
    """The id that offset 0 of this partition has; the partition ends before this + PARTITION_SPAN."""
    return _TOPIC_NUMBERS[topic] << _TOPIC_SHIFT | partition << _PARTITION_SHIFT


def packed(fields: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Keys and values in turn as bodies, each with the number of its records."""
    body = _encode(fields)
    records = len(fields) // 2
    if len(body) <= BATCH_BYTES or records == 1:
        yield records, _squeezed(body)
        return
    half = records // 2 * 2
    yield from packed(fields[:half])
    yield from packed(fields[half:])


def unpacked(
    topic: str, partition: int, row: tuple[int, int, bytes], start: int, limit: int
) -> Iterator[Record]:
    """At most `limit` records from the offset `start` on, of a row (last offset, stamp, body)."""
    last, stamp, body = row
    try:
        fields = _decode(_unsqueezed(body))
    except (msgspec.DecodeError, cramjam.DecompressionError) as error:
        raise sqlite3.DatabaseError(f"partition {partition} of {topic} is damaged at {last}") from error
    base = last + 1 - len(fields) // 2
    skip = max(0, start - base)
    keys, values = (fields[2 * skip + part : 2 * (skip + limit) : 2] for part in (0, 1))
    offsets = count(base + skip)
    return map(Record._make, zip(repeat(topic), repeat(partition), offsets, keys, values, repeat(stamp)))


def _squeezed(body: bytes) -> bytes:
    if len(body) <= PLAIN_BYTES:
        return body
    block = bytes(cramjam.lz4.compress_block(body))
    return COMPRESSED + block if len(block) < len(body) else body


def _unsqueezed(body: bytes) -> bytes:
    return bytes(cramjam.lz4.decompress_block(body[1:])) if body[:1] == COMPRESSED else body

"""Records of one partition as one row in MessagePack, named by its last record: keys and values in turn, or all keys
and then all values as the lines of one text.

Rows of some size are compressed: records of one row resemble each other, and what is not written to the disk, and
not copied from the write-ahead log once more, costs more time than LZ4 does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, count, repeat

import cramjam
import msgspec

from etappe.eventlog import CHANGES, IMPORTS, REJECTS, TOUCHPOINTS, Entry, Lines, Record
from etappe.eventlog.sqlite_seal import unsealed
from etappe.eventlog.sqlite_store import Damage

BATCH_BYTES = 1 << 20
"""A larger batch is cut in two, down to one record: what a reader has to unpack for a single one."""

COMPRESSED = b"\xc1"
"""Before an LZ4 block; no MessagePack begins with it."""

LINES = b"\xc0"
"""Before a row whose values are lines, then the size of its keys in _SIZE_BYTES, its keys, and the lines; the other
kind begins with its array.
"""

_SIZE_BYTES = 4

PLAIN_BYTES = 512
"""Up to this size compression saves no page."""

_TOPIC_NUMBERS = {TOUCHPOINTS: 0, REJECTS: 1, CHANGES: 2, IMPORTS: 3}
_TOPIC_SHIFT = 56
_PARTITION_SHIFT = 44
PARTITION_SPAN = 1 << _PARTITION_SHIFT
"""Offsets of a partition end here: 17 million million."""

_NO_ROW = (msgspec.DecodeError, cramjam.DecompressionError, ValueError, TypeError, struct.error)
"""What reading a row raises where it holds something else; damage may change the type of a column, too."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


def first_id(topic: str, partition: int) -> int:
    """The id that offset 0 of this partition has; the partition ends before this + PARTITION_SPAN."""
    return _TOPIC_NUMBERS[topic] << _TOPIC_SHIFT | partition << _PARTITION_SHIFT


def place(topic: str, partition: int, offset: int, why: object) -> str:
    """Where a log is damaged, in words."""
    return f"partition {partition} of {topic} is damaged at offset {offset} ({why})"


def packed(appended: Sequence[Sequence[Entry]]) -> Iterator[tuple[int, bytes]]:
    """All that was appended as bodies, each with the number of its records."""
    lines = [each for each in appended if isinstance(each, Lines)]
    if len(lines) == len(appended):
        for some in _batches(lines):
            keys = list(chain.from_iterable([each.keys for each in some]))
            start = _encode(keys)
            size = len(start).to_bytes(_SIZE_BYTES, "big")
            yield len(keys), _squeezed(b"".join([LINES, size, start, *(each.text for each in some)]))
    else:
        yield from _packed_fields(list(chain.from_iterable(chain.from_iterable(appended))))


def _cut(lines: Lines) -> Iterator[Lines]:
    if len(lines.text) <= BATCH_BYTES or len(lines) == 1:
        yield lines
        return
    half, values = len(lines) // 2, lines.text.split(b"\n")
    yield from _cut(Lines(lines.keys[:half], b"\n".join([*values[:half], b""])))
    yield from _cut(Lines(lines.keys[half:], b"\n".join(values[half:])))


def _batches(appended: list[Lines]) -> Iterator[list[Lines]]:
    """As many together as one body may hold."""
    if sum([len(each.text) for each in appended]) <= BATCH_BYTES:
        yield appended
        return
    some: list[Lines] = []
    size = 0
    for each in chain.from_iterable(map(_cut, appended)):
        if some and size + len(each.text) > BATCH_BYTES:
            yield some
            some, size = [], 0
        some.append(each)
        size += len(each.text)
    yield some


def _packed_fields(fields: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Keys and values in turn."""
    body = _encode(fields)
    records = len(fields) // 2
    if len(body) <= BATCH_BYTES or records == 1:
        yield records, _squeezed(body)
        return
    half = records // 2 * 2
    yield from _packed_fields(fields[:half])
    yield from _packed_fields(fields[half:])


def unpacked(topic: str, partition: int, row: tuple[int, int, bytes], start: int, limit: int) -> list[Record]:
    """At most `limit` records from the offset `start` on, of a row (last offset, stamp, body); Damage."""
    last, stamp, body = row
    try:
        keys, values = _fields(_unsqueezed(unsealed(first_id(topic, partition) + last, stamp, body)))
    except _NO_ROW as error:
        raise Damage(place(topic, partition, last, error)) from error
    base = last + 1 - len(keys)
    skip = max(0, start - base)
    some = slice(skip, skip + limit)
    offsets = count(base + skip)
    fields = zip(repeat(topic), repeat(partition), offsets, keys[some], values[some], repeat(stamp))
    return list(map(Record._make, fields))


def _fields(body: bytes) -> tuple[list[bytes], list[bytes]]:
    """Keys and values; ValueError where there are none, or more of one than of the other."""
    if body[:1] != LINES:
        fields = _decode(body)
        keys, values = fields[::2], fields[1::2]
    else:
        start = len(LINES) + _SIZE_BYTES
        end = start + int.from_bytes(body[len(LINES) : start], "big")
        keys, values = _decode(body[start:end]), body[end:].split(b"\n")[:-1]
    if len(keys) != len(values) or not keys:
        raise ValueError(f"{len(keys)} keys and {len(values)} values")
    return keys, values


def _squeezed(body: bytes) -> bytes:
    if len(body) <= PLAIN_BYTES:
        return body
    block = bytes(cramjam.lz4.compress_block(body))
    return COMPRESSED + block if len(block) < len(body) else body


def _unsqueezed(body: bytes) -> bytes:
    return bytes(cramjam.lz4.decompress_block(body[1:])) if body[:1] == COMPRESSED else body

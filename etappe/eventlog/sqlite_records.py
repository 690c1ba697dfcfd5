"""Reading a log file: questions to a connection, used by the thread that owns it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from etappe.eventlog import CHANGES, REJECTS, TOUCHPOINTS, Position, Record
from etappe.eventlog.sqlite_store import identity, sql

_TOPIC_NUMBERS = {TOUCHPOINTS: 0, REJECTS: 1, CHANGES: 2}
_TOPIC_SHIFT = 56
_PARTITION_SHIFT = 44
PARTITION_SPAN = 1 << _PARTITION_SHIFT
"""Offsets of a partition end here: 17 million million."""


def first_id(topic: str, partition: int) -> int:
    """The id that offset 0 of this partition has; the partition ends before this + PARTITION_SPAN."""
    return _TOPIC_NUMBERS[topic] << _TOPIC_SHIFT | partition << _PARTITION_SHIFT


def floor_of(connection: sqlite3.Connection, topic: str, partition: int) -> int:
    """The offset of the oldest record that may still be there."""
    first = first_id(topic, partition)
    found = connection.execute(sql("read_floor"), (first,)).fetchone()
    return found[0] - first if found else 0


def end_of(connection: sqlite3.Connection, topic: str, partition: int) -> int:
    """The offset that the next record gets, also when retention has removed all before it."""
    first = first_id(topic, partition)
    (last,) = connection.execute(sql("read_last"), (first, first + PARTITION_SPAN)).fetchone()
    return floor_of(connection, topic, partition) if last is None else last - first + 1


def starts(connection: sqlite3.Connection, topic: str) -> Position:
    count = identity(connection).partitions
    return Position({p: floor_of(connection, topic, p) for p in range(count)})


def ends(connection: sqlite3.Connection, topic: str) -> Position:
    count = identity(connection).partitions
    return Position({p: end_of(connection, topic, p) for p in range(count)})


def read_partition(
    connection: sqlite3.Connection, topic: str, partition: int, start: int, limit: int
) -> list[Record]:
    first = first_id(topic, partition)
    values = (topic, partition, first, first + start, first + PARTITION_SPAN, limit)
    return list(map(Record._make, connection.execute(sql("read_records"), values)))


def read_partitions(
    connection: sqlite3.Connection, topic: str, wanted: Iterable[tuple[int, int]], limit: int
) -> list[Record]:
    """At most `limit` records of the (partition, start offset) pairs wanted, in that order."""
    records: list[Record] = []
    for partition, start in wanted:
        records += read_partition(connection, topic, partition, start, limit - len(records))
        if len(records) >= limit:
            break
    return records


def committed(connection: sqlite3.Connection, topic: str, group: str, log_id: str) -> Position:
    return Position(dict(connection.execute(sql("read_committed"), (topic, group, log_id))))


def after(records: Iterable[Record]) -> Mapping[int, int]:
    """Per partition the offset behind the last of these records."""
    return {record.partition: record.offset + 1 for record in records}

"""Reading a log file: questions to a connection, used by the thread that owns it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing

from etappe.eventlog import Position, Record
from etappe.eventlog.sqlite_batch import PARTITION_SPAN, first_id, place, unpacked
from etappe.eventlog.sqlite_errors import is_corrupt
from etappe.eventlog.sqlite_store import Damage, identity, sql


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


def reach(connection: sqlite3.Connection, topic: str, done: Position) -> Position:
    """Where a group goes on: behind what it has done, else at the oldest record; Damage where the log ends before."""
    last = ends(connection, topic).offsets
    for partition, offset in done.offsets.items():
        if offset > last[partition]:
            why = f"it ends there, and all before {offset} was read once"
            raise Damage(place(topic, partition, last[partition], why))
    return Position({**starts(connection, topic).offsets, **done.offsets})


def read_partition(
    connection: sqlite3.Connection, topic: str, partition: int, start: int, limit: int
) -> list[Record]:
    """At most `limit` records from the offset `start` on, or from the oldest where that is later; Damage."""
    first = first_id(topic, partition)
    values = (first, first + start, first + PARTITION_SPAN)
    records: list[Record] = []
    expected = start
    try:
        with closing(connection.execute(sql("read_batches"), values)) as batches:
            for batch in batches:
                some = unpacked(topic, partition, batch, start, limit - len(records))
                _check_next(connection, some[0], expected)
                records += some
                expected = some[-1].offset + 1
                if len(records) >= limit:
                    break
    except sqlite3.DatabaseError as error:
        if is_corrupt(error):
            raise Damage(place(topic, partition, expected, error)) from error
        raise
    return records


def _check_next(connection: sqlite3.Connection, record: Record, expected: int) -> None:
    """Damage where records are missing before this one that retention has not removed."""
    topic, partition, offset, *_ = record
    if offset != expected and offset != max(expected, floor_of(connection, topic, partition)):
        raise Damage(place(topic, partition, expected, f"the next that is there is {offset}"))


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

"""The writing end of one log file; used by its writer's thread only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etappe.errors import LogFull
from etappe.eventlog import Entry, LogOptions, Position
from etappe.eventlog.sqlite_batch import first_id
from etappe.eventlog.sqlite_errors import is_full
from etappe.eventlog.sqlite_records import end_of, floor_of
from etappe.eventlog.sqlite_store import create, identity, lock, open_to_write, sql
from etappe.eventlog.sqlite_tail import Tail

SPARE_BYTES = 4 << 20
"""Below this much free disk the log says that it is full before an append has to fail."""

_PROBE_ID = -1
_PROBE = bytes(64 << 10)


class LogFile:
    """Holds the lock from its making to `close`; reconnects by itself after an error."""

    def __init__(self, path: Path, topics: Sequence[str], options: LogOptions) -> None:
        self.path = path
        self.topics = topics
        self._options = options
        self._tails: dict[str, Tail] = {}
        self._connection: sqlite3.Connection | None = None
        self._lock = lock(path)
        try:
            if not path.exists():
                create(path, options.partitions)
            self._connect()
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        return self._connection or self._connect()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is on disk after it, or nothing is."""
        try:
            connection = self.connection
            yield
            self._write(connection, [row for tail in self._tails.values() for row in tail.rows()])
        except BaseException as error:
            for tail in self._tails.values():
                tail.drop()
            self._give_up(error)
            raise
        for tail in self._tails.values():
            tail.keep()

    def begun(self) -> sqlite3.Connection:
        """Inside a transaction: the connection to do more with than to append."""
        connection = self.connection
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        return connection

    def append(self, topic: str, entries: Sequence[Entry], stamp: int) -> Position:
        """Inside a transaction: add the entries and say where they will end."""
        return self._tails[topic].add(entries, stamp)

    def remove(self, topic: str, partition: int, end: int) -> None:
        """Inside a transaction: take away what lies before the offset `end`."""
        first = first_id(topic, partition)
        connection = self.begun()
        connection.execute(sql("remove_batches"), (first, first + end))
        connection.execute(sql("raise_floor"), (first, first + end))

    def end(self, topic: str, partition: int) -> int:
        return self._tails[topic].ends[partition]

    def floor(self, topic: str, partition: int) -> int:
        return floor_of(self.connection, topic, partition)

    def pragma(self, name: str) -> int:
        """A number that SQLite knows about the file: page_count, freelist_count, page_size."""
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])

    def check_lane(self) -> None:
        """LogFull where an import would take the room that live touchpoints may need.

        It may have half of what there is beyond the records that retention keeps for a while.
        """
        used = (self.pragma("page_count") - self.pragma("freelist_count")) * self.pragma("page_size")
        kept, most = self._options.retain_bytes, self._options.max_bytes
        if used > kept + (most - kept) / 2:
            raise LogFull(f"{self.path} has {used} bytes: imports wait until more of it is read.")

    def check_room(self) -> None:
        """Inside a transaction: LogFull when a record of 64 KB would not fit now; leaves nothing behind."""
        disk = os.statvfs(self.path.parent)
        if disk.f_bavail * disk.f_frsize < SPARE_BYTES:
            raise LogFull(f"The disk of {self.path} has less than {SPARE_BYTES} bytes left.")
        connection = self.begun()
        connection.execute("SAVEPOINT probe")
        connection.execute(sql("insert_batch"), (_PROBE_ID, 0, _PROBE))
        connection.execute("ROLLBACK TO probe")
        connection.execute("RELEASE probe")

    def close(self) -> None:
        self._disconnect()
        os.close(self._lock)

    def _write(self, connection: sqlite3.Connection, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """A single row is a transaction by itself, in one call: for each one the thread lets go of the interpreter
        and then waits for it again.
        """
        if len(rows) == 1 and not connection.in_transaction:
            connection.execute(sql("insert_batch"), rows[0])
        elif rows:
            self.begun().executemany(sql("insert_batch"), rows)
        if connection.in_transaction:
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = open_to_write(self.path, self._options.max_bytes)
        try:
            self.log_id, self.partitions = identity(connection)
            self._tails = {
                topic: Tail(topic, [end_of(connection, topic, p) for p in range(self.partitions)])
                for topic in self.topics
            }
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _give_up(self, error: BaseException) -> None:
        """Roll back; after a failure of the disk start afresh, because a failed fsync is not repeatable."""
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()
        if isinstance(error, sqlite3.Error) and not is_full(error):
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

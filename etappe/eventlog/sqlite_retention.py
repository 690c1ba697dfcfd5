"""What a log file may forget: what is too old or too much, and done by every group that reads it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from etappe.clock import Clock
from etappe.eventlog import LogOptions
from etappe.eventlog.sqlite_batch import first_id
from etappe.eventlog.sqlite_file import LogFile
from etappe.eventlog.sqlite_store import open_to_read, sql

STEP_BYTES = 1 << 20
"""What one step removes, or one batch where that is larger."""

VACUUM_PAGES = 500

Partition = tuple[str, int]


class Retention:
    """One file's sweeps. Used by the file's writer thread, in small steps between appends."""

    def __init__(self, core_path: Path, options: LogOptions, clock: Clock) -> None:
        self._core_path = core_path
        self._options = options
        self._clock = clock
        self._due = 0
        self._limits: Mapping[Partition, int] | None = None

    def hurry(self) -> None:
        """There is no room: look now, not at the next turn."""
        self._due = 0

    def step(self, file: LogFile) -> bool:
        """Do one small part of a sweep; True while there is more to do.

        Raises sqlite3.Error; the sweep is then tried again from its beginning at the next turn.
        """
        now = self._clock()
        if self._limits is None and now < self._due:
            return False
        self._due = now + round(self._options.retain_every * 1000)
        limits, self._limits = self._limits, None
        limits = self._look(file) if limits is None else limits
        if not (self._remove_old(file, limits, now) or self._remove_much(file, limits) or self._shrink(file)):
            return False
        self._limits = limits
        return True

    def _look(self, file: LogFile) -> Mapping[Partition, int]:
        """Up to which offset each partition may be emptied: where the slowest group is.

        Without the core's file nobody has ever read the log, and nothing may go.
        """
        if not self._core_path.exists():
            return {}
        with closing(open_to_read(self._core_path)) as core:
            return {
                (topic, p): self._limit(core, file, topic, p)
                for topic in file.topics
                for p in range(file.partitions)
            }

    def _limit(self, core: sqlite3.Connection, file: LogFile, topic: str, partition: int) -> int:
        (slowest,) = core.execute(sql("read_slowest"), (partition, file.log_id, topic)).fetchone()
        end = file.end(topic, partition)
        return end if slowest is None else min(slowest, end)

    def _remove_old(self, file: LogFile, limits: Mapping[Partition, int], now: int) -> bool:
        oldest = now - round(self._options.retain_seconds * 1000)
        return any(self._remove(file, which, limit, STEP_BYTES, oldest) for which, limit in limits.items())

    def _remove_much(self, file: LogFile, limits: Mapping[Partition, int]) -> bool:
        """While the file holds too much, take some of the oldest records that may go."""
        used = (file.pragma("page_count") - file.pragma("freelist_count")) * file.pragma("page_size")
        excess = used - self._options.retain_bytes
        if excess <= 0:
            return False
        stamps = {which: self._oldest_stamp(file, *which, limit) for which, limit in limits.items()}
        known = {which: stamp for which, stamp in stamps.items() if stamp is not None}
        if not known:
            return False
        which = min(known, key=lambda key: (known[key], key))
        return self._remove(file, which, limits[which], min(excess, STEP_BYTES), math.inf)

    def _oldest_stamp(self, file: LogFile, topic: str, partition: int, limit: int) -> int | None:
        first = first_id(topic, partition)
        values = (first + file.floor(topic, partition), first + limit)
        found = file.connection.execute(sql("read_oldest_stamp"), values).fetchone()
        return found[0] if found else None

    def _remove(self, file: LogFile, which: Partition, limit: int, size: int, before: float) -> bool:
        """Take the oldest batches that end by `limit` and are older than `before`: `size` bytes, or one batch."""
        end = self._end_of_oldest(file, which, limit, size, before)
        if end is None:
            return False
        with file.transaction():
            file.remove(*which, end)
        return True

    def _end_of_oldest(
        self, file: LogFile, which: Partition, limit: int, size: int, before: float
    ) -> int | None:
        first = first_id(*which)
        values = (first + file.floor(*which), first + limit)
        end = None
        with closing(file.connection.execute(sql("read_batch_sizes"), values)) as batches:
            for last, stamp, length in batches:
                size -= length
                if stamp >= before or (size < 0 and end is not None):
                    break
                end = last - first + 1
        return end

    def _shrink(self, file: LogFile) -> bool:
        """Give pages back while more than a quarter is free; the rest is kept for what comes next."""
        if file.pragma("freelist_count") * 4 <= file.pragma("page_count"):
            return False
        # Fetching is what makes SQLite take more than one page.
        file.connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
        file.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return True

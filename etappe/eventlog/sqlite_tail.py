"""Where a topic's partitions end, and what a transaction is adding there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etappe.eventlog import Entry, Position, partition_of
from etappe.eventlog.sqlite_batch import first_id, packed


class Tail:
    """One topic's end in one file. Used by the file's writer thread, inside transactions.

    What many appends add to a partition becomes one batch: its cost is that of a row, not of a row each.
    """

    def __init__(self, topic: str, ends: Sequence[int]) -> None:
        """`ends` has for each partition the offset that its next record gets."""
        self.ends = list(ends)
        self._topic = topic
        self._added: list[list[bytes]] = [[] for _ in ends]
        self._stamp = 0

    def add(self, entries: Sequence[Entry], stamp: int) -> Position:
        """Say where the entries will end, once they are kept."""
        added, count = self._added, len(self._added)
        touched = set()
        for entry in entries:
            partition = partition_of(entry[0], count)
            added[partition] += entry
            touched.add(partition)
        self._stamp = stamp
        return Position({p: self.ends[p] + len(added[p]) // 2 for p in touched})

    def rows(self) -> Iterator[tuple[int, int, bytes]]:
        """What was added, as batches: id, stamp, body."""
        for partition, fields in enumerate(self._added):
            end = first_id(self._topic, partition) + self.ends[partition]
            for count, body in packed(fields) if fields else ():
                end += count
                yield end - 1, self._stamp, body

    def keep(self) -> None:
        """The rows are on disk."""
        self.ends = [end + len(fields) // 2 for end, fields in zip(self.ends, self._added, strict=True)]
        self.drop()

    def drop(self) -> None:
        """The rows are not to be written, or no longer waiting."""
        for fields in self._added:
            fields.clear()

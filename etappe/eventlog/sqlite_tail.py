"""Where a topic's partitions end, and what a transaction is adding there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etappe.eventlog import Entry, Position, partition_of
from etappe.eventlog.sqlite_batch import first_id, packed
from etappe.eventlog.sqlite_seal import sealed


class Tail:
    """One topic's end in one file. Used by the file's writer thread, inside transactions.

    What many appends add to a partition becomes one batch: its cost is that of a row, not of a row each.
    """

    def __init__(self, topic: str, ends: Sequence[int]) -> None:
        """`ends` has for each partition the offset that its next record gets."""
        self.ends = list(ends)
        self._topic = topic
        self._added: list[list[Sequence[Entry]]] = [[] for _ in ends]
        self._next = list(ends)
        """The same with what was added."""
        self._stamp = 0

    def add(self, entries: Sequence[Entry], stamp: int) -> Position:
        """Say where the entries will end, once they are kept."""
        self._stamp = stamp
        if len(self._added) == 1:
            return Position({0: self._add(0, entries)})
        return Position({p: self._add(p, some) for p, some in self._dealt(entries).items()})

    def rows(self) -> Iterator[tuple[int, int, bytes]]:
        """What was added, as batches: id, stamp, body."""
        for partition, added in enumerate(self._added):
            end = first_id(self._topic, partition) + self.ends[partition]
            for count, body in packed(added) if added else ():
                end += count
                yield end - 1, self._stamp, sealed(end - 1, self._stamp, body)

    def keep(self) -> None:
        """The rows are on disk."""
        self.ends = self._next.copy()
        self.drop()

    def drop(self) -> None:
        """The rows are not to be written, or no longer waiting."""
        self._next = self.ends.copy()
        for added in self._added:
            added.clear()

    def _add(self, partition: int, entries: Sequence[Entry]) -> int:
        self._added[partition].append(entries)
        self._next[partition] += len(entries)
        return self._next[partition]

    def _dealt(self, entries: Sequence[Entry]) -> dict[int, list[Entry]]:
        """By partition."""
        dealt: dict[int, list[Entry]] = {}
        for entry in entries:
            dealt.setdefault(partition_of(entry.key, len(self._added)), []).append(entry)
        return dealt

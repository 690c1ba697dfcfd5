"""Consumer groups on SQLite: members live in one process, offsets in the core's file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

from etappe.eventlog import Consumer, Position, Record
from etappe.eventlog.sqlite_bell import Bell
from etappe.eventlog.sqlite_file import LogFile
from etappe.eventlog.sqlite_reader import Reader
from etappe.eventlog.sqlite_records import after, reach, read_partitions
from etappe.eventlog.sqlite_store import sql


class Group:
    """Deals the partitions of one topic to the members that live, anew whenever one comes or goes."""

    def __init__(self, topic: str, name: str, bell: Bell) -> None:
        self.topic = topic
        self.name = name
        self.bell = bell
        self.generation = 0
        self._members: list[SqliteConsumer] = []
        self._partitions = 0

    def join(self, member: SqliteConsumer) -> None:
        self._members.append(member)
        self._deal()

    def leave(self, member: SqliteConsumer) -> None:
        if member in self._members:
            self._members.remove(member)
            self._deal()

    def found(self, partitions: int) -> None:
        """The topic exists, as a reader has seen."""
        if partitions != self._partitions:
            self._partitions = partitions
            self._deal()

    def assigned(self, member: SqliteConsumer) -> frozenset[int]:
        if member not in self._members:
            return frozenset()
        return frozenset(range(self._members.index(member), self._partitions, len(self._members)))

    def _deal(self) -> None:
        self.generation += 1
        self.bell.ring()


class Following:
    """Stands where a group does, for a member that holds what `leader` holds of another topic."""

    def __init__(self, topic: str, name: str, bell: Bell, leader: Consumer) -> None:
        self.topic = topic
        self.name = name
        self.bell = bell
        self._leader = leader
        self._left = False

    @property
    def generation(self) -> int:
        return self._leader.generation

    def leave(self, member: SqliteConsumer) -> None:
        self._left = True

    def found(self, partitions: int) -> None:
        """The leader's topic lies in the same file, so it has the same number."""

    def assigned(self, member: SqliteConsumer) -> frozenset[int]:
        return frozenset() if self._left else self._leader.assigned


Committed = Callable[[str, str], Awaitable[Position]]
Commit = Callable[[Callable[[LogFile], None]], Awaitable[None]]


class SqliteConsumer:
    """One member of a group; see the contract."""

    def __init__(
        self, group: Group | Following, reader: Reader, committed: Committed, commit: Commit
    ) -> None:
        self._group = group
        self._reader = reader
        self._committed = committed
        self._commit = commit
        self._next: dict[int, int] = {}
        self._polled = -1

    @property
    def generation(self) -> int:
        return self._group.generation

    @property
    def assigned(self) -> frozenset[int]:
        return self._group.assigned(self)

    async def poll(self, max_records: int, timeout: float) -> list[Record]:  # noqa: ASYNC109 - ends with []
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        while True:
            count = self._group.bell.count
            if records := await self._take(max_records):
                return records
            if not await self._group.bell.wait(count, until - loop.time()):
                return []

    async def commit(self, position: Position) -> None:
        held = self.assigned
        offsets = {p: offset for p, offset in position.offsets.items() if p in held}
        identity = await self._reader.identity()
        if offsets and identity is not None:
            await self._commit(storing(self._group.topic, self._group.name, identity.log_id, offsets))

    async def close(self) -> None:
        self._group.leave(self)

    async def _take(self, max_records: int) -> list[Record]:
        """The next records of what is assigned now, none when that has changed while reading."""
        generation = self.generation
        if self._polled != generation and not await self._resume(generation):
            return []
        topic, wanted = self._group.topic, list(self._next.items())

        def question(connection: sqlite3.Connection) -> list[Record]:
            return read_partitions(connection, topic, wanted, max_records)

        none: list[Record] = []
        records = await self._reader.ask(question, none)
        if generation != self.generation:
            return []
        self._advance(after(records))
        return records

    async def _resume(self, generation: int) -> bool:
        """Go to what the group has committed, else to the oldest record; False while there is no topic."""
        identity = await self._reader.identity()
        if identity is None:
            return False
        self._group.found(identity.partitions)
        topic = self._group.topic
        done = await self._committed(topic, self._group.name)
        start = await self._reader.ask(lambda connection: reach(connection, topic, done), Position({}))
        if generation != self.generation:
            return False
        self._next = {p: start.offsets[p] for p in sorted(self.assigned)}
        self._polled = generation
        return True

    def _advance(self, read: Mapping[int, int]) -> None:
        """Partitions that were just served go to the back, so that a long one starves nobody."""
        for partition, offset in read.items():
            del self._next[partition]
            self._next[partition] = offset


def joining(topic: str, group: str) -> Callable[[LogFile], None]:
    """For the core's writer: from now on retention waits for this group."""

    def work(file: LogFile) -> None:
        file.begun().execute(sql("join_group"), (topic, group))

    return work


def storing(topic: str, group: str, log_id: str, offsets: Mapping[int, int]) -> Callable[[LogFile], None]:
    """For the core's writer: this is done."""
    rows = [(topic, group, partition, log_id, offset) for partition, offset in offsets.items()]

    def work(file: LogFile) -> None:
        file.begun().executemany(sql("commit_offset"), rows)

    return work

"""The event log on SQLite: one file for each process that writes, read by the others.

`collector.sqlite` holds the topics touchpoints and rejects, `core.sqlite` the topic changes and what every
consumer group has committed. Files are in WAL mode, so a reader never waits for the writer. All work on
them is done in threads: one that writes each own file, one that reads each file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from etappe.clock import Clock
from etappe.errors import LogUnavailable, SettingsError
from etappe.eventlog import IMPORTS, Consumer, Entry, LogOptions, Position, Record
from etappe.eventlog.budget import Budget, size_of
from etappe.eventlog.deadlines import Deadlines
from etappe.eventlog.sqlite_bell import Bell
from etappe.eventlog.sqlite_file import LogFile
from etappe.eventlog.sqlite_group import Following, Group, SqliteConsumer, joining
from etappe.eventlog.sqlite_reader import Reader
from etappe.eventlog.sqlite_records import committed, ends, read_partitions, starts
from etappe.eventlog.sqlite_retention import Retention
from etappe.eventlog.sqlite_store import CORE_FILE, FILE_OF, FILE_TOPICS, folder_of, path_of
from etappe.eventlog.sqlite_writer import Work, Writer

T = TypeVar("T")


class SqliteLog:
    """See the contract. For one event loop."""

    def __init__(self, folder: Path, writes: Sequence[str], options: LogOptions, clock: Clock) -> None:
        self._folder = folder
        self._options = options
        self._clock = clock
        self._budget = Budget(options.buffer_bytes)
        self._deadlines = Deadlines(self._too_late)
        self._readers = {file: Reader(path_of(folder, file)) for file in FILE_TOPICS}
        own = {FILE_OF[topic] for topic in writes}
        self._bells = {
            file: Bell(None if file in own else reader.version) for file, reader in self._readers.items()
        }
        self._writers = {file: self._writer(file) for file in sorted(own)}
        self._groups: dict[tuple[str, str], Group] = {}
        self._members: list[SqliteConsumer] = []

    @classmethod
    async def connect(cls, url: str, writes: Sequence[str], options: LogOptions, clock: Clock) -> SqliteLog:
        """Open or make the files of the topics in `writes`; LogUnavailable, SettingsError."""
        for topic in writes:
            if topic not in FILE_OF:
                raise SettingsError(f"topic {topic!r} is not one of {', '.join(FILE_OF)}")
        log = cls(folder_of(url), writes, options, clock)
        try:
            for writer in log._writers.values():
                await writer.start()
        except BaseException:
            await log.close()
            raise
        return log

    async def log_id(self, topic: str) -> str:
        identity = await self._reader(topic).identity()
        return identity.log_id if identity else ""

    def append(self, topic: str, entries: Sequence[Entry]) -> asyncio.Future[Position]:
        """Begun at once where there is room in memory; of a task of its own only where there is none."""
        if not entries:
            return asyncio.ensure_future(_nothing())
        until = asyncio.get_running_loop().time() + self._options.deadline
        size = size_of(entries)
        if self._budget.admits(size):
            return self._submit(topic, entries, size, until)
        return asyncio.ensure_future(self._wait_and_submit(topic, entries, size, until))

    async def consumer(self, topic: str, group: str) -> Consumer:
        core = self._core()
        await core.submit(joining(topic, group))
        key = (topic, group)
        if key not in self._groups:
            self._groups[key] = Group(topic, group, self._bells[FILE_OF[topic]])
        member = SqliteConsumer(self._groups[key], self._reader(topic), self.committed, core.submit)
        identity = await self._reader(topic).identity()
        if identity is not None:
            self._groups[key].found(identity.partitions)
        self._groups[key].join(member)
        self._members.append(member)
        return member

    async def follower(self, topic: str, group: str, leader: Consumer) -> Consumer:
        core = self._core()
        await core.submit(joining(topic, group))
        following = Following(topic, group, self._bells[FILE_OF[topic]], leader)
        member = SqliteConsumer(following, self._reader(topic), self.committed, core.submit)
        self._members.append(member)
        return member

    async def read(self, topic: str, start: Position, max_records: int) -> list[Record]:
        wanted = sorted(start.offsets.items())
        return await self._reader(topic).ask(
            lambda file: read_partitions(file, topic, wanted, max_records), []
        )

    async def ends(self, topic: str) -> Position:
        return await self._reader(topic).ask(lambda file: ends(file, topic), self._nothing())

    async def starts(self, topic: str) -> Position:
        return await self._reader(topic).ask(lambda file: starts(file, topic), self._nothing())

    async def committed(self, topic: str, group: str) -> Position:
        log_id = await self.log_id(topic)
        core = self._readers[CORE_FILE]
        return await core.ask(lambda file: committed(file, topic, group, log_id), Position({}))

    async def check(self) -> None:
        for writer in self._writers.values():
            room = writer.submit(LogFile.check_room)
            self._deadlines.add(asyncio.get_running_loop().time() + self._options.deadline, room)
            await room
        for reader in self._readers.values():
            await reader.version()

    async def close(self) -> None:
        """Write what is queued, then let all files go."""
        for member in self._members:
            await member.close()
        for writer in self._writers.values():
            await writer.close()
        for bell in self._bells.values():
            await bell.close()
        for reader in self._readers.values():
            await reader.close()
        self._deadlines.close()

    async def _wait_and_submit(
        self, topic: str, entries: Sequence[Entry], size: int, until: float
    ) -> Position:
        await self._budget.wait(size, self._options.deadline)
        return await self._submit(topic, entries, size, until)

    def _submit(
        self, topic: str, entries: Sequence[Entry], size: int, until: float
    ) -> asyncio.Future[Position]:
        """What was taken of the budget is given back once it is done."""
        try:
            stored = self._writer_of(topic).submit(self._appending(topic, entries), size)
        except LogUnavailable:
            self._budget.give(size)
            raise
        self._deadlines.add(until, stored)
        return stored

    def _writer(self, file: str) -> Writer:
        path, options = path_of(self._folder, file), self._options

        def open_file() -> LogFile:
            return LogFile(path, FILE_TOPICS[file], options)

        retention = Retention(path_of(self._folder, CORE_FILE), options, self._clock)
        return Writer(path, open_file, retention, self._bells[file], self._budget.give)

    def _appending(self, topic: str, entries: Sequence[Entry]) -> Work[Position]:
        def work(file: LogFile) -> Position:
            if topic == IMPORTS:
                file.check_lane()
            return file.append(topic, entries, self._clock())

        return work

    def _too_late(self) -> LogUnavailable:
        limit = f"{self._options.deadline:g} s"
        return LogUnavailable(f"The disk of {self._folder} did not answer within {limit}.")

    def _reader(self, topic: str) -> Reader:
        return self._readers[FILE_OF[topic]]

    def _writer_of(self, topic: str) -> Writer:
        writer = self._writers.get(FILE_OF[topic])
        if writer is None:
            raise LogUnavailable(f"This process was not opened to write {topic}.")
        return writer

    def _core(self) -> Writer:
        writer = self._writers.get(CORE_FILE)
        if writer is None:
            raise LogUnavailable("Only the process that writes the topic changes may consume.")
        return writer

    def _nothing(self) -> Position:
        """Positions of a topic whose writer has never started."""
        return Position(dict.fromkeys(range(self._options.partitions), 0))


async def _nothing() -> Position:
    return Position({})

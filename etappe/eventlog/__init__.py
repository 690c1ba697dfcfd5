"""The event log: one contract, two backends chosen by URL (`sqlite:///DIR`, `kafka://host:port,host:port`).

The log is the durable copy of what came in until it is in the warehouse. Every record that
`append` has returned for is on disk (SQLite, synchronous=FULL) or acknowledged by all in-sync
replicas (Kafka, acks=all). Delivery to consumers is at least once, in order within a partition.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, overload

from etappe.clock import Clock, system_clock
from etappe.errors import BadInput, Problem, SettingsError

TOUCHPOINTS = "touchpoints"
IMPORTS = "imports"
"""The lane of imports: touchpoints too, which wait until no other touchpoint does."""
REJECTS = "rejects"
CHANGES = "changes"

COLLECTOR_TOPICS = (TOUCHPOINTS, IMPORTS, REJECTS)
"""What the collector writes; the core (stitcher and query API) writes `changes`."""


_POSITION = re.compile(r"[0-9]{1,5}-[0-9]{1,15}(_[0-9]{1,5}-[0-9]{1,15}){0,1023}")


class Entry(NamedTuple):
    """What a writer appends: `key` chooses the partition, `value` is opaque to the log."""

    key: bytes
    value: bytes


_new_entry = partial(tuple.__new__, Entry)


def entries_of(keys: Iterable[bytes], values: Iterable[bytes]) -> list[Entry]:
    """One of each pair, for a quarter of what as many calls of `Entry` cost."""
    return list(map(_new_entry, zip(keys, values, strict=True)))


class Lines(Sequence[Entry]):
    """Entries whose values are the lines of one text. They are made, kept and written to SQLite as that; to make an
    object of each would cost more than all else that is done with them.
    """

    __slots__ = ("keys", "text")

    def __init__(self, keys: Sequence[bytes], text: bytes) -> None:
        """`text` has a line for each key, with a line break (and no other) at its end."""
        self.keys = keys
        self.text = text

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries()[index]

    def _entries(self) -> list[Entry]:
        return entries_of(self.keys, self.text.split(b"\n")[:-1])


class Record(NamedTuple):
    """What a reader gets. `stamp` is the time of appending in milliseconds since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    stamp: int


@dataclass(frozen=True, slots=True)
class Position:
    """A point in a topic: per partition the offset of the next record, so `{0: 5}` includes offset 4.

    As text (`X-Etappe-Position`, `after=`): `0-5_3-12`, partitions ascending.
    """

    offsets: Mapping[int, int]

    def __str__(self) -> str:
        return "_".join([f"{p}-{o}" for p, o in sorted(self.offsets.items())])

    @classmethod
    def parse(cls, text: str) -> Position:
        if not _POSITION.fullmatch(text):
            raise BadInput(Problem("after", text, "a position as in X-Etappe-Position, like 0-5_3-12"))
        pairs = [part.split("-") for part in text.split("_")]
        return cls({int(p): int(o) for p, o in pairs})


class Consumer(Protocol):
    """One member of a consumer group, used by one task; what it polled but did not commit comes again."""

    async def poll(self, max_records: int, timeout: float) -> list[Record]:  # noqa: ASYNC109 - ends with []
        """Up to `max_records` records of all assigned partitions, as soon as there are any.

        Within a partition in order; `[]` after `timeout` seconds without one.
        """

    async def commit(self, position: Position) -> None:
        """Everything before `position` is done and need not come again; lost partitions are left out."""

    @property
    def generation(self) -> int:
        """Grows whenever partitions were assigned or taken away.

        Work polled under an older one may be abandoned: what is not committed is polled again.
        """

    @property
    def assigned(self) -> frozenset[int]:
        """The partitions this member holds now."""

    async def close(self) -> None:
        """Leave the group; a second time does nothing."""


class EventLog(Protocol):
    """Raises LogUnavailable (LogFull where there is no room) and nothing of the driver's."""

    async def log_id(self, topic: str) -> str:
        """Names the life of the log that holds `topic`: another value means other offsets.

        '' as long as the process that writes the topic has never started (SQLite).
        """

    def append(self, topic: str, entries: Sequence[Entry]) -> Awaitable[Position]:
        """Store all of them durably, then return the position after the last one in each partition written.

        Raises after `LogOptions.deadline` seconds at the latest; some may then be stored all the same.
        """

    async def consumer(self, topic: str, group: str) -> Consumer:
        """Join `group` on `topic`, starting at its committed offsets, else at the oldest record."""

    async def follower(self, topic: str, group: str, leader: Consumer) -> Consumer:
        """A consumer that holds of `topic` the partitions that `leader`, a member of this log, holds of its own.

        Whenever those change, so do these; the generation is the leader's. Only followers commit as `group`.
        """

    async def read(self, topic: str, start: Position, max_records: int) -> list[Record]:
        """Records from `start` on (a partition not named: none), without a group."""

    async def ends(self, topic: str) -> Position:
        """Per partition (all of them) the offset that the next record will get."""

    async def starts(self, topic: str) -> Position:
        """Per partition (all of them) the offset of the oldest record still there."""

    async def committed(self, topic: str, group: str) -> Position:
        """What `group` has committed, per partition; partitions without a commit are left out."""

    async def check(self) -> None:
        """Return when the log could take a record now; raise LogUnavailable otherwise."""

    async def close(self) -> None:
        """Store what was appended, leave all groups, let everything go; a second time does nothing."""


def partition_of(key: bytes, partitions: int) -> int:
    """The same on both backends, so that copies of an event always meet."""
    return zlib.crc32(key) % partitions


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Limits of a log; bytes and seconds.

    On SQLite retention never passes the slowest consumer group that ever joined, and nothing is removed
    before a consuming process has run at all; on Kafka the broker removes what is too old.
    """

    partitions: int = 4
    """Of each topic; counts when the topic is made, later the stored number holds."""
    retain_seconds: float = 7 * 86400
    retain_bytes: int = 4 << 30
    """Of each log file (SQLite), of each partition (Kafka)."""
    retain_every: float = 10.0
    """How often SQLite looks for what may go."""
    max_bytes: int = 16 << 30
    """Of each log file (SQLite); past it LogFull."""
    buffer_bytes: int = 32 << 20
    """What may wait in memory to be written."""
    deadline: float = 10.0
    """How long one append may take, waiting for room included."""


async def connect_log(
    url: str, writes: Sequence[str], options: LogOptions | None = None, clock: Clock = system_clock
) -> EventLog:
    """Open the log behind `url`; LogUnavailable names what is wrong and what to do.

    `writes` names the topics this process appends to: each SQLite file has one writing process.
    """
    options = options or LogOptions()
    if url.startswith("sqlite:"):
        from etappe.eventlog.sqlite import SqliteLog  # noqa: PLC0415 - only the backend that is used

        return await SqliteLog.connect(url, writes, options, clock)
    if url.startswith("kafka:"):
        from etappe.eventlog.kafka import KafkaLog  # noqa: PLC0415 - only the backend that is used

        return await KafkaLog.connect(url, writes, options, clock)
    raise SettingsError(f"log_url is {url!r} (wanted sqlite:///DIR or kafka://host:port)")

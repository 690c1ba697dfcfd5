"""The event log on Kafka: acks=all, an idempotent producer, batches per partition, bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from etappe.clock import Clock
from etappe.errors import LogFull, LogUnavailable, SettingsError
from etappe.eventlog import (
    CHANGES,
    COLLECTOR_TOPICS,
    Consumer,
    Entry,
    LogOptions,
    Position,
    Record,
    partition_of,
)
from etappe.eventlog.budget import Budget, size_of
from etappe.eventlog.kafka_batch import Batch, PartitionQueue
from etappe.eventlog.kafka_cluster import Address, Cluster
from etappe.eventlog.kafka_follower import KafkaFollower
from etappe.eventlog.kafka_group import KafkaConsumer
from etappe.eventlog.kafka_producer import Producer
from etappe.eventlog.kafka_reader import KafkaReader

TOPICS = (*COLLECTOR_TOPICS, CHANGES)


class KafkaLog:
    """See the contract. For one event loop."""

    def __init__(self, address: Address, writes: Sequence[str], options: LogOptions, clock: Clock) -> None:
        self._address = address
        self._writes = frozenset(writes)
        self._options = options
        self._clock = clock
        self._budget = Budget(options.buffer_bytes)
        self._cluster = Cluster(address)
        self._producer = Producer(address.servers)
        self._reader = KafkaReader(self._cluster)
        self._queues: dict[tuple[str, int], PartitionQueue] = {}
        self._members: list[KafkaConsumer | KafkaFollower] = []
        self._closed = False

    @classmethod
    async def connect(cls, url: str, writes: Sequence[str], options: LogOptions, clock: Clock) -> KafkaLog:
        """Reach the cluster and make missing topics within ten seconds; LogUnavailable, SettingsError."""
        for topic in writes:
            if topic not in TOPICS:
                raise SettingsError(f"topic {topic!r} is not one of {', '.join(TOPICS)}")
        log = cls(Address.parse(url), writes, options, clock)
        try:
            await log._cluster.start(TOPICS, options)
            if writes:
                with log._address.our_words():
                    await log._producer.start()
        except BaseException:
            await log.close()
            raise
        return log

    async def log_id(self, topic: str) -> str:
        return self._cluster.cluster_id

    async def append(self, topic: str, entries: Sequence[Entry]) -> Position:
        if not entries:
            return Position({})
        if self._closed:
            raise LogUnavailable("It has been closed.")
        if topic not in self._writes:
            raise LogUnavailable(f"This process was not opened to write {topic}.")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.deadline
        size = size_of(entries)
        if not self._budget.admits(size):
            await self._budget.wait(size, self._options.deadline)
        ends = self._enqueue(topic, entries)
        waiting = asyncio.gather(*(end for parts in ends.values() for end in parts))
        with self._address.our_words():
            try:
                async with asyncio.timeout_at(until):
                    await waiting
            except TimeoutError:
                raise TimeoutError(f"no answer within {self._options.deadline:g} s") from None
        return await self._position(topic, {p: max(e.result() for e in parts) for p, parts in ends.items()})

    async def consumer(self, topic: str, group: str) -> Consumer:
        member = KafkaConsumer(self._address, topic, group)
        await member.start()
        self._members.append(member)
        return member

    async def follower(self, topic: str, group: str, leader: Consumer) -> Consumer:
        member = KafkaFollower(self._address, topic, group, leader)
        await member.start()
        self._members.append(member)
        return member

    async def read(self, topic: str, start: Position, max_records: int) -> list[Record]:
        return await self._reader.read(topic, start, max_records)

    async def ends(self, topic: str) -> Position:
        return await self._reader.ends(topic)

    async def starts(self, topic: str) -> Position:
        return await self._reader.starts(topic)

    async def committed(self, topic: str, group: str) -> Position:
        return await self._cluster.committed(topic, group)

    async def check(self) -> None:
        """Room in memory, and a leader that answers for every partition this process writes."""
        if self._budget.used >= self._options.buffer_bytes:
            raise LogFull(f"{self._budget.used} bytes wait for Kafka at {self._address.servers}.")
        for topic in sorted(self._writes or {CHANGES}):
            await self._reader.ends(topic)

    async def close(self) -> None:
        """Deliver what the producer has, for a few seconds, then disconnect."""
        if self._closed:
            return
        self._closed = True
        for member in self._members:
            await member.close()
        await asyncio.gather(*(queue.close() for queue in self._queues.values()))
        await self._producer.close()
        await self._reader.close()
        await self._cluster.close()

    def _enqueue(self, topic: str, entries: Sequence[Entry]) -> dict[int, list[asyncio.Future[int]]]:
        partitions = self._cluster.partitions(topic)
        dealt: dict[int, list[Entry]] = {}
        for entry in entries:
            dealt.setdefault(partition_of(entry[0], partitions), []).append(entry)
        stamp = self._clock()
        return {p: self._queue(topic, p).add(part, stamp) for p, part in dealt.items()}

    def _queue(self, topic: str, partition: int) -> PartitionQueue:
        key = (topic, partition)
        if key not in self._queues:
            name = self._address.name(topic)

            async def deliver(batch: Batch) -> None:
                await self._producer.deliver(name, batch)

            self._queues[key] = PartitionQueue(partition, self._producer.builder, deliver, self._budget.give)
        return self._queues[key]

    async def _position(self, topic: str, ends: dict[int, int]) -> Position:
        """Kafka may answer "already there" without an offset; the end of the partition is then behind it."""
        if min(ends.values()) >= 0:
            return Position(ends)
        latest = (await self._reader.ends(topic)).offsets
        return Position({p: end if end >= 0 else latest[p] for p, end in ends.items()})

"""One member of a Kafka consumer group, with commits by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, RebalanceInProgressError
from aiokafka.structs import ConsumerRecord, TopicPartition

from etappe.eventlog import Position, Record
from etappe.eventlog.kafka_cluster import ASK_MS, CONNECT_SECONDS, REQUEST_MS, Address

SESSION_MS = 10_000
"""How long the group waits for a killed member before its partitions go to another."""

HEARTBEAT_MS = 1_000
"""How soon a member hears that partitions are dealt anew."""

WORK_MS = 600_000
"""How long one polled batch may be worked on before the member counts as stuck."""

STOP_SECONDS = 5.0
FETCH_BYTES = 4 << 20


def reading_client(address: Address, group: str | None = None) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=address.servers,
        group_id=None if group is None else address.name(group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        max_partition_fetch_bytes=FETCH_BYTES,
        request_timeout_ms=ASK_MS if group is None else REQUEST_MS,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_poll_interval_ms=WORK_MS,
    )


async def stop_client(client: AIOKafkaConsumer) -> None:
    """Leave the group if the broker is there, disconnect in any case.

    While the broker is away the driver's `stop` lets the cancellation of its own fetch task escape, with its
    connections still open; or it waits for an answer.
    """
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=STOP_SECONDS)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait([stopping])
    if stopping.cancelled() or stopping.exception() is not None:
        await client._client.close()


def to_records(topic: str, found: Sequence[ConsumerRecord]) -> list[Record]:
    return [Record(topic, r.partition, r.offset, r.key, r.value, r.timestamp) for r in found]


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped driver
    """See the contract. The driver goes back to what is committed whenever partitions were dealt anew."""

    def __init__(self, address: Address, topic: str, group: str) -> None:
        self._address = address
        self._topic = topic
        self._client = reading_client(address, group)
        self._generation = 0
        self._assigned: frozenset[int] = frozenset()

    async def start(self) -> None:
        """Join; return when the group has dealt the partitions."""
        self._client.subscribe([self._address.name(self._topic)], listener=self)
        with self._address.our_words():
            try:
                async with asyncio.timeout(CONNECT_SECONDS + SESSION_MS / 1000):
                    await self._client.start()
            except BaseException:
                await stop_client(self._client)
                raise

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def assigned(self) -> frozenset[int]:
        return self._assigned

    async def poll(self, max_records: int, timeout: float) -> list[Record]:  # noqa: ASYNC109 - ends with []
        with self._address.our_words():
            found = await self._client.getmany(timeout_ms=round(timeout * 1000), max_records=max_records)
        return [record for part in found.values() for record in to_records(self._topic, part)]

    async def commit(self, position: Position) -> None:
        name = self._address.name(self._topic)
        held = self._assigned
        offsets = {TopicPartition(name, p): offset for p, offset in position.offsets.items() if p in held}
        if not offsets:
            return
        with self._address.our_words():
            try:
                await self._client.commit(offsets)
            except (CommitFailedError, IllegalStateError, RebalanceInProgressError):
                # Lost meanwhile: the records come again, here or at another member.
                return

    async def close(self) -> None:
        await stop_client(self._client)

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Called by the driver before partitions are dealt anew."""
        self._change(frozenset())

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Called by the driver after it."""
        self._change(frozenset(tp.partition for tp in assigned))

    def _change(self, assigned: frozenset[int]) -> None:
        self._generation += 1
        self._assigned = assigned

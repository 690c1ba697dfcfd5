"""A consumer on Kafka that holds what another member holds of another topic.

It joins no group: its partitions follow the other member's, so that both always meet in one process. It has a
client of its own, since a client that holds unread records of one topic fetches those of the other more rarely.
"""

from __future__ import annotations

import asyncio

from aiokafka.errors import CommitFailedError, IllegalStateError, RebalanceInProgressError
from aiokafka.structs import TopicPartition

from etappe.eventlog import Consumer, Position, Record
from etappe.eventlog.kafka_cluster import CONNECT_SECONDS, Address
from etappe.eventlog.kafka_group import reading_client, stop_client, to_records


class KafkaFollower:
    """See the contract. Positions are committed under a group that has no members, so nothing fences them.

    A late commit names what was done all the same; at worst some records come again.
    """

    def __init__(self, address: Address, topic: str, group: str, leader: Consumer) -> None:
        self._address = address
        self._topic = topic
        self._leader = leader
        self._client = reading_client(address, group)
        self._polled = -1
        self._held: frozenset[int] = frozenset()
        self._closed = False

    async def start(self) -> None:
        with self._address.our_words():
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._client.start()
            except BaseException:
                await stop_client(self._client)
                raise

    @property
    def generation(self) -> int:
        return self._leader.generation

    @property
    def assigned(self) -> frozenset[int]:
        return frozenset() if self._closed else self._leader.assigned

    async def poll(self, max_records: int, timeout: float) -> list[Record]:  # noqa: ASYNC109 - ends with []
        if self._polled != self.generation:
            self._follow()
        if not self._held:
            await asyncio.sleep(timeout)
            return []
        with self._address.our_words():
            found = await self._client.getmany(timeout_ms=round(timeout * 1000), max_records=max_records)
        if self._polled != self.generation:
            return []
        return [record for part in found.values() for record in to_records(self._topic, part)]

    async def commit(self, position: Position) -> None:
        held = self._held & self.assigned
        offsets = {self._place(p): offset for p, offset in position.offsets.items() if p in held}
        if not offsets:
            return
        with self._address.our_words():
            try:
                await self._client.commit(offsets)
            except (CommitFailedError, IllegalStateError, RebalanceInProgressError):
                # Held by another now: the records come again there.
                return

    async def close(self) -> None:
        self._closed = True
        await stop_client(self._client)

    def _follow(self) -> None:
        """Take what the leader holds now, from what is committed on."""
        self._polled, self._held = self.generation, self._leader.assigned
        if self._held:
            self._client.assign([self._place(p) for p in sorted(self._held)])

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self._address.name(self._topic), partition)

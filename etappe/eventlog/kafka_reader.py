"""Reading topics without a group: records from a position on, and where partitions begin and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from etappe.eventlog import Position, Record
from etappe.eventlog.kafka_cluster import CONNECT_SECONDS, Cluster
from etappe.eventlog.kafka_group import reading_client, stop_client, to_records

LOOK_MS = 200


class KafkaReader:
    """One client that is sent to and fro; made at the first question."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._client: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def ends(self, topic: str) -> Position:
        return await self._offsets(topic, "end_offsets")

    async def starts(self, topic: str) -> Position:
        return await self._offsets(topic, "beginning_offsets")

    async def read(self, topic: str, start: Position, max_records: int) -> list[Record]:
        ends = await self.ends(topic)
        todo = {p: offset for p, offset in sorted(start.offsets.items()) if offset < ends.offsets.get(p, 0)}
        if not todo:
            return []
        async with self._asking() as client:
            return await self._read(client, topic, todo, ends.offsets, max_records)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await stop_client(client)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AIOKafkaConsumer]:
        """The client, for one question at a time. One that failed is replaced: the driver cuts its own questions off
        before it gives a half-open connection up, and would find the same one again and again.
        """
        async with self._turn:
            with self._cluster.address.our_words():
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        yield await self._get()
                except (KafkaError, OSError, TimeoutError):
                    await self.close()
                    raise

    async def _read(
        self,
        client: AIOKafkaConsumer,
        topic: str,
        todo: dict[int, int],
        ends: Mapping[int, int],
        max_records: int,
    ) -> list[Record]:
        """Up to the ends that were there when the question came."""
        places = {p: TopicPartition(self._cluster.address.name(topic), p) for p in todo}
        client.assign(list(places.values()))
        try:
            for partition, offset in todo.items():
                client.seek(places[partition], offset)
            records: list[Record] = []
            left = set(todo)
            while left and len(records) < max_records:
                found = await client.getmany(
                    *(places[p] for p in left), timeout_ms=LOOK_MS, max_records=max_records - len(records)
                )
                for part in found.values():
                    records += to_records(topic, part)
                left = {p for p in left if await client.position(places[p]) < ends[p]}
        finally:
            # Who holds partitions asks for their next records all the time, and whatever is asked over the same
            # connection waits until there are some.
            client.unsubscribe()
        return sorted(records)

    async def _offsets(self, topic: str, which: str) -> Position:
        async with self._asking() as client:
            found = await getattr(client, which)(self._cluster.all_of(topic))
        return Position({tp.partition: offset for tp, offset in found.items()})

    async def _get(self) -> AIOKafkaConsumer:
        if self._client is None:
            client = reading_client(self._cluster.address)
            try:
                await client.start()
            except BaseException:
                await stop_client(client)
                raise
            self._client = client
        return self._client

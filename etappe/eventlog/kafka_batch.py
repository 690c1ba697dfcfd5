"""Entries on their way to one partition, in batches that grow until the producer takes them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from etappe.eventlog import Entry
from etappe.eventlog.budget import ENTRY_BYTES

CLOSE_SECONDS = 5.0

Deliver = Callable[["Batch"], Awaitable[None]]


class Batch:
    """Open until it is handed to the producer; settled once, by a delivery or a failure."""

    def __init__(self, builder: BatchBuilder, partition: int, give: Callable[[int], None]) -> None:
        self.builder = builder
        self.partition = partition
        self._give = give
        self._size = 0
        self._waiters: list[tuple[asyncio.Future[int], int]] = []
        self._settled = False

    def add(self, entry: Entry, stamp: int) -> bool:
        """False when it is full or has left."""
        added = self.builder.append(timestamp=stamp, key=entry.key, value=entry.value) is not None
        if added:
            self._size += len(entry[0]) + len(entry[1]) + ENTRY_BYTES
        return added

    def wait(self) -> asyncio.Future[int]:
        """Resolves to the offset behind what was added so far; negative when Kafka does not tell."""
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiters.append((waiter, self.builder.record_count()))
        return waiter

    @property
    def abandoned(self) -> bool:
        """Everybody who waited has given up: nobody was told that it is stored."""
        return all(waiter.cancelled() for waiter, _ in self._waiters)

    def delivered(self, metadata: RecordMetadata) -> None:
        if self._settle():
            for waiter, count in self._waiters:
                if not waiter.done():
                    waiter.set_result(metadata.offset + count if metadata.offset >= 0 else -1)

    def failed(self, error: BaseException) -> None:
        if self._settle():
            for waiter, _ in self._waiters:
                if not waiter.done():
                    waiter.set_exception(error)

    def _settle(self) -> bool:
        """Memory counts as used until this moment, however long ago the deadline passed."""
        if self._settled:
            return False
        self._settled = True
        self.builder.close()
        self._give(self._size)
        return True


class PartitionQueue:
    """The batches of one partition, delivered one after the other."""

    def __init__(
        self,
        partition: int,
        builder: Callable[[], BatchBuilder],
        deliver: Deliver,
        give: Callable[[int], None],
    ) -> None:
        self._partition = partition
        self._builder = builder
        self._deliver = deliver
        self._give = give
        self._last: Batch | None = None
        self._queue: deque[Batch] = deque()
        self._pump: asyncio.Task[None] | None = None

    def add(self, entries: Sequence[Entry], stamp: int) -> list[asyncio.Future[int]]:
        """One future for each batch the entries went into; the largest result is where they end."""
        ends: list[asyncio.Future[int]] = []
        batch, fresh = self._last, True
        for entry in entries:
            if batch is None or not batch.add(entry, stamp):
                if batch is not None and not fresh:
                    ends.append(batch.wait())
                batch = self._open()
                batch.add(entry, stamp)
            fresh = False
        if batch is not None:
            ends.append(batch.wait())
        if self._queue and self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return ends

    async def close(self) -> None:
        """Let the producer take what is left, for a few seconds, then fail the rest."""
        if self._pump is not None:
            await asyncio.wait([self._pump], timeout=CLOSE_SECONDS)
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
        while self._queue:
            self._queue.popleft().failed(ProducerClosed())

    def _open(self) -> Batch:
        self._last = Batch(self._builder(), self._partition, self._give)
        self._queue.append(self._last)
        return self._last

    async def _run(self) -> None:
        """Hand over batch by batch; one that everybody has given up is dropped."""
        try:
            while self._queue:
                batch = self._queue[0]
                if batch.abandoned:
                    batch.failed(TimeoutError())
                else:
                    await self._hand_over(batch)
                self._queue.popleft()
        finally:
            self._pump = None

    async def _hand_over(self, batch: Batch) -> None:
        try:
            await self._deliver(batch)
        except (KafkaError, OSError, TimeoutError) as error:
            batch.failed(error)

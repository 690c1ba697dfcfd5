"""An idempotent producer that is replaced when it has failed.

A batch that an idempotent producer could not deliver leaves a hole in its sequence numbers, and the broker
refuses everything after the hole; a new producer starts a new sequence.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from etappe.eventlog.kafka_batch import Batch
from etappe.eventlog.kafka_cluster import CONNECT_SECONDS, MAX_MESSAGE_BYTES, REQUEST_MS

BATCH_BYTES = 512 << 10
STOP_SECONDS = 5.0


class Producer:
    """Hands batches to the current producer; `start` before, `close` after."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._latest: AIOKafkaProducer | None = None
        self._broken = True
        self._turn = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect; KafkaError or TimeoutError otherwise."""
        await self._get()

    def builder(self) -> BatchBuilder:
        """An empty batch, after `start`; any producer of ours will take it."""
        if self._latest is None:
            raise ProducerClosed
        return self._latest.create_batch()

    async def deliver(self, topic: str, batch: Batch) -> None:
        """Return when the producer has taken the batch; it is settled when the broker has answered."""
        producer = await self._get()
        # The driver counts a batch's records before it packs them: one that slips in between is missing in its
        # sequence numbers, and the broker refuses whatever comes next.
        batch.builder.close()
        try:
            answer = await producer.send_batch(batch.builder, topic, partition=batch.partition)
        except KafkaTimeoutError:
            # Not taken in time, so nothing is missing in the sequence.
            raise
        except KafkaError:
            self._replace(producer)
            raise
        answer.add_done_callback(lambda done: self._settle(producer, batch, done))

    async def close(self) -> None:
        """Deliver what was taken, for a few seconds; what is left then fails."""
        if self._latest is not None:
            self._replace(self._latest)
        if self._retiring:
            await asyncio.wait(self._retiring)

    async def _get(self) -> AIOKafkaProducer:
        async with self._turn:
            if self._latest is None or self._broken:
                self._latest = await self._make()
                self._broken = False
            return self._latest

    async def _make(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_MESSAGE_BYTES,
            request_timeout_ms=REQUEST_MS,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    def _settle(self, producer: AIOKafkaProducer, batch: Batch, done: asyncio.Future[RecordMetadata]) -> None:
        error = ProducerClosed() if done.cancelled() else done.exception()
        if error is None:
            batch.delivered(done.result())
        else:
            batch.failed(error)
            self._replace(producer)

    def _replace(self, producer: AIOKafkaProducer) -> None:
        """The next batch gets a new producer; this one delivers what it has taken and goes."""
        if producer is self._latest and not self._broken:
            self._broken = True
            task = asyncio.create_task(_stop(producer))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError):
        # `stop` waits for the broker without end, so its parts are ended one by one.
        await producer._sender.close()
        producer._message_accumulator.fail_all(ProducerClosed())
        await producer.client.close()

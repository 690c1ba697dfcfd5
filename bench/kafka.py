"""The Kafka path: what the log appends, against a producer that awaits each record by itself."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaProducer

from bench import events
from bench.figures import Pair, Row
from bench.places import above
from bench.scale import Scale
from etappe.eventlog import TOUCHPOINTS, Entry, connect_log
from tests.kafka.broker import BrokerMissing, KafkaBroker, fetch_jars

BATCH = 50
REFERENCE = (
    "aiokafka alone, acks=all: `await producer.send(...)` for each record, then all acknowledgements awaited"
)
TASKS = 32


def rows(scale: Scale) -> Iterator[Row]:
    """Records a second, acknowledged by a real broker."""
    try:
        fetch_jars()
    except BrokerMissing as error:
        raise RuntimeError(str(error)) from error
    with tempfile.TemporaryDirectory(dir=above()) as folder:
        broker = KafkaBroker(Path(folder))
        broker.start()
        try:
            pairs = uvloop.run(_rounds(f"127.0.0.1:{broker.port}", scale))
        finally:
            broker.stop()
    yield Row("log on Kafka, batches of 50", "records/s", pairs, REFERENCE, "≥ 3")


async def _rounds(address: str, scale: Scale) -> list[Pair]:
    log = await connect_log(f"kafka://{address}", (TOUCHPOINTS,))
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", compression_type="lz4")
    await producer.start()
    entries = [Entry(f"{n}".encode(), body.encode()) for n, body in enumerate(_bodies())]

    async def ours() -> int:
        await log.append(TOUCHPOINTS, entries)
        return len(entries)

    async def reference() -> int:
        waiting = [await producer.send(TOUCHPOINTS, entry.value, entry.key) for entry in entries]
        await asyncio.gather(*waiting)
        return len(entries)

    try:
        await _rate(ours, 1), await _rate(reference, 1)
        return [
            Pair(await _rate(ours, scale.seconds), await _rate(reference, scale.seconds))
            for _ in range(scale.rounds)
        ]
    finally:
        await producer.stop()
        await log.close()


async def _rate(job: Callable[[], Awaitable[int]], seconds: float) -> float:
    """Records a second of 32 tasks that do the job again and again."""
    begun = time.perf_counter()

    async def repeat() -> int:
        done = 0
        while time.perf_counter() < begun + seconds:
            done += await job()
        return done

    counts = await asyncio.gather(*(repeat() for _ in range(TASKS)))
    return sum(counts) / (time.perf_counter() - begun)


def _bodies() -> Iterator[str]:
    return (json.dumps(events.single(number)) for number in range(BATCH))

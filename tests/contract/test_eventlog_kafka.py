"""What only the Kafka log promises: away at the start, away in the middle, memory that stays bounded."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from kafka.broker import KafkaBroker, free_ports
from torture.proxy import Proxy

from etappe.errors import LogFull, LogUnavailable
from etappe.eventlog import (
    CHANGES,
    REJECTS,
    TOUCHPOINTS,
    Entry,
    LogOptions,
    Position,
    connect_log,
    kafka_cluster,
)
from etappe.eventlog.kafka import KafkaLog

ALL = (TOUCHPOINTS, REJECTS, CHANGES)

OpenLog = Callable[..., Awaitable[KafkaLog]]


@pytest.fixture
async def open_log() -> AsyncIterator[OpenLog]:
    opened: list[KafkaLog] = []

    async def open_one(url: str, writes: tuple[str, ...] = ALL, **options: float) -> KafkaLog:
        log = await connect_log(url, writes, LogOptions(**options))  # type: ignore[arg-type]  # mixed kinds
        assert isinstance(log, KafkaLog)
        opened.append(log)
        return log

    yield open_one
    for log in opened:
        await log.close()


def fresh(url: str) -> str:
    return f"{url}?prefix=t{uuid.uuid4().hex[:8]}-"


def kilobytes(count: int) -> list[Entry]:
    return [Entry(os.urandom(8), os.urandom(1000)) for _ in range(count)]


async def until(happened: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """A broker that comes back does so in its own time."""
    async with asyncio.timeout(seconds):
        while not await happened():
            await asyncio.sleep(0.05)


async def refused(log: KafkaLog, entries: list[Entry]) -> type[Exception] | None:
    try:
        await log.append(TOUCHPOINTS, entries)
    except LogUnavailable as error:
        return type(error)
    return None


async def test_a_broker_that_cannot_be_reached_stops_the_start_with_its_address() -> None:
    (port,) = free_ports(1)
    began = time.monotonic()
    with pytest.raises(
        LogUnavailable, match=rf"Kafka at 127\.0\.0\.1:{port}: .*check that it runs"
    ) as caught:
        await connect_log(f"kafka://127.0.0.1:{port}", ALL)
    assert caught.value.__cause__ is not None
    assert time.monotonic() - began < 12


async def test_a_port_that_accepts_but_does_not_answer_stops_the_start_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_cluster, "CONNECT_SECONDS", 1.0)

    async def be_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    with pytest.raises(LogUnavailable, match=rf"Kafka at 127\.0\.0\.1:{port}"):
        await connect_log(f"kafka://127.0.0.1:{port}", ALL)
    assert time.monotonic() - began < 3
    server.close()


@pytest.mark.kafka
async def test_topics_are_made_with_the_logs_limits(kafka_url: str, open_log: OpenLog) -> None:
    log = await open_log(fresh(kafka_url), partitions=2, retain_seconds=3600, retain_bytes=10_000_000)
    settings = await log._cluster.settings(TOUCHPOINTS)
    assert set((await log.ends(TOUCHPOINTS)).offsets) == {0, 1}
    assert settings["retention.ms"] == "3600000"
    assert settings["retention.bytes"] == "10000000"
    assert settings["min.insync.replicas"] == "1"


@pytest.mark.kafka
async def test_two_processes_that_start_at_once_make_the_topics_once(
    kafka_url: str, open_log: OpenLog
) -> None:
    url = fresh(kafka_url)
    one, two = await asyncio.gather(open_log(url), open_log(url))
    await one.append(TOUCHPOINTS, kilobytes(10))
    assert sum((await two.ends(TOUCHPOINTS)).offsets.values()) == 10


@pytest.mark.kafka
async def test_prefixes_keep_logs_on_one_cluster_apart(kafka_url: str, open_log: OpenLog) -> None:
    one, two = await open_log(fresh(kafka_url)), await open_log(fresh(kafka_url))
    await one.append(TOUCHPOINTS, kilobytes(10))
    assert sum((await two.ends(TOUCHPOINTS)).offsets.values()) == 0


@pytest.mark.kafka
async def test_appends_that_wait_together_share_batches(kafka_url: str, open_log: OpenLog) -> None:
    log = await open_log(fresh(kafka_url), partitions=1)
    built = 0
    builder = log._producer.builder

    def counted():  # type: ignore[no-untyped-def]  # the driver's builder
        nonlocal built
        built += 1
        return builder()

    log._producer.builder = counted  # type: ignore[method-assign]  # counts batches
    await asyncio.gather(*(log.append(TOUCHPOINTS, kilobytes(1)) for _ in range(200)))
    assert built <= 10


@pytest.mark.kafka
async def test_what_comes_while_a_batch_is_packed_spoils_neither_it_nor_the_next(
    kafka_url: str, open_log: OpenLog
) -> None:
    log = await open_log(fresh(kafka_url))

    async def sender(name: int) -> None:
        for turn in range(200):
            await log.append(CHANGES, [Entry(b"%d" % name, b"%d" % turn)])
            for _ in range(name % 7):
                await asyncio.sleep(0)

    await asyncio.gather(*(sender(name) for name in range(30)))

    records = await log.read(CHANGES, await log.starts(CHANGES), 10_000)
    assert len({(record.key, record.value) for record in records}) == len(records) == 30 * 200


@pytest.mark.kafka
async def test_a_value_the_broker_refuses_does_not_stop_the_next(kafka_url: str, open_log: OpenLog) -> None:
    log = await open_log(fresh(kafka_url), partitions=1)
    await log.append(TOUCHPOINTS, [Entry(b"k", b"before")])
    with pytest.raises(LogUnavailable, match="Kafka at"):
        await log.append(TOUCHPOINTS, [Entry(b"k", os.urandom(17 << 20))])
    await log.append(TOUCHPOINTS, [Entry(b"k", b"after")])
    records = await log.read(TOUCHPOINTS, Position({0: 0}), 10)
    assert [r.value for r in records] == [b"before", b"after"]


@pytest.mark.kafka
async def test_a_broker_away_in_the_middle_costs_deadlines_and_bounded_memory_then_all_goes_on(
    own_kafka: KafkaBroker, open_log: OpenLog
) -> None:
    log = await open_log(own_kafka.url, deadline=1.5, buffer_bytes=1_000_000)
    stored = kilobytes(50)
    await log.append(TOUCHPOINTS, stored)
    consumer = await log.consumer(TOUCHPOINTS, "g")
    own_kafka.stop()

    began = time.monotonic()
    with pytest.raises(LogUnavailable, match=r"no answer within 1\.5 s"):
        await log.append(TOUCHPOINTS, kilobytes(10))
    assert 1.2 < time.monotonic() - began < 4

    outcomes = await asyncio.gather(*(refused(log, kilobytes(100)) for _ in range(40)))
    assert LogFull in outcomes
    assert None not in outcomes
    assert log._budget.used <= 1_000_000

    own_kafka.start()

    async def goes_on() -> bool:
        return await refused(log, [Entry(b"last", b"last")]) is None and log._budget.used == 0

    await until(goes_on, 40)
    records = await log.read(TOUCHPOINTS, await log.starts(TOUCHPOINTS), 100_000)
    assert {e.value for e in stored} | {b"last"} <= {r.value for r in records}

    polled: set[bytes] = set()

    async def consumed() -> bool:
        polled.update(r.value for r in await consumer.poll(10_000, 0.5))
        return {r.value for r in records} <= polled

    await until(consumed, 30)


@pytest.mark.kafka
async def test_closing_while_the_broker_is_away_ends(own_kafka: KafkaBroker, open_log: OpenLog) -> None:
    log = await open_log(own_kafka.url, deadline=0.5)
    consumer = await log.consumer(TOUCHPOINTS, "g")
    await consumer.poll(1, 0.1)
    own_kafka.kill()
    assert await refused(log, kilobytes(5)) is LogUnavailable
    async with asyncio.timeout(40):
        await log.close()


@pytest.mark.kafka
async def test_half_open_connections_are_given_up(tmp_path: Path, open_log: OpenLog) -> None:
    """The broker's end is gone and ours never hears of it: what asks, appends and consumes finds new ones."""
    proxy = Proxy()
    proxy.start()
    broker = KafkaBroker(tmp_path / "kafka", advertised=proxy.port)
    proxy.target = broker.port
    broker.start()
    try:
        log = await open_log(f"kafka://127.0.0.1:{proxy.port}")
        consumer = await log.consumer(TOUCHPOINTS, "g")
        await log.append(TOUCHPOINTS, kilobytes(10))
        await log.committed(TOUCHPOINTS, "g")
        await log.ends(TOUCHPOINTS)
        proxy.forget()

        async def goes_on() -> bool:
            try:
                async with asyncio.timeout(15):
                    await log.append(TOUCHPOINTS, kilobytes(1))
                    await log.committed(TOUCHPOINTS, "g")
                    ends = await log.ends(TOUCHPOINTS)
            except (LogUnavailable, TimeoutError):
                return False
            return sum(ends.offsets.values()) >= 11

        await until(goes_on, 60)
        polled: list[bytes] = []

        async def consumed() -> bool:
            polled.extend(record.value for record in await consumer.poll(100, 0.5))
            return len(set(polled)) >= 11

        await until(consumed, 60)
        await log.close()
    finally:
        broker.stop()
        proxy.stop()

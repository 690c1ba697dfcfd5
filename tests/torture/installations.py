"""Installations of either size, with handles on what can be taken away from them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from front.fixtures import Front
from kafka.broker import KafkaBroker, KafkaCluster
from large import Large, new_register
from running import Etappe, free_port, is_alive, is_ready, start, wait_until
from torture.proxy import Proxy

from etappe import lanes
from etappe.eventlog import CHANGES, COLLECTOR_TOPICS, TOUCHPOINTS, Entry, EventLog, Position, connect_log
from stitcher.service import REJECTS_GROUP, STITCH_GROUP

READY_SECONDS = 90.0
THROUGH_SECONDS = 600.0

_PREFIX = "torture-"
_GROUPS = (*lanes.GROUPS.items(), (CHANGES, STITCH_GROUP), ("rejects", REJECTS_GROUP))
"""Topic and group of everything that reads the log."""


class Installation(ABC):
    """Something that takes touchpoints and answers; made in a folder of its own, which goes with it."""

    name: str
    face: Etappe

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.settings = dict(settings or {})
        """Of its services, as variables of the environment; changed ones count from the next start on."""
        self._folder = tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)

    @property
    def keys(self) -> Mapping[str, str]:
        return self.face.keys

    def wait_until_ready(self) -> None:
        wait_until(lambda: is_ready(self.face.collector) and is_ready(self.face.query), READY_SECONDS)

    def wait_until_collecting(self) -> None:
        """The stitcher may stand still meanwhile."""
        wait_until(lambda: is_ready(self.face.collector), READY_SECONDS)

    @property
    @abstractmethod
    def processes(self) -> Mapping[str, int]:
        """Name -> process id of those that run now."""

    @property
    @abstractmethod
    def log_url(self) -> str:
        """Of the event log."""

    @property
    @abstractmethod
    def stitching(self) -> str:
        """Where the process with the stitcher answers /readyz and /metrics."""

    @abstractmethod
    def kill(self, what: str) -> None:
        """SIGKILL to one process; whoever starts it again has done so, or is about to, on return."""

    @abstractmethod
    def wait_until_begun(self, what: str) -> None:
        """Return when a killed process is there again, whether or not it is ready."""

    @abstractmethod
    def stop(self) -> None:
        """SIGTERM to everything, which must end with exit 0 within ten seconds."""

    @abstractmethod
    def begin_again(self) -> None:
        """Start after `stop`."""

    @abstractmethod
    def append(self, entries: Sequence[Entry]) -> None:
        """Write into the log's topic touchpoints, past the collector."""

    @abstractmethod
    def rewind(self) -> None:
        """While nothing runs: everything in the log is to be read again."""

    @abstractmethod
    def drop_tables(self) -> None:
        """While nothing runs: an empty database."""

    def halted(self) -> bool:
        """Whether a step of the stitcher stands still."""
        try:
            page = httpx.get(f"{self.stitching}/metrics", timeout=5).text
        except httpx.TransportError:
            return False
        return "etappe_halted_steps 1.0" in page

    def wait_until_through(self) -> None:
        """Return when the stitcher has read the log as far as it reaches now, and what came of that."""
        until = time.monotonic() + THROUGH_SECONDS
        for topic, group in _GROUPS[:3]:
            end = asyncio.run(_positions(self.log_url, lambda log, topic=topic: log.ends(topic)))
            while not self._has_read(topic, group, end):
                assert time.monotonic() < until, f"{group} did not come to the end of the log"
                time.sleep(0.2)

    def _has_read(self, topic: str, group: str, end: Mapping[int, int]) -> bool:
        done = asyncio.run(_positions(self.log_url, lambda log: log.committed(topic, group)))
        return all(done.get(p, 0) >= offset for p, offset in end.items() if offset)

    def end(self) -> None:
        """For the end: whatever still runs is gone after this."""
        self._folder.cleanup()


class Small(Installation):
    """`etappe up`: SQLite and the embedded engine."""

    name = "SQLite, embedded"

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(settings)
        self._ports = ["--collect-port", str(free_port()), "--query-port", str(free_port())]
        self._start()
        try:
            self.wait_until_ready()
            self.face.wait_until_ready()
        except BaseException:
            self.end()
            raise

    @property
    def processes(self) -> Mapping[str, int]:
        found = {}
        for name, words in (("collector", " collect"), ("core", " core")):
            try:
                found[name] = self.face.child(words)
            except (AssertionError, OSError):
                continue  # about to be started again
        return found

    @property
    def log_url(self) -> str:
        return f"sqlite:///{self._data / 'log'}"

    @property
    def stitching(self) -> str:
        return self.face.query

    def kill(self, what: str) -> None:
        """`what`: collector, core or supervisor."""
        if what == "supervisor":
            os.kill(self.face.process.pid, signal.SIGKILL)
            self.face.process.wait()
            self._start()
            return
        child = self.face.child(" collect" if what == "collector" else " core")
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not is_alive(child), 10)

    def wait_until_begun(self, what: str) -> None:
        wait_until(lambda: what == "supervisor" or what in self.processes, READY_SECONDS)

    def stop(self) -> None:
        begun = time.monotonic()
        code = self.face.stop(group=True)
        assert code == 0, f"etappe up ended with {code}: {self.face.printed()[-2000:]}"
        assert time.monotonic() - begun < 10, "etappe up took more than ten seconds to stop"

    def begin_again(self) -> None:
        self._start()

    def append(self, entries: Sequence[Entry]) -> None:
        """The file has one writing process, so nothing runs meanwhile."""
        self.stop()
        asyncio.run(_append(self.log_url, COLLECTOR_TOPICS, entries))
        self.begin_again()

    def rewind(self) -> None:
        with closing(sqlite3.connect(self._data / "log" / "core.sqlite", isolation_level=None)) as core:
            core.execute("UPDATE offsets SET next = 0")

    def drop_tables(self) -> None:
        shutil.rmtree(self._data / "warehouse")

    def end(self) -> None:
        self.face.kill()
        super().end()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _start(self) -> None:
        made = start(self._data, self._ports, self.settings)
        collector, query = (f"http://127.0.0.1:{port}" for port in self._ports[1::2])
        keys = self.face.keys if hasattr(self, "face") else {}
        self.face = replace(made, collector=collector, query=query, keys=keys)


class Kafka(Installation):
    """One process a service, a real broker (or three), and a ClickHouse address (the front of the tests).

    With `proxied` there is a proxy before the broker, and one before the front.
    """

    name = "Kafka, HTTP"

    def __init__(
        self, settings: Mapping[str, str] | None = None, *, brokers: int = 1, proxied: bool = False
    ) -> None:
        super().__init__(settings)
        self.proxies = [Proxy(), Proxy()] if proxied else []
        try:
            self._make(brokers)
        except BaseException:
            self.end()
            raise

    def _make(self, brokers: int) -> None:
        for each in self.proxies:
            each.start()
        self._make_broker(brokers)
        self.front = Front(self.folder / "front")
        self.front.execute("CREATE DATABASE torture")
        port = self.front.port
        if self.proxies:
            self.proxies[1].target, port = self.front.port, self.proxies[1].port
        place = self.folder / "etappe"
        place.mkdir()
        self.large = Large(
            place,
            f"{self._kafka}?prefix={_PREFIX}",
            f"clickhouse://127.0.0.1:{port}/torture",
            place / "workspaces.json",
            settings=self.settings,
        )
        self.face = self.large.start(new_register(self.large.workspaces_file))

    def _make_broker(self, brokers: int) -> None:
        if brokers > 1:
            self.broker: KafkaBroker | KafkaCluster = KafkaCluster(self.folder / "kafka", brokers)
            self._kafka = self.broker.url
        elif self.proxies:
            proxy = self.proxies[0]
            self.broker = KafkaBroker(self.folder / "kafka", advertised=proxy.port)
            proxy.target, self._kafka = self.broker.port, f"kafka://127.0.0.1:{proxy.port}"
        else:
            self.broker = KafkaBroker(self.folder / "kafka")
            self._kafka = self.broker.url
        self.broker.start()

    @property
    def nodes(self) -> Sequence[KafkaBroker]:
        return self.broker.nodes if isinstance(self.broker, KafkaCluster) else [self.broker]

    @property
    def processes(self) -> Mapping[str, int]:
        return {name: each.pid for name, each in dict(self.large.processes).items() if each.poll() is None}

    @property
    def log_url(self) -> str:
        return self.large.log_url

    @property
    def stitching(self) -> str:
        return f"http://127.0.0.1:{self.large.ports['STITCH_PORT']}"

    def kill(self, what: str) -> None:
        """`what`: collect, stitch or query, each of which is started again; or broker."""
        if what == "broker":
            self.nodes[-1].kill()
            self.nodes[-1].start()
            return
        self.large.kill(what)
        self.large.begin(what)

    def wait_until_begun(self, what: str) -> None:
        """It is, on return of `kill`."""

    def add_stitcher(self) -> None:
        """A second one beside the first; it is there when it answers."""
        port = free_port()
        self._second = f"http://127.0.0.1:{port}"
        self.large.begin("stitch", "second", ETAPPE_STITCH_PORT=str(port))
        wait_until(lambda: is_ready(self._second), READY_SECONDS)

    def wait_until_second_stitches(self) -> None:
        """Return when it has partitions, and has normalised touchpoints of them."""
        wait_until(lambda: normalised(self._second) > 0, READY_SECONDS)

    def remove_stitcher(self, how: signal.Signals) -> None:
        process = self.large.processes.pop("second")
        process.send_signal(how)
        process.wait(30)

    def stop_front(self) -> None:
        self.front.stop()

    def start_front(self) -> None:
        self.front = Front(self.folder / "front", self.front.port)

    def pause(self, what: str) -> subprocess.Popen[bytes]:
        """SIGSTOP; SIGCONT is the caller's."""
        process = self.large.processes[what]
        process.send_signal(signal.SIGSTOP)
        return process

    def stop(self) -> None:
        begun = time.monotonic()
        codes = self.large.stop()
        assert set(codes.values()) == {0}, codes
        assert time.monotonic() - begun < 10, "the services took more than ten seconds to stop"

    def begin_again(self) -> None:
        for service in ("collect", "stitch", "query"):
            self.large.begin(service)

    def append(self, entries: Sequence[Entry]) -> None:
        asyncio.run(_append(self.log_url, (TOUCHPOINTS,), entries))

    def rewind(self) -> None:
        asyncio.run(_rewind(self.log_url))

    def drop_tables(self) -> None:
        self.front.execute("DROP DATABASE torture SYNC")
        self.front.execute("CREATE DATABASE torture")
        self.large.migrate()

    def end(self) -> None:
        if hasattr(self, "large"):
            self.large.end()
        if hasattr(self, "front"):
            self.front.signal(signal.SIGCONT)
            self.front.stop()
        if hasattr(self, "broker"):
            for node in reversed(self.nodes):
                node.kill()
        for each in self.proxies:
            each.stop()
        super().end()


def normalised(stitching: str) -> float:
    """Touchpoints that one process has normalised since its start."""
    page = httpx.get(f"{stitching}/metrics", timeout=5).text
    lines = (line for line in page.splitlines() if line.startswith("etappe_normalised_events_total{"))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


async def _positions(url: str, ask: Callable[[EventLog], Awaitable[Position]]) -> Mapping[int, int]:
    log = await connect_log(url, ())
    try:
        return (await ask(log)).offsets
    finally:
        await log.close()


async def _append(url: str, writes: Sequence[str], entries: Sequence[Entry]) -> None:
    log = await connect_log(url, writes)
    try:
        await log.append(TOUCHPOINTS, entries)
    finally:
        await log.close()


async def _rewind(url: str) -> None:
    """As `kafka-consumer-groups.sh --reset-offsets --to-earliest` does, with nobody in the groups."""
    servers = url.removeprefix("kafka://").partition("?")[0]
    log = await connect_log(url, ())
    try:
        for topic, group in _GROUPS:
            await _commit_beginning(servers, log, topic, group)
    finally:
        await log.close()


async def _commit_beginning(servers: str, log: EventLog, topic: str, group: str) -> None:
    client = AIOKafkaConsumer(
        bootstrap_servers=servers, group_id=f"{_PREFIX}{group}", enable_auto_commit=False
    )
    await client.start()
    try:
        places = {
            TopicPartition(f"{_PREFIX}{topic}", p): offset
            for p, offset in (await log.starts(topic)).offsets.items()
        }
        client.assign(list(places))
        await client.commit(places)
    finally:
        await client.stop()

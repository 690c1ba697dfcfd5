"""Installations of either size, with handles on what can be taken away from them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from front.fixtures import Front
from kafka.broker import KafkaBroker
from large import Large, new_register
from running import Etappe, free_port, is_alive, is_ready, start, wait_until

READY_SECONDS = 90.0


class Installation(ABC):
    """Something that takes touchpoints and answers; made in a folder of its own, which goes with it."""

    face: Etappe

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)

    @property
    def keys(self) -> Mapping[str, str]:
        return self.face.keys

    def wait_until_ready(self) -> None:
        wait_until(lambda: is_ready(self.face.collector) and is_ready(self.face.query), READY_SECONDS)

    @abstractmethod
    def kill(self, what: str) -> None:
        """SIGKILL to one process; whoever starts it again has done so, or is about to, on return."""

    @abstractmethod
    def stop(self) -> None:
        """SIGTERM to everything, which must end with exit 0 within ten seconds."""

    @abstractmethod
    def begin_again(self) -> None:
        """Start after `stop`."""

    def end(self) -> None:
        """For the end: whatever still runs is gone after this."""
        self._folder.cleanup()


class Small(Installation):
    """`etappe up`: SQLite and the embedded engine."""

    def __init__(self) -> None:
        super().__init__()
        self._ports = ["--collect-port", str(free_port()), "--query-port", str(free_port())]
        self._start()
        self.wait_until_ready()
        self.face.wait_until_ready()

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

    def stop(self) -> None:
        begun = time.monotonic()
        code = self.face.stop(group=True)
        assert code == 0, f"etappe up ended with {code}: {self.face.printed()[-2000:]}"
        assert time.monotonic() - begun < 10, "etappe up took more than ten seconds to stop"

    def begin_again(self) -> None:
        self._start()

    def end(self) -> None:
        self.face.kill()
        super().end()

    def _start(self) -> None:
        made = start(self.folder / "data", self._ports)
        collector, query = (f"http://127.0.0.1:{port}" for port in self._ports[1::2])
        keys = self.face.keys if hasattr(self, "face") else {}
        self.face = replace(made, collector=collector, query=query, keys=keys)


class Kafka(Installation):
    """One process a service, a real broker, and a ClickHouse address (the front of the tests)."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = KafkaBroker(self.folder / "kafka")
        self.broker.start()
        self.front = Front(self.folder / "front")
        self.front.execute("CREATE DATABASE torture")
        place = self.folder / "etappe"
        place.mkdir()
        self.large = Large(
            place,
            f"{self.broker.url}?prefix=torture-",
            f"clickhouse://127.0.0.1:{self.front.port}/torture",
            place / "workspaces.json",
        )
        self.face = self.large.start(new_register(self.large.workspaces_file))

    def kill(self, what: str) -> None:
        """`what`: collect, stitch or query, each of which is started again; or broker."""
        if what == "broker":
            self.broker.kill()
            self.broker.start()
            return
        self.large.kill(what)
        self.large.begin(what)

    def add_stitcher(self) -> None:
        """A second one beside the first; it is there when it answers."""
        port = free_port()
        self.large.begin("stitch", "second", ETAPPE_STITCH_PORT=str(port))
        wait_until(lambda: is_ready(f"http://127.0.0.1:{port}"), READY_SECONDS)

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

    def end(self) -> None:
        self.large.end()
        self.front.stop()
        self.broker.stop()
        super().end()

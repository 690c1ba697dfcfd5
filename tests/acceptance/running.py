"""`etappe up` as a subprocess, for tests that talk to it from outside as anybody would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass
class Etappe:
    """A running `etappe up`: where it answers, its keys, and what it prints."""

    folder: Path
    collector: str
    query: str
    process: subprocess.Popen[str]
    keys: Mapping[str, str] = field(default_factory=dict)

    def wait_until_ready(self) -> None:
        """Both services answer /readyz with 200, or the process has ended, which fails."""
        wait_until(lambda: self._alive() and all(map(is_ready, (self.collector, self.query))), START_SECONDS)
        self.keys = json.loads((self.folder / "keys.json").read_text())

    def send(self, events: Any, path: str = "/v1/touchpoints", key: str | None = None) -> str:
        """Send to the collector, which must accept everything; the position after it."""
        reply = httpx.post(
            f"{self.collector}{path}",
            json=events,
            headers={"Authorization": f"Bearer {key or self.keys['secret_key']}"},
            timeout=20,
        )
        assert reply.is_success, reply.text
        assert not reply.json().get("rejected"), reply.text
        return reply.headers["x-etappe-position"]

    def ask(self, path: str, key: str = "read_token", **parameters: Any) -> dict[str, Any]:
        """The JSON answer of the query API, which must be 200."""
        reply = httpx.get(
            f"{self.query}{path}",
            params=parameters,
            headers={"Authorization": f"Bearer {self.keys[key]}"},
            timeout=40,
        )
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    def funnel_counts(self, **parameters: Any) -> dict[str, int]:
        """Phase -> count of a funnel without groups."""
        return {row["phase"]: row["count"] for row in self.ask("/v1/funnel", **parameters)["rows"]}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `etappe` command on the same data folder."""
        return etappe(*arguments, "--data-dir", str(self.folder))

    def child(self, name: str) -> int:
        """The process id of the child whose command line contains `name`."""
        found = [pid for pid in _children(self.process.pid) if name in _command_line(pid)]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def stop(self, group: bool = False, number: int = signal.SIGTERM) -> int:
        """Signal the process, or its whole group, and return its exit code."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """For the end of a test: whatever still runs is gone after this."""
        for pid in [*_children(self.process.pid), self.process.pid]:
            if self.process.poll() is None:
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def _alive(self) -> bool:
        assert self.process.poll() is None, (
            f"etappe up ended with {self.process.returncode}: {self.printed()}"
        )
        return True

    def printed(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.out").read_text()


def start(folder: Path, options: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Etappe:
    """Start `etappe up` on free ports; its output goes to a file beside the folder."""
    collect, query = free_port(), free_port()
    ports = ["--collect-port", str(collect), "--query-port", str(query)]
    with (folder.parent / f"{folder.name}.out").open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "etappe", "up", "--data-dir", str(folder), *ports, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**clean_environment(), **(environment or {})},
            start_new_session=True,
            text=True,
        )
    return Etappe(folder, f"http://127.0.0.1:{collect}", f"http://127.0.0.1:{query}", process)


def etappe(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run an `etappe` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "etappe", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**clean_environment(), **(environment or {})},
    )


def clean_environment() -> dict[str, str]:
    """This environment without settings of Etappe's, so that a test sees defaults."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ETAPPE_")}


_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens on and that was not given before: nobody may listen on that one yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Any, seconds: float) -> None:
    """Return when `holds()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()

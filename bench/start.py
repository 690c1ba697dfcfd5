"""Row 6: from the command to a collector and a query API that are ready, in a folder with nothing in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.figures import Row, in_turns
from bench.places import above
from bench.processes import ROOT, free_port, stop
from bench.scale import Scale

ENGINE = """
import sys
from etappe.warehouse import connect_warehouse
print(connect_warehouse(sys.argv[1]).session().rows("SELECT 1"), flush=True)
"""
_LIMIT_SECONDS = 60.0


def rows(scale: Scale) -> Iterator[Row]:
    """Seconds of a first `etappe up`, with workspace, keys, tables and models still to be made."""
    yield Row(
        "start: first start to ready",
        "s",
        in_turns(scale.rounds, started, opened),
        "a bare process that imports the engine, opens it in an empty folder and asks SELECT 1",
        "≤ 5 s",
    )


def started() -> float:
    """Seconds from `etappe up` until both services answer /readyz with 200."""
    with tempfile.TemporaryDirectory(dir=above(), ignore_cleanup_errors=True) as folder:
        ports = free_port(), free_port()
        options = ["--collect-port", str(ports[0]), "--query-port", str(ports[1])]
        command = [sys.executable, "-m", "etappe", "up", "--data-dir", f"{folder}/data", *options]
        begun = time.perf_counter()
        with (Path(folder) / "output").open("wb") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            _wait(process, ports)
            return time.perf_counter() - begun
        finally:
            stop(process)


def opened() -> float:
    """Seconds until a process that does nothing else has an answer of the engine."""
    with tempfile.TemporaryDirectory(dir=above(), ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-c", ENGINE, f"chdb:///{folder}/data"]
        begun = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            if not process.stdout or not process.stdout.readline():
                raise RuntimeError("the bare engine did not answer")
            return time.perf_counter() - begun


def _wait(process: subprocess.Popen[bytes], ports: tuple[int, int]) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    with httpx.Client(timeout=5) as client:
        while not all(_is_ready(client, port) for port in ports):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("`etappe up` was not ready in time")
            time.sleep(0.02)


def _is_ready(client: httpx.Client, port: int) -> bool:
    try:
        return client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False

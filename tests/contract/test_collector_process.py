"""The collector as a process: started, spoken to over a socket, signalled."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from etappe.eventlog import TOUCHPOINTS, connect_log
from etappe.workspaces import Register, new_workspace, write_register

RUN = "from etappe.settings import read_settings; from ingest.app import run; run(read_settings())"
EVENT = orjson.dumps({"event": "A", "identifiers": {"user_id": "u"}})


@contextmanager
def collector(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running collector and its port. Killed in the end if it is still there."""
    settings = {"ETAPPE_DATA_DIR": str(folder), "ETAPPE_COLLECT_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, _port(process)
    finally:
        process.kill()
        process.communicate()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if found := re.search(r"collector_listening.*port\D+(\d+)", plain):
            return int(found[1])
    raise AssertionError("the collector ended before it listened")


@pytest.fixture
def key(tmp_path: Path) -> str:
    register, _, secret = Register().with_workspace(new_workspace("shop")).with_key("write", "shop", 1)
    write_register(tmp_path / "workspaces.json", register)
    return secret


def wait_until_ready(port: int) -> None:
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(transport=transport) as client:
        assert client.get(f"http://127.0.0.1:{port}/readyz", timeout=20).status_code == 200


def stored(folder: Path) -> int:
    return asyncio.run(_stored(folder))


async def _stored(folder: Path) -> int:
    log = await connect_log(f"sqlite:///{folder / 'log'}", [])
    try:
        return sum((await log.ends(TOUCHPOINTS)).offsets.values())
    finally:
        await log.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_the_request_in_flight_and_ends_with_0(
    tmp_path: Path, key: str, number: signal.Signals
) -> None:
    with collector(tmp_path) as (process, port):
        wait_until_ready(port)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            head = (
                f"POST /v1/touchpoints HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                f"Expect: 100-continue\r\nContent-Length: {len(EVENT)}\r\n\r\n"
            )
            client.sendall(head.encode())
            assert b"100 Continue" in client.recv(4096)  # so the collector is reading this request's body
            process.send_signal(number)
            client.sendall(EVENT)
            answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 202"), answer
        assert process.wait(20) == 0
    assert stored(tmp_path) == 1


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, key: str) -> None:
    with collector(tmp_path) as (process, port):
        wait_until_ready(port)
        with httpx.Client(headers={"authorization": f"Bearer {key}"}) as client:
            for _ in range(20):
                assert (
                    client.post(f"http://127.0.0.1:{port}/v1/touchpoints", content=EVENT).status_code == 202
                )
        process.kill()
    assert stored(tmp_path) == 20


def test_the_collector_never_imports_the_database() -> None:
    code = (
        "import sys, ingest.app, etappe.eventlog.sqlite;"
        "print([name for name in sys.modules if name.split('.')[0] in ('chdb', 'clickhouse_connect')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "[]"

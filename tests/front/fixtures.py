"""Fixtures: a warehouse of one's own on either engine, each test an empty one."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

SERVER = Path(__file__).with_name("server.py")


class Front:
    """The front as a process: the stand-in for a ClickHouse server."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), "--path", str(folder), "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TZ": "UTC"},
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def execute(self, sql: str) -> str:
        return httpx.post(f"http://127.0.0.1:{self.port}/", content=sql, timeout=60).raise_for_status().text

    def fail(self, code: int) -> None:
        """Answer every insert with this code of ClickHouse's from now on; 0: as it should be."""
        httpx.post(f"http://127.0.0.1:{self.port}/fail", params={"code": code}, timeout=60).raise_for_status()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        assert self._process.stdout
        self._process.terminate()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def clickhouse_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One front for the whole run; its databases keep the tests apart."""
    front = Front(tmp_path_factory.mktemp("front"))
    yield front
    front.stop()


@pytest.fixture
def clickhouse_url(clickhouse_front: Front) -> Iterator[str]:
    """The address of an empty database of this test alone."""
    database = f"t{uuid.uuid4().hex}"
    clickhouse_front.execute(f"CREATE DATABASE {database}")
    yield f"clickhouse://127.0.0.1:{clickhouse_front.port}/{database}"
    clickhouse_front.execute(f"DROP DATABASE {database} SYNC")


@pytest.fixture
def chdb_url(tmp_path: Path) -> str:
    """A data folder of this test alone; one engine a process, so close every session before the next test."""
    return f"chdb:///{tmp_path / 'warehouse'}"


@pytest.fixture(params=["chdb", "clickhouse"])
def warehouse_url(request: pytest.FixtureRequest) -> str:
    """Either engine: the test runs once on each."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url

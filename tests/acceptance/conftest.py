"""Fixtures of the tests that run the whole product."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from large import Large
from running import Etappe, start


@pytest.fixture
def start_etappe(tmp_path: Path) -> Iterator[Callable[..., Etappe]]:
    """Starts `etappe up` (in `tmp_path / "data"` unless told otherwise) and kills what is left at the end."""
    started: list[Etappe] = []

    def begin(folder: Path = tmp_path / "data", wait: bool = True, **options: object) -> Etappe:
        running = start(folder, **options)  # type: ignore[arg-type]  # passed on as given
        started.append(running)
        if wait:
            running.wait_until_ready()
        return running

    yield begin
    for each in started:
        each.kill()


@pytest.fixture(scope="module")
def etappe_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    """One `etappe up` for all tests of a file; stopped with SIGTERM, which must end in exit 0."""
    running = start(tmp_path_factory.mktemp("up") / "data")
    try:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0, running.printed()
    finally:
        running.kill()


@pytest.fixture
def large(tmp_path: Path, kafka_url: str, clickhouse_url: str) -> Iterator[Large]:
    """Services of their own on Kafka and a ClickHouse address, their topics and register included."""
    folder = tmp_path / "large"
    folder.mkdir()
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    installation = Large(folder, f"{kafka_url}?prefix={prefix}", clickhouse_url, tmp_path / "workspaces.json")
    yield installation
    installation.end()

"""Every identity scenario, told over HTTP to the large installation, in another order where that must not matter."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from front.fixtures import Front
from large import Large, new_register
from playing import tell
from reference.scenarios import Scenario
from scenarios_told import OTHERWISE, Telling, check

pytestmark = [pytest.mark.timeout(1_500), pytest.mark.kafka]


@pytest.fixture(scope="module")
def large(
    tmp_path_factory: pytest.TempPathFactory, kafka_url: str, clickhouse_front: Front
) -> Iterator[Telling]:
    """What came of it with Kafka and a ClickHouse address, each service a process of its own."""
    folder = tmp_path_factory.mktemp("large")
    database = f"t{uuid.uuid4().hex}"
    clickhouse_front.execute(f"CREATE DATABASE {database}")
    installation = Large(
        folder,
        f"{kafka_url}?prefix=t{uuid.uuid4().hex[:8]}-",
        f"clickhouse://127.0.0.1:{clickhouse_front.port}/{database}",
        folder / "workspaces.json",
    )
    try:
        keys = new_register(installation.workspaces_file)
        yield asyncio.run(tell(installation.start(keys), installation.workspaces_file, OTHERWISE))
    finally:
        installation.end()
        clickhouse_front.execute(f"DROP DATABASE {database} SYNC")


@pytest.mark.parametrize("scenario", OTHERWISE, ids=lambda each: each.name)
def test_on_kafka_and_a_clickhouse_address(scenario: Scenario, large: Telling) -> None:
    check(large[scenario.name])

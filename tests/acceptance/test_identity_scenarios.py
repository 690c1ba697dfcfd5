"""Every identity scenario, told over HTTP to a running installation of either size.

Where the order of sending must not matter the small one is told the story as written, the large one in another order;
tests/contract/test_identity_scenarios_stitcher.py tells every order.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping

import pytest
from front.fixtures import Front
from large import Large, new_register
from playing import Told, tell
from reference.scenarios import Scenario, scenarios
from running import start

pytestmark = pytest.mark.timeout(1_500)


def in_another_order(scenario: Scenario, number: int) -> Scenario:
    """Backwards or shuffled, by turns; as written where that is the only order."""
    others = list(scenario.variants)[1:]
    return others[number % len(others)] if others else scenario


AS_WRITTEN = [each for each in scenarios() if each.level == "service"]
OTHERWISE = [in_another_order(each, n) for n, each in enumerate(AS_WRITTEN)]

Telling = Mapping[str, Told]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telling]:
    """What came of it with SQLite and the embedded engine, by `etappe up`."""
    running = start(tmp_path_factory.mktemp("small") / "data")
    try:
        running.wait_until_ready()
        yield asyncio.run(tell(running, running.folder / "workspaces.json", AS_WRITTEN))
    finally:
        running.kill()


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


@pytest.mark.parametrize("scenario", AS_WRITTEN, ids=lambda each: each.name)
def test_on_sqlite_and_the_embedded_engine(scenario: Scenario, small: Telling) -> None:
    check(small[scenario.name])


@pytest.mark.kafka
@pytest.mark.parametrize("scenario", OTHERWISE, ids=lambda each: each.name)
def test_on_kafka_and_a_clickhouse_address(scenario: Scenario, large: Telling) -> None:
    check(large[scenario.name])


def check(told: Told) -> None:
    """Everything was looked at and as expected."""
    if told.failure is not None:
        raise told.failure
    assert told.differences, "nothing was looked at"
    assert [each for each in told.differences if each] == []

"""Fixtures that several tiers of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.broker import BrokerMissing, KafkaBroker

pytest.register_assert_rewrite("browser_story", "reading_back")  # so that what differs is shown

LONG = (
    "test_identity_scenarios_large", "test_identity_scenarios_small", "test_stitcher_stateful", "test_torture_",
    "test_query_steps_reference", "test_hostile_", "test_damage", "test_disk_full", "test_stitcher_retention",
    "test_two_sizes",
)  # fmt: skip
"""Files that take minutes begin first, so that no core waits for one of them at the end."""

pytest_plugins = ["front.fixtures", "asking.fixtures", "stitching.fixtures", "browser.fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files stay together, and in their order otherwise."""
    items.sort(key=lambda item: not item.path.name.startswith(LONG))


@pytest.fixture(scope="session")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real broker, started when a test first asks and stopped at the end.

    Without Java or Maven these tests are skipped; with `CI` set that is a failure.
    """
    yield from (broker.url for broker in _started(tmp_path_factory))


@pytest.fixture
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker for one test alone, which may stop and start it."""
    yield from _started(tmp_path_factory)


def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    try:
        broker = KafkaBroker(tmp_path_factory.mktemp("kafka"))
    except BrokerMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the real Kafka: {missing}")
        pytest.skip(f"no real Kafka here: {missing}")
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="module", autouse=True)
def no_engine_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A file of tests closes its engine: a process has room for one, and the next file would find it taken."""
    yield
    held = [name for each in Path("/proc/self/fd").iterdir() if (name := _target(each)).endswith("/status")]
    assert not held, f"{request.node.name} left an engine open: {held}"


def _target(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except OSError:  # closed since, the handle of the listing itself for one
        return ""

"""Fixtures: a query API on either engine. The tables are made once a module; each test has a workspace of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from asking.world import World, model_of
from front.fixtures import Front

from etappe.eventlog import CHANGES, COLLECTOR_TOPICS, TOUCHPOINTS, EventLog, LogOptions, connect_log
from etappe.warehouse import Limits, Session, Sessions, Warehouse, connect_warehouse
from etappe.warehouse.migrate import migrate

Tables = tuple[Warehouse, Session, Sessions]


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """The warehouse, a session that writes, and the read-only ones that answer, on migrated tables."""
    if request.param == "chdb":
        url = f"chdb:///{tmp_path_factory.mktemp('asking') / 'warehouse'}"
    else:
        front: Front = request.getfixturevalue("clickhouse_front")
        database = f"t{uuid.uuid4().hex}"
        front.execute(f"CREATE DATABASE {database}")
        url = f"clickhouse://127.0.0.1:{front.port}/{database}"
    warehouse = connect_warehouse(url)
    write = warehouse.session()
    migrate(write)
    sessions = Sessions(warehouse, 2, Limits(seconds=20))
    yield warehouse, write, sessions
    asyncio.run(sessions.close())
    write.close()


@pytest.fixture
async def empty_world(tables: Tables) -> AsyncIterator[World]:
    """A workspace that nothing has been folded for, not even a model."""
    world = World(*tables)
    yield world
    await world.client.aclose()


@pytest.fixture
def world(empty_world: World) -> World:
    """A workspace with an active model acpl of the phases p1, p2, p3."""
    empty_world.add_build(model_of(3))
    return empty_world


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    """A log of one partition a topic, for orders."""
    topics = [*COLLECTOR_TOPICS, CHANGES]
    log = await connect_log(f"sqlite:///{tmp_path / 'log'}", topics, LogOptions(partitions=1))
    yield log
    await log.close()


@pytest.fixture
async def logged(world: World, log: EventLog) -> World:
    """A world with a log and one model that answers."""
    world.read_log(log)
    world.write.insert("epochs", {"name": [f"log:{await log.log_id(TOUCHPOINTS)}"], "epoch": [world.epoch]})
    return world

"""/v1/rebuild: what it says of an order that the stitcher has not come to, and who may take one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asking.world import World, model_of

from etappe.changes import Batch, Rebuild, encode_change
from etappe.eventlog import CHANGES, Entry, EventLog, LogOptions, Position, connect_log

LOG = LogOptions(partitions=1)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    log = await connect_log(f"sqlite:///{tmp_path / 'log'}", [CHANGES], LOG)
    yield log
    await log.close()


@pytest.fixture
def logged(world: World, log: EventLog) -> World:
    """A world with a log and one model that answers."""
    world.read_log(log)
    world.add_build(model_of(3))
    return world


async def change(world: World, count: int, *, order_last: bool) -> None:
    """Batches of the workspace, and after them perhaps an order."""
    name = world.workspace.name
    batch = encode_change(Batch(name, [], [], {}, 0))
    order = [encode_change(Rebuild(name, 0))] if order_last else []
    assert world.log
    await world.log.append(CHANGES, [Entry(name.encode(), each) for each in [batch] * count + order])


async def commit(log: EventLog, offset: int) -> None:
    """What the stitcher does once it is past the changes before `offset`."""
    consumer = await log.consumer(CHANGES, "stitch")
    await consumer.poll(1, 5)
    await consumer.commit(Position({0: offset}))
    await consumer.close()


async def states(world: World) -> list[str]:
    rows = await world.rows("/v1/rebuild", token="admin")
    return [str(row["state"]) for row in rows]


async def test_an_order_behind_a_long_backlog_is_still_waiting(logged: World) -> None:
    await change(logged, 12_000, order_last=True)
    assert await states(logged) == ["running"]


async def test_a_backlog_without_an_order_is_no_rebuild(logged: World) -> None:
    await change(logged, 12_000, order_last=False)
    assert await states(logged) == ["idle"]


async def test_an_order_that_the_stitcher_has_come_past_waits_no_longer(logged: World, log: EventLog) -> None:
    await change(logged, 3, order_last=True)
    await commit(log, 3)
    assert await states(logged) == ["running"]
    await commit(log, 4)
    assert await states(logged) == ["idle"]


async def test_an_order_of_another_workspace_is_not_ours(logged: World, log: EventLog) -> None:
    await log.append(CHANGES, [Entry(b"other", encode_change(Rebuild("other", 0)))])
    assert await states(logged) == ["idle"]


async def test_where_orders_cannot_be_written_the_reply_says_where_to_send_them(
    logged: World, tmp_path: Path
) -> None:
    """As in `etappe query` beside a log on SQLite: no waiting would help, so it is not asked for."""
    logged.read_log(await connect_log(f"sqlite:///{tmp_path / 'log'}", []), takes_orders=False)
    headers = {"Authorization": f"Bearer {logged.tokens['admin']}"}
    reply = await logged.client.post("/v1/rebuild", headers=headers)
    assert reply.status_code == 503
    assert "Send it there: with `etappe up`, to the query API that it started." in reply.json()["error"]
    assert "retry-after" not in reply.headers
    assert logged.log
    await logged.log.close()

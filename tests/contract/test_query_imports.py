"""/v1/imports: what each import brought, how far undoing one is, and who may order it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking.world import NOW, World
from reference.journeys import Touch

from etappe.changes import Undo, decode_change
from etappe.clock import iso
from etappe.eventlog import (
    CHANGES,
    COLLECTOR_TOPICS,
    IMPORTS,
    Entry,
    EventLog,
    LogOptions,
    Position,
    connect_log,
)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    url = f"sqlite:///{tmp_path / 'log'}"
    log = await connect_log(url, [*COLLECTOR_TOPICS, CHANGES], LogOptions(partitions=1))
    yield log
    await log.close()


@pytest.fixture
def logged(world: World, log: EventLog) -> World:
    world.read_log(log)
    return world


def brought(world: World, import_id: str, count: int, at: int = NOW - 5000) -> None:
    """Touchpoints of an import, received from `at` on, a millisecond apart."""
    from asking.world import touchpoint  # noqa: PLC0415 - a builder beside its world

    rows = (touchpoint(Touch(n, at + n, 1), id=f"{import_id}-{n}") for n in range(count))
    world.add_touchpoints(
        *({**row, "import_id": import_id, "event_id": _id(import_id, n)} for n, row in enumerate(rows))
    )


def _id(import_id: str, n: int) -> bytes:
    return f"{import_id}{n}".encode().ljust(16, b"\0")


def was_undone(world: World, import_id: str, touchpoints: int) -> None:
    row = {
        "import_id": import_id,
        "asked": NOW,
        "touchpoints": touchpoints,
        "first": NOW - 9000,
        "last": NOW - 8000,
    }
    world.insert("undone_imports", [row])


async def imports(world: World) -> list[dict[str, Any]]:
    return await world.rows("/v1/imports", token="admin")


async def undo(world: World, import_id: str, token: str = "admin") -> httpx.Response:
    headers = {"Authorization": f"Bearer {world.tokens[token]}"}
    return await world.client.post(f"/v1/imports/{import_id}/undo", headers=headers)


async def test_every_import_is_listed_with_what_there_is_of_it_the_latest_first(
    logged: World,
) -> None:
    brought(logged, "a", 3, NOW - 9000)
    brought(logged, "b", 2)
    brought(logged, "", 4)
    found = [
        (r["id"], r["state"], r["touchpoints"], r["first_at"], r["last_at"]) for r in await imports(logged)
    ]
    assert found == [
        ("b", "stored", 2, iso(NOW - 5000), iso(NOW - 4999)),
        ("a", "stored", 3, iso(NOW - 9000), iso(NOW - 8998)),
    ]


async def test_an_import_that_was_undone_says_what_it_was(logged: World) -> None:
    was_undone(logged, "a", 7)
    was_undone(logged, "a", 0)  # as a second writer of the same decision finds it
    assert await imports(logged) == [
        {
            "id": "a", "state": "undone", "touchpoints": 0, "undone": 7, "first_at": iso(NOW - 9000),
            "last_at": iso(NOW - 8000), "undone_at": iso(NOW), "concerned": 0,
        }
    ]  # fmt: skip


async def test_it_is_being_undone_while_the_order_waits_and_while_journeys_are_left(
    logged: World, log: EventLog
) -> None:
    brought(logged, "a", 1)
    reply = await undo(logged, "a")
    assert [(r["id"], r["state"], r["undone_at"]) for r in reply.json()["rows"]] == [
        ("a", "undoing", iso(NOW))
    ]
    (record,) = await log.read(CHANGES, Position({0: 0}), 10)
    assert decode_change(record.value) == Undo(logged.workspace.name, "a", NOW)
    consumer = await log.consumer(CHANGES, "stitch")
    await consumer.poll(1, 5)
    await consumer.commit(Position({0: 1}))
    was_undone(logged, "a", 1)
    logged.insert("undoing", [{"import_id": "a", "identifier": n} for n in range(3)])
    assert [(r["state"], r["concerned"]) for r in await imports(logged)] == [("undoing", 3)]


async def test_what_came_again_after_it_was_undone_is_stored(logged: World) -> None:
    was_undone(logged, "a", 7)
    brought(logged, "a", 2)
    assert [(r["state"], r["touchpoints"], r["undone"]) for r in await imports(logged)] == [("stored", 2, 7)]


async def test_an_unknown_import_is_not_found_unless_something_still_waits_in_the_lane(
    logged: World, log: EventLog
) -> None:
    assert (await undo(logged, "a")).status_code == 404
    await log.append(IMPORTS, [Entry(f"{logged.workspace.name}\0x".encode(), b"{}")])
    assert (await undo(logged, "a")).status_code == 200


@pytest.mark.parametrize(
    ("token", "import_id", "status"),
    [("read", "a", 403), ("write", "a", 403), ("admin", "a.b", 422)],
)
async def test_who_may_not_or_asks_wrongly_writes_nothing(
    logged: World, log: EventLog, token: str, import_id: str, status: int
) -> None:
    brought(logged, "a", 1)
    assert (await undo(logged, import_id, token)).status_code == status
    assert (await log.ends(CHANGES)).offsets == {0: 0}


async def test_another_workspace_s_imports_are_not_ours(logged: World) -> None:
    logged.write.insert(
        "undone_imports",
        {"workspace": ["other"], "import_id": ["a"], "asked": [NOW], "touchpoints": [1]},
    )
    assert await imports(logged) == []
    assert (await undo(logged, "a")).status_code == 404

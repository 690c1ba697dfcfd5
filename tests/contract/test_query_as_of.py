"""identity_at=: answers with the identities as they were known at a time."""

from __future__ import annotations

from typing import Any

import pytest
from asking.identities import ALL, EVER, belongs, generation, key, linked
from asking.orders import commit, orders
from asking.world import DAY, NOON, World, model_of, touchpoint
from reference.journeys import Touch, journeys_of

from etappe.changes import AsOf
from etappe.clock import iso
from etappe.eventlog import EventLog
from etappe.identity_rules import DEFAULT_RULES

THEN = NOON + DAY


def two_times(world: World) -> tuple[int, int]:
    """Today the user's device is its own; a day after noon nobody had logged in on it yet, then generation 3."""
    user, device = key(world, "user_id", "42"), key(world, "device_id", "d")
    belongs(world, user, "user_id", (EVER, user), members=[user, device])
    belongs(world, device, "device_id", (EVER, user))
    linked(world, "login", device, user, NOON, "login", types=("device_id", "user_id"), stamp=NOON + 2 * DAY)
    history = [Touch(user, NOON, 1, id="a"), Touch(user, NOON + 1, 2, id="b")]
    world.add_journeys_of(history)
    apart = [Touch(user, NOON, 1, id="a"), Touch(device, NOON + 1, 2, id="b")]
    world.add_journeys(journeys_of(apart, 90 * DAY), 3, build=9)
    world.add_touchpoints(*(touchpoint(touch) for touch in apart))
    return user, device


def known_then(world: World, state: str = "active", **changes: Any) -> None:
    generation(world, 3, purpose="as_of", known_until=THEN, name=str(THEN), state=state, **changes)
    if state == "active":
        world.add_build(model_of(3), 9, "as_of", generation=3)


def paths(user: int, device: int) -> list[tuple[str, dict[str, str]]]:
    return [
        ("/v1/funnel", {}),
        ("/v1/customers", {"identifier": "device_id:d"}),
        (f"/v1/customers/{user:016x}/journey", {}),
        (f"/v1/customers/{user:016x}/identity", {}),
    ]


async def test_every_answer_about_customers_is_as_of_then(logged: World) -> None:
    user, device = two_times(logged)
    known_then(logged)
    at = iso(THEN)

    async def now_and_then(path: str, **more: str) -> tuple[Any, Any]:
        return await logged.rows(path, **more), await logged.rows(path, **more, identity_at=at)

    now, then = await now_and_then("/v1/funnel")
    assert [(row["count"]) for row in now] == [1, 1, 0]
    assert [(row["count"]) for row in then] == [2, 1, 0]
    ((now,), (then,)) = await now_and_then("/v1/customers", identifier="device_id:d")
    assert (now["customer"], then["customer"]) == (f"{user:016x}", f"{device:016x}")
    assert (now["touchpoints"], then["touchpoints"]) == (2, 1)
    now, then = await now_and_then(f"/v1/customers/{user:016x}/journey")
    assert [[row["id"] for row in rows] for rows in (now, then)] == [["a", "b"], ["a"]]
    now, then = await now_and_then(f"/v1/customers/{user:016x}/identity")
    assert [[row["kind"] for row in rows] for rows in (now, then)] == [["node", "node", "link"], ["node"]]
    for path, more in paths(user, device):
        meta = (await logged.get(path, **more, identity_at=at)).json()["meta"]
        assert meta["identity_at"] == at
        assert meta["identity"] == {"generation": 3, "rules": DEFAULT_RULES.version, "known_until": at}


async def test_they_are_ordered_once_and_waited_for(logged: World, log: EventLog) -> None:
    user, device = two_times(logged)
    for path, more in paths(user, device):
        reply = await logged.get(path, **more, identity_at=iso(THEN), timeout="0")
        assert reply.status_code == 503, reply.text
        assert "0% done" in reply.json()["error"]
        assert reply.headers["Retry-After"]
    assert await orders(log) == [AsOf(logged.workspace.name, THEN, logged.now)]
    await commit(log)
    known_then(logged, "filling", resolved_through=ALL // 5 * 4)
    reply = await logged.get("/v1/funnel", identity_at=iso(THEN), timeout="0")
    assert (reply.status_code, "40% done" in reply.json()["error"]) == (503, True)
    known_then(logged, version=2)
    assert (await logged.get("/v1/funnel", identity_at=iso(THEN), timeout="0")).status_code == 200
    assert len(await orders(log)) == 1


@pytest.mark.parametrize("at", ["2099-01-01", "yesterday", "", "1969-01-01"])
async def test_only_a_time_in_the_past_is_one(logged: World, log: EventLog, at: str) -> None:
    reply = await logged.get("/v1/funnel", identity_at=at)
    assert reply.status_code == 422
    (problem,) = reply.json()["problems"]
    assert (problem["field"], problem["value"]) == ("identity_at", at)
    assert await orders(log) == []


async def test_a_bad_question_orders_nothing(logged: World, log: EventLog) -> None:
    reply = await logged.get("/v1/funnel", identity_at=iso(THEN), order="upwards", timeout="0")
    assert reply.status_code == 422
    assert await orders(log) == []

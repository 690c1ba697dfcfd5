"""Orders of the query API carried out by the stitcher: what is asked before and after follows."""

from __future__ import annotations

from typing import Any

import pytest
from asking.orders import commit, orders
from asking.world import World
from stitching.links import TYPES, key
from stitching.world import Event
from stitching.world import World as Stitched

from etappe.clock import iso
from etappe.eventlog import EventLog

NAMES_BY_HASH = (
    "types: {user_id: {personal: true}, anonymous_id: {personal: true}, device_id: {personal: true}}"
)


def named(short: str) -> str:
    """`u1` as the API takes and shows it: these tests' identifiers are known by their keys alone."""
    return f"{TYPES[short[0]]}:#{key(short):016x}"


class Both:
    """A workspace that the stitcher keeps and the query API answers for; its orders reach the stitcher on demand."""

    def __init__(self, world: World, log: EventLog) -> None:
        self.stitched = Stitched(world.write)
        self.world, self.log, self.brought = world, log, 0
        world.settle(name=self.stitched.name, identity_rules=NAMES_BY_HASH)
        world.register = world.register.with_workspace(world.workspace)
        for kind in ("read", "admin"):
            world.register, _, world.tokens[kind] = world.register.with_key(kind, self.stitched.name, 0)
        world.read_log(log)

    def take(self, *events: Event) -> None:
        self.stitched.take(*events)
        self.world.write.execute(
            "ALTER TABLE identifiers UPDATE value = '' WHERE workspace = {w:String} "
            "SETTINGS mutations_sync = 1",
            {"w": self.stitched.name},
        )

    async def carry_out(self) -> None:
        found = await orders(self.log)
        self.stitched.changes += found[self.brought :]
        self.brought = len(found)
        self.stitched.drain()
        await commit(self.log)

    async def customer(self, short: str, **more: str) -> dict[str, Any]:
        (row,) = await self.world.rows("/v1/customers", identifier=named(short), **more)
        return row

    async def chain(self, a: str, b: str) -> list[str]:
        customer = (await self.customer(a))["customer"]
        rows = await self.world.rows(f"/v1/customers/{customer}/identity", a=named(a), b=named(b))
        return [f"{row['rule']} of {row['event_id']}" for row in rows if row["kind"] == "link"]

    async def ordered(self, method: str, path: str, body: Any, status: int) -> dict[str, Any]:
        reply = await self.world.send(method, path, body)
        assert reply.status_code == status, reply.text
        await self.carry_out()
        row: dict[str, Any] = reply.json()["rows"][0]
        return row


@pytest.fixture
def both(world: World, log: EventLog) -> Both:
    return Both(world, log)


HISTORY = (
    Event(1, "a1", 10),
    Event(2, "u1 a1", 20, "P2"),
    Event(3, "u1 e1", 21),
    Event(4, "e1 p1", 22, "P3"),
)


async def test_a_split_is_followed_and_taken_back_restores_everything(both: Both) -> None:
    both.take(*HISTORY)
    assert await both.chain("a1", "p1") == ["login of 2", "person of 3", "person of 4"]
    before = both.stitched.identities(), both.stitched.journeys()
    row = await both.ordered("POST", "/v1/identity/splits", {"a": named("e1"), "b": named("u1")}, 201)
    assert (await both.customer("a1"))["touchpoints"] == 3
    assert (await both.customer("p1"))["identifiers"] == [named("e1"), named("p1")]
    (listed,) = await both.world.rows("/v1/identity/splits", token="admin")
    assert listed == {**row, "state": "holds"}
    reply = await both.world.get(
        f"/v1/customers/{(await both.customer('u1'))['customer']}/identity", a=named("u1"), b=named("e1")
    )
    assert (reply.status_code, "rule apart" in reply.json()["problems"][0]["wanted"]) == (422, True)
    refused = await both.world.rows(f"/v1/customers/{(await both.customer('u1'))['customer']}/identity")
    assert [row["rule"] for row in refused if row["kind"] == "refused"] == ["apart"]
    await both.ordered("DELETE", f"/v1/identity/splits/{row['id']}", None, 200)
    assert (both.stitched.identities(), both.stitched.journeys()) == before
    assert await both.chain("a1", "p1") == ["login of 2", "person of 3", "person of 4"]
    (listed,) = await both.world.rows("/v1/identity/splits", token="admin")
    assert listed["state"] == "taken_back"


async def test_a_banned_value_parts_strangers_and_its_touchpoints_go_to_their_others(both: Both) -> None:
    """An address that a shop types in for everybody is the hub of two persons with devices."""
    both.take(
        Event(1, "e1 p1 a1", 10),
        Event(2, "e1 p2 a2", 20, "P2"),
        Event(3, "e1", 30, "P3"),
        Event(4, "p1", 40, "P2"),
    )
    assert (await both.customer("p1"))["touchpoints"] == 4
    row = await both.ordered("POST", "/v1/identity/splits", {"ban": named("e1")}, 201)
    customers = [await both.customer(each) for each in ("p1", "p2", "e1")]
    assert [each["touchpoints"] for each in customers] == [2, 1, 1]
    assert len({each["customer"] for each in customers}) == 3
    journeys = []
    for each in customers:
        rows = await both.world.rows(f"/v1/customers/{each['customer']}/journey")
        journeys.append([row["id"] for row in rows])
        assert all(row["journey"] for row in rows)
    assert journeys == [["1", "4"], ["2"], ["3"]]
    assert await both.chain("a1", "p1") == ["login of 1"]
    await both.ordered("DELETE", f"/v1/identity/splits/{row['id']}", None, 200)
    assert (await both.customer("p1"))["touchpoints"] == 4


async def test_rules_are_previewed_and_then_followed_for_all_history(both: Both) -> None:
    both.take(
        Event(1, "u1 e1", 10), Event(2, "u2 e1", 20), Event(3, "e1 p1", 30), Event(4, "u2 a1", 40, "P2")
    )
    loose = NAMES_BY_HASH[:-1].replace("user_id: {", "user_id: {unique: false, ") + "}"
    assert (
        await both.world.send("POST", "/v1/identity/rules/preview", loose.encode(), timeout="0")
    ).status_code == 503
    await both.carry_out()
    reply = await both.world.send("POST", "/v1/identity/rules/preview", loose.encode(), timeout="0")
    assert reply.status_code == 200, reply.text
    (row,) = reply.json()["rows"]
    assert (row["customers_before"], row["customers_after"], row["merged"], row["split"]) == (2, 1, 1, 0)
    (example,) = row["examples"]
    assert sorted(example["moved"]) == sorted([named("u2"), named("a1")])
    assert (await both.customer("u1"))["customer"] != (await both.customer("u2"))["customer"]
    await both.ordered("PUT", "/v1/identity/rules", loose.encode(), 202)
    assert (await both.customer("u1"))["customer"] == (await both.customer("u2"))["customer"]
    assert (await both.customer("a1"))["touchpoints"] == 4
    (rules,) = await both.world.rows("/v1/identity/rules")
    assert (rules["state"], rules["rules"]) == ("active", loose)
    meta = (await both.world.get("/v1/coverage", model="steps")).json()["meta"]
    assert meta["identity"]["rules"] == rules["version"]


async def test_as_of_a_time_only_what_was_received_by_then_counts(both: Both) -> None:
    both.take(Event(1, "a1", 1000), Event(2, "u1 a1", 2000, "P2", stamp=5000))
    both.take(Event(3, "e1 u1", 7000, "P3"))
    path = {"identity_at": iso(6000)}
    assert (await both.world.get("/v1/funnel", model="steps", timeout="0", **path)).status_code == 503
    await both.carry_out()
    assert (await both.customer("a1"))["identifiers"] == [named("a1"), named("e1"), named("u1")]
    then = await both.customer("a1", **path)
    assert then["identifiers"] == [named("a1"), named("u1")]
    meta = (await both.world.get("/v1/funnel", model="steps", **path)).json()["meta"]
    assert meta["identity_at"] == iso(6000)
    counts = [row["count"] for row in await both.world.rows("/v1/funnel", model="steps", **path)]
    assert counts != [row["count"] for row in await both.world.rows("/v1/funnel", model="steps")]

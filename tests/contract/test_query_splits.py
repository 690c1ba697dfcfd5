"""/v1/identity/splits: orders to hold two identifiers apart or to ban one, and to take that back."""

from __future__ import annotations

from typing import Any

import pytest
from asking.identities import EVER, belongs, key, linked
from asking.orders import commit, orders, write
from asking.world import NOON, World

from etappe.changes import Decide, TakeBack
from etappe.clock import iso
from etappe.eventlog import EventLog

PATH = "/v1/identity/splits"
LOGIN = ("device_id", "user_id")


@pytest.fixture
def anna(logged: World) -> tuple[int, int, int]:
    """A user with an e-mail, who logged in on a device that bob uses now."""
    user, mail, device = (
        key(logged, "user_id", "42"),
        key(logged, "email", "a@b.ch"),
        key(logged, "device_id", "d"),
    )
    bob = key(logged, "user_id", "43")
    belongs(logged, user, "user_id", (EVER, user), members=[user, mail, device])
    belongs(logged, mail, "email", (EVER, user))
    belongs(logged, bob, "user_id", (EVER, bob), members=[bob, device])
    belongs(logged, device, "device_id", (EVER, user), (NOON, bob))
    linked(logged, "person", user, mail)
    linked(logged, "login", device, user, NOON - 5, types=LOGIN)
    linked(logged, "login", device, bob, NOON, types=LOGIN)
    return user, mail, device


async def ask(world: World, body: Any, status: int = 201) -> dict[str, Any]:
    reply = await world.send("POST", PATH, body)
    assert reply.status_code == status, reply.text
    (row,) = reply.json()["rows"]
    return dict(row)


def decided(log_: list[Any]) -> list[Decide]:
    return [each for each in log_ if isinstance(each, Decide)]


def stored(world: World, decide: Decide, taken_back: int = 0) -> None:
    """What the stitcher writes."""
    row = {"id": decide.id, "kind": decide.kind, "a": decide.a, "a_type": decide.a_type, "b": decide.b,
           "b_type": decide.b_type, "asked": decide.asked, "asked_by": decide.by, "note": decide.note,
           "taken_back": taken_back, "version": 1 + taken_back}  # fmt: skip
    world.insert("decisions", [row])


async def test_a_link_is_taken_back(logged: World, log: EventLog, anna: tuple[int, int, int]) -> None:
    user, mail, _ = anna
    row = await ask(logged, {"a": "user_id:42", "b": "email: A@B.ch", "note": "two people"})
    admin = next(each.id for each in logged.register.keys if each.kind == "admin")
    assert row == {
        "id": row["id"], "kind": "apart", "a": "user_id:42", "b": f"email:#{mail:016x}", "ban": None,
        "by": admin, "note": "two people", "asked_at": iso(logged.now), "taken_back_at": None, "state": "waiting",
    }  # fmt: skip
    (order,) = await orders(log)
    assert order == Decide(
        logged.workspace.name,
        row["id"],
        "apart",
        user,
        "user_id",
        mail,
        "email",
        logged.now,
        admin,
        "two people",
    )
    assert await logged.rows(PATH, token="admin") == [row]
    stored(logged, order)
    await commit(log)
    assert await logged.rows(PATH, token="admin") == [{**row, "state": "holds"}]


async def test_a_value_is_banned(logged: World, log: EventLog, anna: tuple[int, int, int]) -> None:
    row = await ask(logged, {"ban": f"email:#{anna[1]:016x}"})
    assert (row["kind"], row["ban"], row["a"], row["b"]) == ("ban", f"email:#{anna[1]:016x}", None, None)
    (order,) = decided(await orders(log))
    assert (order.kind, order.a, order.a_type, order.b, order.b_type) == ("ban", anna[1], "email", 0, "")


async def test_what_is_decided_already_is_not_decided_again(
    logged: World, log: EventLog, anna: tuple[int, int, int]
) -> None:
    first = await ask(logged, {"a": "user_id:42", "b": "email:a@b.ch"})
    assert await ask(logged, {"b": "user_id:42", "a": "email:a@b.ch"}, 200) == first
    (order,) = decided(await orders(log))
    stored(logged, order)
    await commit(log)
    assert (await ask(logged, {"a": "user_id:42", "b": "email:a@b.ch"}, 200))["id"] == first["id"]
    assert (await ask(logged, {"ban": "email:a@b.ch"}))["id"] != first["id"]
    assert len(await orders(log)) == 2


async def test_a_decision_is_taken_back(logged: World, log: EventLog, anna: tuple[int, int, int]) -> None:
    row = await ask(logged, {"ban": "user_id:42"})
    (order,) = decided(await orders(log))
    stored(logged, order)
    await commit(log)
    logged.now += 1000
    reply = await logged.send("DELETE", f"{PATH}/{row['id']}")
    (gone,) = reply.json()["rows"]
    assert (reply.status_code, gone["state"], gone["taken_back_at"]) == (200, "waiting", iso(logged.now))
    again = await logged.send("DELETE", f"{PATH}/{row['id']}")
    assert (again.status_code, again.json()["rows"]) == (200, [gone])
    found = await orders(log)
    assert [type(each) for each in found] == [Decide, TakeBack]
    stored(logged, order, taken_back=logged.now)
    await commit(log)
    assert await logged.rows(PATH, token="admin") == [{**gone, "state": "taken_back"}]
    assert (await ask(logged, {"ban": "user_id:42"}))["id"] != row["id"]


async def test_a_decision_that_still_waits_can_be_taken_back(
    logged: World, log: EventLog, anna: tuple[int, int, int]
) -> None:
    row = await ask(logged, {"ban": "user_id:42"})
    assert (await logged.send("DELETE", f"{PATH}/{row['id']}")).status_code == 200
    assert len(await orders(log)) == 2
    (listed,) = await logged.rows(PATH, token="admin")
    assert (listed["state"], listed["taken_back_at"]) == ("waiting", iso(logged.now))


async def test_the_reply_says_what_to_wait_for(
    logged: World, log: EventLog, anna: tuple[int, int, int]
) -> None:
    reply = await logged.send("POST", PATH, {"ban": "user_id:42"})
    position = reply.headers["X-Etappe-Position"]
    assert position == "8192-1"
    late = await logged.get("/v1/freshness", after=position, timeout="0")
    assert late.status_code == 504, late.text
    await commit(log)
    for path in ("/v1/freshness", PATH):
        assert (await logged.get(path, token="admin", after=position, timeout="5")).status_code == 200
    unknown = await logged.get("/v1/freshness", after="8193-1")
    assert unknown.status_code == 422


async def test_where_no_event_links_two_the_reply_names_what_does(
    logged: World, log: EventLog, anna: tuple[int, int, int]
) -> None:
    reply = await logged.send("POST", PATH, {"a": "device_id:d", "b": "email:a@b.ch"})
    assert reply.status_code == 409
    assert f"device_id:d -(login)- user_id:42 -(person)- email:#{anna[1]:016x}" in reply.json()["error"]
    reply = await logged.send("POST", PATH, {"a": "user_id:43", "b": "email:a@b.ch"})
    assert reply.status_code == 409
    assert "Nothing connects user_id:43 and email:a@b.ch" in reply.json()["error"]
    assert await orders(log) == []
    assert (await logged.send("POST", PATH, {"a": "device_id:d", "b": "user_id:43"})).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({}, 422, ["a", "b"]),
        (None, 422, ["a", "b"]),
        ({"a": "user_id:42"}, 422, ["b"]),
        ({"a": "42", "b": 7}, 422, ["a", "b"]),
        ({"ban": "user_id:42", "a": "user_id:42"}, 422, ["a"]),
        ({"ban": ["user_id:42"]}, 422, ["ban"]),
        ({"ban": "user_id:42", "note": 5}, 422, ["note"]),
        ({"ban": "user_id:42", "note": "x" * 501}, 422, ["note"]),
        ({"ban": "user_id:42", "why": "x"}, 422, ["why"]),
        ({"ban": "user_id:nobody"}, 404, []),
        ({"a": "user_id:42", "b": "user_id:nobody"}, 404, []),
        ({"a": "email:a@b.ch", "b": "email: A@b.ch"}, 409, []),
        (b"[]", 422, ["body"]),
    ],
)
async def test_what_cannot_be_decided(
    logged: World, log: EventLog, anna: tuple[int, int, int], body: Any, status: int, fields: list[str]
) -> None:
    reply = await logged.send("POST", PATH, body)
    assert reply.status_code == status, reply.text
    assert [each["field"] for each in reply.json()["problems"]] == fields
    assert await orders(log) == []


async def test_an_unknown_split_is_not_found(logged: World) -> None:
    assert (await logged.send("DELETE", f"{PATH}/nothing")).status_code == 404


async def test_only_an_admin_token_may_decide(logged: World, anna: tuple[int, int, int]) -> None:
    for kind, status in (("read", 403), ("write", 403), ("nobody", 401)):
        assert (await logged.send("POST", PATH, {"ban": "user_id:42"}, token=kind)).status_code == status
        assert (await logged.send("DELETE", f"{PATH}/x", token=kind)).status_code == status
        assert (await logged.get(PATH, token=kind)).status_code == status


async def test_decisions_in_pages_the_latest_first(logged: World, anna: tuple[int, int, int]) -> None:
    user = anna[0]
    name = logged.workspace.name
    decides = [Decide(name, f"d{n}", "ban", user, "user_id", 0, "", NOON + n, "k") for n in range(3)]
    stored(logged, decides[0])
    await write(logged, *decides[1:], TakeBack(name, "d0", NOON + 9, "k"), TakeBack(name, "none", NOON, "k"))
    reply = (await logged.get(PATH, token="admin", limit="2")).json()
    assert [row["id"] for row in reply["rows"]] == ["d2", "d1"]
    (last,) = (await logged.get(PATH, token="admin", cursor=reply["meta"]["next"], limit="2")).json()["rows"]
    assert (last["id"], last["state"], last["taken_back_at"]) == ("d0", "waiting", iso(NOON + 9))

"""/v1/privacy/erase: the order to erase a person, and how far it is."""

from __future__ import annotations

from typing import Any

import pytest
from asking.identities import EVER, belongs, key
from asking.orders import commit, orders
from asking.world import NOON, World

from etappe.changes import Erase
from etappe.clock import iso
from etappe.eventlog import EventLog

PATH = "/v1/privacy/erase"


@pytest.fixture
def anna(logged: World) -> list[int]:
    """A user, its e-mail and a device that is bob's now."""
    user, mail, device = (
        key(logged, "user_id", "42"),
        key(logged, "email", "a@b.ch"),
        key(logged, "device_id", "d"),
    )
    bob = key(logged, "user_id", "43")
    belongs(logged, user, "user_id", (EVER, user), members=[user, mail, device])
    belongs(logged, mail, "email", (EVER, user))
    belongs(logged, device, "device_id", (EVER, user), (NOON, bob))
    belongs(logged, bob, "user_id", (EVER, bob), members=[bob, device])
    return [user, mail, device]


@pytest.mark.parametrize("by", ["identifier", "customer"])
async def test_a_person_is_erased_with_all_identifiers(
    logged: World, log: EventLog, anna: list[int], by: str
) -> None:
    body = {"identifier": "email:A@b.ch"} if by == "identifier" else {"customer": f"{anna[0]:016x}"}
    reply = await logged.send("POST", PATH, body)
    assert reply.status_code == 202, reply.text
    (row,) = reply.json()["rows"]
    admin = next(each.id for each in logged.register.keys if each.kind == "admin")
    assert row == {
        "id": row["id"], "state": "waiting", "identifiers": 3, "asked_at": iso(logged.now), "by": admin,
    }  # fmt: skip
    assert await orders(log) == [Erase(logged.workspace.name, row["id"], sorted(anna), logged.now, admin)]
    assert reply.headers["X-Etappe-Position"] == "8192-1"
    again = await logged.send("POST", PATH, body)
    assert (again.status_code, again.json()["rows"]) == (202, [row])
    assert len(await orders(log)) == 1
    assert await logged.rows(f"{PATH}/{row['id']}", token="admin") == [row]


async def test_how_far_an_erasure_is(logged: World, log: EventLog, anna: list[int]) -> None:
    (row,) = (await logged.send("POST", PATH, {"identifier": "user_id:42"})).json()["rows"]
    path = f"{PATH}/{row['id']}"
    for done, state in ((False, "running"), (True, "done")):
        logged.insert("erasures", [
            {"id": row["id"], "identifier": each, "since": EVER, "until": -EVER, "asked": logged.now,
             "asked_by": row["by"], "done": done, "version": 1 + done}
            for each in anna
        ])  # fmt: skip
        assert await logged.rows(path, token="admin") == [{**row, "state": state}]
        await commit(log)


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({}, 422, ["identifier", "customer"]),
        ({"identifier": "user_id:42", "customer": "0" * 16}, 422, ["identifier", "customer"]),
        ({"identifier": 42}, 422, ["identifier"]),
        ({"customer": 42}, 422, ["customer"]),
        ({"identifier": "user_id:42", "now": True}, 422, ["now"]),
        ({"identifier": "user_id:nobody"}, 404, []),
        ({"customer": "0" * 16}, 404, []),
        ({"customer": "anna"}, 404, []),
    ],
)
async def test_whom_nobody_can_erase(
    logged: World, log: EventLog, anna: list[int], body: Any, status: int, fields: list[str]
) -> None:
    reply = await logged.send("POST", PATH, body)
    assert reply.status_code == status, reply.text
    assert [each["field"] for each in reply.json()["problems"]] == fields
    assert await orders(log) == []


async def test_an_unknown_erasure_is_not_found(logged: World) -> None:
    assert (await logged.get(f"{PATH}/none", token="admin")).status_code == 404


async def test_only_an_admin_token_may_erase(logged: World, anna: list[int]) -> None:
    for kind, status in (("read", 403), ("secret", 403), ("nobody", 401)):
        assert (
            await logged.send("POST", PATH, {"identifier": "user_id:42"}, token=kind)
        ).status_code == status
        assert (await logged.get(f"{PATH}/x", token=kind)).status_code == status

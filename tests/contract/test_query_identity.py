"""/v1/customers/{customer}/identity: the graph behind a customer, and the shortest chain between two identifiers."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from asking.identities import EVER, ban, belongs, generation, key, linked
from asking.world import DAY, NOON, World, model_of, touchpoint
from reference.journeys import Touch

from etappe.clock import iso
from query_api.identity import evidence, explain

PERSONS = ("user_id", "email")
LOGIN = ("device_id", "user_id")
DEVICES = ("device_id", "device_id")


class Anna:
    """A user with an e-mail and a phone; two devices that one event named; until noon a third, shared one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.user = key(world, "user_id", "42")
        self.mail = key(world, "email", "anna@example.ch")
        self.phone = key(world, "phone", "+41446681800")
        self.laptop, self.app, self.tablet = (
            key(world, "device_id", each) for each in ("laptop", "app", "tablet")
        )
        self.bob = key(world, "user_id", "43")
        members = [self.user, self.mail, self.phone, self.laptop, self.app, self.tablet]
        belongs(world, self.user, "user_id", (EVER, self.user), members=members,
                refused=[(self.bob, "unique", "stray")])  # fmt: skip
        belongs(world, self.mail, "email", (EVER, self.user))
        belongs(world, self.phone, "phone", (EVER, self.user))
        belongs(world, self.laptop, "device_id", (EVER, self.user))
        belongs(world, self.app, "device_id", (EVER, self.user))
        belongs(world, self.tablet, "device_id", (EVER, self.user), (NOON, self.bob))
        belongs(world, self.bob, "user_id", (EVER, self.bob), members=[self.bob, self.tablet],
                refused=[(self.user, "unique", "stray")])  # fmt: skip
        linked(world, "person", self.user, self.mail, NOON + 1, "signup", stamp=NOON + 10)
        linked(world, "person", self.mail, self.phone, NOON + 2, "call", types=("email", "phone"))
        linked(world, "person", self.user, self.bob, NOON + 9, "stray", types=("user_id", "user_id"))
        linked(world, "login", self.laptop, self.user, NOON + 3, "login", types=LOGIN)
        linked(world, "login", self.laptop, self.user, NOON + 4, "login again", types=LOGIN)
        linked(world, "device", self.laptop, self.app, NOON + 5, "handover", types=DEVICES)
        linked(world, "login", self.tablet, self.user, NOON - 5, "at home", types=LOGIN)
        linked(world, "login", self.tablet, self.bob, NOON, "bob", types=LOGIN)
        world.add_touchpoints(
            touchpoint(Touch(self.user, NOON + 1, 1, id="signup")),
            touchpoint(Touch(self.user, NOON + 3, 2, id="login")),
        )

    @property
    def path(self) -> str:
        return f"/v1/customers/{self.user:016x}/identity"

    async def chain(self, a: str, b: str) -> list[tuple[str, str, str]]:
        rows = await self.world.rows(self.path, a=a, b=b)
        return [(row["a"], row["b"], row["rule"]) for row in rows if row["kind"] == "link"]


@pytest.fixture
def anna(world: World) -> Anna:
    return Anna(world)


async def test_the_whole_graph_in_rows(anna: Anna, world: World) -> None:
    reply = (await world.get(anna.path)).json()
    rows = reply["rows"]
    mail, phone = f"email:#{anna.mail:016x}", f"phone:#{anna.phone:016x}"
    nodes = [(row["name"], row["since"], row["until"]) for row in rows if row["kind"] == "node"]
    assert nodes == [
        ("device_id:app", None, None),
        ("device_id:laptop", None, None),
        ("device_id:tablet", None, iso(NOON)),
        (mail, None, None),
        (phone, None, None),
        ("user_id:42", None, None),
    ]
    links = [(row["a"], row["b"], row["rule"]) for row in rows if row["kind"] == "link"]
    assert links == [
        ("device_id:tablet", "user_id:42", "login"),
        (mail, phone, "person"),
        ("device_id:laptop", "user_id:42", "login"),
        ("device_id:laptop", "device_id:app", "device"),
        ("user_id:42", mail, "person"),
    ]
    (refused,) = [row for row in rows if row["kind"] == "refused"]
    assert (refused["a"], refused["b"], refused["rule"]) == ("user_id:42", "user_id:43", "unique")
    assert reply["meta"]["identity"]["generation"] == 0
    assert reply["meta"]["left_out"] == {"spans": 0, "logins": 0, "refused": 0}


async def test_a_link_with_its_event(anna: Anna, world: World) -> None:
    row, _ = await world.rows(anna.path, a="email:anna@example.ch", b="user_id:42")
    assert row == {
        "kind": "link", "type": "person", "name": None, "a": "user_id:42", "b": f"email:#{anna.mail:016x}",
        "event_id": "signup", "event": "P1", "at": iso(NOON + 1), "received_at": iso(NOON + 10),
        "source": "native", "rule": "person", "since": None, "until": None,
    }  # fmt: skip
    (row,) = await world.rows(anna.path, a="email:anna@example.ch", b=f"phone:#{anna.phone:016x}")
    assert (row["event_id"], row["event"]) == (None, None)


async def test_the_touchpoint_of_a_device_link_lies_under_the_person_of_the_event(
    anna: Anna, world: World
) -> None:
    linked(world, "login", anna.app, anna.user, NOON + 5, "handover", types=LOGIN)
    world.add_touchpoints(touchpoint(Touch(anna.user, NOON + 5, 3, id="handover")))
    (row,) = await world.rows(anna.path, a="device_id:app", b="device_id:laptop")
    assert (row["rule"], row["event_id"], row["event"]) == ("device", "handover", "P3")


async def test_the_shortest_chain_runs_from_a_to_b(anna: Anna) -> None:
    mail, phone = f"email:#{anna.mail:016x}", f"phone:#{anna.phone:016x}"
    assert await anna.chain("device_id:app", phone) == [
        ("device_id:laptop", "device_id:app", "device"),
        ("device_id:laptop", "user_id:42", "login"),
        ("user_id:42", mail, "person"),
        (mail, phone, "person"),
    ]
    assert await anna.chain("user_id:42", "user_id:42") == []
    assert await anna.chain("device_id:tablet", "device_id:laptop") == [
        ("device_id:tablet", "user_id:42", "login"),
        ("device_id:laptop", "user_id:42", "login"),
    ]


async def test_after_a_chain_comes_what_was_refused_at_its_identifiers(anna: Anna, world: World) -> None:
    link, refused = await world.rows(anna.path, a="email:anna@example.ch", b="user_id:42")
    assert (link["kind"], refused["kind"]) == ("link", "refused")
    assert (refused["a"], refused["b"], refused["rule"]) == ("user_id:42", "user_id:43", "unique")
    (alone,) = await world.rows(anna.path, a="device_id:app", b="device_id:laptop")
    assert alone["kind"] == "link"


async def test_a_chain_in_pages_and_as_csv(anna: Anna, world: World) -> None:
    reply = (await world.get(anna.path, limit="4", cursor="4")).json()
    assert [row["kind"] for row in reply["rows"]] == ["node", "node", "link", "link"]
    assert reply["meta"]["next"] == "8"
    text = (await world.get(anna.path, a="device_id:app", b="user_id:42", format="csv")).text
    assert [row["rule"] for row in csv.DictReader(io.StringIO(text))] == ["device", "login", "unique"]


async def test_two_who_are_not_one_customer_and_the_rule_that_parts_them(anna: Anna, world: World) -> None:
    reply = await world.get(anna.path, a="email:anna@example.ch", b="user_id:43")
    assert reply.status_code == 422
    (problem,) = reply.json()["problems"]
    assert (problem["field"], problem["value"]) == ("b", "user_id:43")
    assert "not one customer: a link between them was refused by rule unique" in problem["wanted"]
    key(world, "user_id", "44")
    (problem,) = (await world.get(anna.path, a="user_id:44", b="user_id:42")).json()["problems"]
    assert problem["field"] == "a"
    assert problem["wanted"].endswith("(user_id:44 and user_id:42 are not one customer)")


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ({"a": "user_id:42", "b": "user_id:nobody"}, 404),
        ({"a": "user_id:42"}, 422),
        ({"b": "user_id:42"}, 422),
        ({"a": "42", "b": "user_id:42"}, 422),
        ({"a": "", "b": ""}, 422),
    ],
)
async def test_ends_that_are_none(anna: Anna, world: World, ends: dict[str, str], status: int) -> None:
    reply = await world.get(anna.path, **ends)
    assert reply.status_code == status, reply.text


@pytest.mark.parametrize("customer", ["1", "0000000000000001", "nonsense"])
async def test_there_is_no_such_customer(world: World, customer: str) -> None:
    assert (await world.get(f"/v1/customers/{customer}/identity")).status_code == 404


async def test_who_became_part_of_another_says_so(anna: Anna, world: World) -> None:
    reply = await world.get(f"/v1/customers/{anna.mail:016x}/identity")
    assert reply.status_code == 404
    assert f"part of customer {anna.user:016x}" in reply.json()["error"]


async def test_an_identifier_that_was_never_linked_is_one_node(world: World) -> None:
    device = key(world, "device_id", "lone")
    (row,) = await world.rows(f"/v1/customers/{device:016x}/identity")
    assert (row["kind"], row["type"], row["name"]) == ("node", "device_id", "device_id:lone")


async def test_a_device_two_persons_shared_is_no_evidence(world: World) -> None:
    """Both persons became one by another way, whose links are not there: then there is no chain."""
    one, two, device = (
        key(world, "email", "a@b.ch"),
        key(world, "email", "b@b.ch"),
        key(world, "device_id", "d"),
    )
    belongs(world, one, "email", (EVER, one), members=[one, two, device])
    belongs(world, two, "email", (EVER, one))
    belongs(world, device, "device_id", (EVER, one))
    linked(world, "login", device, one, types=("device_id", "email"))
    linked(world, "login", device, two, types=("device_id", "email"))
    path = f"/v1/customers/{one:016x}/identity"
    assert (await world.get(path, a="email:a@b.ch", b="email:b@b.ch")).status_code == 422
    linked(world, "person", one, two, NOON + DAY, types=("email", "email"))
    assert [row["rule"] for row in await world.rows(path, a="email:a@b.ch", b="email:b@b.ch")] == ["person"]


async def test_of_two_shortest_chains_the_one_with_the_earlier_links(world: World) -> None:
    ends = [key(world, "crm_id", each) for each in "abxy"]
    a, b, x, y = ends
    belongs(world, a, "crm_id", (EVER, a), members=ends)
    for each in (b, x, y):
        belongs(world, each, "crm_id", (EVER, a))
    types = ("crm_id", "crm_id")
    for between, first, second in ((x, 7, 1), (y, 6, 9)):
        linked(world, "person", a, between, NOON + first, types=types)
        linked(world, "person", between, b, NOON + second, types=types)
    path = f"/v1/customers/{a:016x}/identity"
    assert [(row["a"], row["b"]) for row in await world.rows(path, a="crm_id:a", b="crm_id:b")] == [
        ("crm_id:a", "crm_id:y"),
        ("crm_id:y", "crm_id:b"),
    ]
    assert [(row["a"], row["b"]) for row in await world.rows(path, a="crm_id:b", b="crm_id:a")] == [
        ("crm_id:x", "crm_id:b"),
        ("crm_id:a", "crm_id:x"),
    ]


async def test_links_that_do_not_hold_are_not_shown(empty_world: World) -> None:
    """Taken back by an operator, said past an identifier that is not banned, or by the rules' book of another time."""
    world = empty_world
    generation(world, 2)
    world.add_build(model_of(1), generation=2)
    a, b, hub, other = (key(world, "crm_id", each) for each in ("a", "b", "hub", "other"))
    for each in (a, b, other):
        belongs(world, each, "crm_id", (EVER, a), members=[a, b, other] if each == a else (), generation=2)
    types = ("crm_id", "crm_id")
    linked(world, "person", a, b, NOON, "apart", types=types)
    linked(world, "person", a, other, NOON + 1, "past the hub", types=types, bypass=hub)
    world.insert("decisions", [decision("d1", "apart", a, b)])
    path = f"/v1/customers/{a:016x}/identity"

    async def links() -> list[str]:
        return [row["b"] for row in await world.rows(path) if row["kind"] == "link"]

    assert await links() == []
    ban(world, 2, hub)
    assert await links() == ["crm_id:other"]
    world.insert("decisions", [decision("d1", "apart", a, b, taken_back=NOON)])
    assert await links() == ["crm_id:b", "crm_id:other"]


def decision(id_: str, kind: str, a: int, b: int, taken_back: int = 0) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "a": a, "a_type": "crm_id", "b": b, "b_type": "crm_id", "asked": NOON,
            "asked_by": "k", "note": "", "taken_back": taken_back, "version": 1 + taken_back}  # fmt: skip


async def test_an_alias_is_read_one_way(world: World) -> None:
    user, former = key(world, "user_id", "new"), key(world, "anonymous_id", "old")
    as_user = key(world, "user_id", "old")
    belongs(world, user, "user_id", (EVER, user), members=[user, former], refused=[(as_user, "alias", "e2")])
    belongs(world, former, "anonymous_id", (EVER, user))
    linked(world, "alias", user, former, NOON, "e1", types=("user_id", "anonymous_id"))
    linked(world, "alias", user, former, NOON + 1, "e2", types=("user_id", "anonymous_id"))
    linked(world, "alias", user, as_user, NOON + 1, "e2", types=("user_id", "user_id"))
    rows = await world.rows(f"/v1/customers/{user:016x}/identity")
    assert [(row["kind"], row["b"]) for row in rows if row["kind"] != "node"] == [
        ("link", "anonymous_id:old"),
        ("refused", "user_id:old"),
    ]


async def test_logins_are_told_where_the_person_changes(anna: Anna, world: World) -> None:
    linked(world, "login", anna.tablet, anna.bob, NOON + 1, "bob again", types=LOGIN)
    linked(world, "login", anna.tablet, anna.user, NOON + 20, "back", types=LOGIN)
    rows = await world.rows(anna.path)
    logins = [row["at"] for row in rows if row["rule"] == "login" and row["a"] == "device_id:tablet"]
    assert logins == [iso(NOON - 5), iso(NOON + 20)]


async def test_of_what_has_no_end_the_first_are_shown_and_the_rest_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "MOST_SPANS_EACH", 3)
    monkeypatch.setattr(evidence, "MOST_LOGINS_EACH", 2)
    monkeypatch.setattr(evidence, "MOST_REFUSED_EACH", 1)
    user, other, device = key(world, "user_id", "1"), key(world, "user_id", "2"), key(world, "device_id", "d")
    refused = [(other, "limit", f"e{n}") for n in range(4)]
    belongs(world, user, "user_id", (EVER, user), members=[user, device], refused=refused)
    times = [NOON + n for n in range(8)]
    spans = [(at, user if n % 2 else other) for n, at in enumerate(times)]
    belongs(world, device, "device_id", (EVER, other), *spans[1:], members=())
    for n, (at, who) in enumerate(spans):
        linked(world, "login", device, who, at, f"e{n}", types=LOGIN)
    for n in range(4):
        linked(world, "person", user, other, NOON + n, f"e{n}", types=("user_id", "user_id"))
    reply = (await world.get(f"/v1/customers/{user:016x}/identity")).json()
    assert [row["kind"] for row in reply["rows"]] == ["node"] * 4 + ["link"] * 2 + ["refused"]
    assert reply["meta"]["left_out"] == {"spans": 1, "logins": 2, "refused": 3}

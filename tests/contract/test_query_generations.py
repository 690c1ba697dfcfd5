"""Answers rest on one generation of identities; touchpoints of what it bans belong to their other identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from asking.identities import EVER, ban, belongs, generation, key, linked
from asking.world import NOON, World, model_of, touchpoint
from reference.journeys import Touch

from etappe.identity_rules import parse_rules
from query_api.sql import compose, text_of

RULES = "alias: merge\n"


def with_traits(who: int, identifiers: Sequence[int], n: int, **more: Any) -> dict[str, Any]:
    touch = Touch(who, NOON + n, 1, id=f"e{n}", properties={"n": str(n)})
    return touchpoint(touch, identifiers=list(identifiers), traits=f'{{"t{n}": {n}}}', **more)


@pytest.fixture
def banned(empty_world: World) -> World:
    """Generation 3 answers and bans user b and its e-mail; the touchpoints of both name other identifiers too."""
    world = empty_world
    generation(world, 3, RULES)
    world.add_build(model_of(3), generation=3)
    b, mail, phone, device = names(world)
    ban(world, 3, b, mail)
    ban(world, 2, phone)
    ban(world, 3, device, held=False)
    belongs(world, b, "user_id", (EVER, b), members=[b], generation=3)
    belongs(world, phone, "phone", (EVER, phone), members=[phone, device], generation=3)
    belongs(world, device, "device_id", (EVER, phone), generation=3)
    belongs(world, device, "device_id", (EVER, b), generation=2)
    linked(world, "person", b, mail)
    linked(world, "person", mail, phone)
    linked(world, "login", device, b)
    world.add_touchpoints(
        with_traits(b, [b, mail, phone, device], 1),
        with_traits(mail, [mail, device], 2),
        with_traits(b, [b, mail], 3),
        with_traits(b, [b, phone], 4, consent_linking=False),
        with_traits(phone, [phone, device], 5),
    )
    return world


def names(world: World) -> tuple[int, int, int, int]:
    return (
        key(world, "user_id", "b"),
        key(world, "email", "b@b.ch"),
        key(world, "phone", "+41446681800"),
        key(world, "device_id", "d"),
    )


async def ids(world: World, customer: int) -> list[str]:
    return [row["id"] for row in await world.rows(f"/v1/customers/{customer:016x}/journey")]


async def test_touchpoints_of_a_banned_identifier_belong_to_the_best_of_their_others(banned: World) -> None:
    b, mail, phone, _ = names(banned)
    assert await ids(banned, phone) == ["e1", "e2", "e5"]
    assert await ids(banned, b) == ["e3", "e4"]
    assert await ids(banned, mail) == []
    (row,) = await banned.rows("/v1/customers", identifier="device_id:d")
    assert (row["customer"], row["traits"]) == (f"{phone:016x}", {"t1": 1, "t2": 2, "t5": 5})
    (row,) = await banned.rows("/v1/customers", identifier="user_id:b")
    assert (row["customer"], row["traits"]) == (f"{b:016x}", {"t3": 3, "t4": 4})


async def test_an_answer_says_which_identities_it_used(banned: World) -> None:
    phone = names(banned)[2]
    for path, more in (
        ("/v1/funnel", {}),
        ("/v1/coverage", {}),
        ("/v1/customers", {"identifier": "user_id:b"}),
        (f"/v1/customers/{phone:016x}/journey", {}),
    ):
        meta = (await banned.get(path, **more)).json()["meta"]
        used = {"generation": 3, "rules": parse_rules(RULES).version, "known_until": None}
        assert meta["identity"] == used, path
        assert "identity_at" not in meta


async def test_values_of_a_group_come_from_the_touchpoints_that_a_customer_has_now(banned: World) -> None:
    b, _, phone, _ = names(banned)
    banned.add_journeys_of([Touch(b, NOON + 3, 1, id="e3"), Touch(phone, NOON + 1, 1, id="e1")])
    found = await banned.rows("/v1/funnel", by="property:n")
    assert {row["group"]: row["count"] for row in found if row["position"] == 1} == {"1": 1, "3": 1}


async def test_a_workspace_without_bans_reads_no_list_of_them(world: World) -> None:
    """As fast as ever: the plain statement is asked."""
    device = key(world, "device_id", "d")
    ban(world, 5, device)
    world.add_touches([Touch(device, NOON, 1, id="e")])
    assert await ids(world, device) == ["e"]
    for name in ("touchpoints_of_customer", "customer_traits"):
        assert "FROM banned" not in compose(name, owned="owned_as_stored", spanned="owned_in_spans")
        assert "FROM banned" in compose(name, owned="owned_past_bans", spanned="owned_in_spans")


@pytest.mark.parametrize("owned", ["owned_as_stored", "owned_past_bans"])
def test_a_customers_touchpoints_are_found_by_the_primary_key(world: World, owned: str) -> None:
    ban(world, 1, 7)
    for name in ("touchpoints_of_customer", "customer_traits"):
        sql = compose(name, owned=owned, spanned="owned_in_spans").replace("/*phases*/", "0")
        values = {
            **{"workspace": world.workspace.name, "generation": 1, "from": 0, "to": NOON, "limit": 1},
            **{"after_ms": 0, "after_seq": 0, "after_event": "", "stored": [1, 2]},
            **{"identifiers": [1], "since": [0], "until": [NOON]},
        }
        plan = "\n".join(line for (line,) in world.write.rows(f"EXPLAIN indexes = 1 {sql}", values))
        read = plan[plan.index("touchpoints)") :].partition("PrimaryKey")[2]
        assert "(identifier in 2-element set)" in read.partition("Parts:")[0], plan


def test_the_identities_of_one_generation_are_found_by_the_primary_key(world: World) -> None:
    belongs(world, 1, "user_id", (EVER, 1))
    values = {"workspace": world.workspace.name, "generation": 0, "identifier": 1}
    plan = "\n".join(
        line for (line,) in world.write.rows(f"EXPLAIN indexes = 1 {text_of('identity_row')}", values)
    )
    keys = plan.partition("PrimaryKey")[2].partition("Condition")[0]
    assert {"workspace", "identifier"} <= set(keys.split())


async def test_before_the_first_change_of_rules_generation_0_answers(world: World) -> None:
    user, device = key(world, "user_id", "u"), key(world, "device_id", "d")
    belongs(world, device, "device_id", (EVER, user))
    belongs(world, device, "device_id", (EVER, device), generation=1)
    (row,) = await world.rows("/v1/customers", identifier="device_id:d")
    assert row["customer"] == f"{user:016x}"

"""Who an identifier is, what it did, and what a model makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asking.world import DAY, NOON, World, model_of, touchpoint
from reference.journeys import Touch

from etappe.clock import iso
from etappe.identifiers import make_identifier
from etappe.phases import parse_model
from query_api import journey

EVER = -(1 << 62)


def key(world: World, kind: str, value: str) -> int:
    """The identifier's hash; its name is written down as normalise does."""
    made = make_identifier(world.workspace.salt_bytes, kind, value)
    world.insert("identifiers", [{"identifier": made.key, "type": kind, "value": made.value or ""}])
    return made.key


def belongs(world: World, identifier: int, kind: str, *spans: tuple[int, int], members: Any = ()) -> None:
    """A row of identities; spans are (since, customer)."""
    row = {"identifier": identifier, "type": kind, "since": [s for s, _ in spans],
           "customer": [c for _, c in spans], "members": list(members), "version": 1}  # fmt: skip
    world.insert("identities", [row])


def anna(world: World) -> tuple[int, int, int]:
    """Anna (user_id 42, an e-mail) and a device that was hers until noon."""
    user, mail, device = (
        key(world, "user_id", "42"),
        key(world, "email", "anna@example.ch"),
        key(world, "device_id", "d1"),
    )
    belongs(world, user, "user_id", (EVER, user), members=[user, mail, device])
    belongs(world, mail, "email", (EVER, user))
    return user, mail, device


async def test_a_customer_with_everything_that_is_known(world: World) -> None:
    user, mail, device = anna(world)
    belongs(world, device, "device_id", (EVER, user))
    history = [
        Touch(user, NOON, 1, id="a", account="acme", value=2.5),
        Touch(user, NOON + DAY, 2, id="b", value=1),
    ]
    world.add_journeys_of(history)
    world.add_touchpoints(
        touchpoint(history[0], identifier=device, traits='{"plan": "free", "size": 3}'),
        touchpoint(history[1], identifier=mail, traits='{"plan": "pro"}'),
    )
    (row,) = await world.rows("/v1/customers", identifier="email:  Anna@Example.CH ")
    assert row == {
        "customer": f"{user:016x}",
        "identifiers": ["device_id:d1", f"email:#{mail:016x}", "user_id:42"],
        "accounts": ["acme"],
        "account_times": [{"account": "acme", "since": None, "until": None}],
        "traits": {"plan": "pro", "size": 3},
        "first_at": "2026-01-01T12:00:00.000Z",
        "last_at": "2026-01-02T12:00:00.000Z",
        "touchpoints": 2,
        "value": 3.5,
        "also": [],
    }
    assert await world.rows("/v1/customers", identifier=f"email:#{mail:016x}") == [row]
    assert await world.rows("/v1/customers", identifier="user_id:42") == [row]


async def test_a_customer_belongs_to_accounts_over_time(world: World) -> None:
    user, _, _ = anna(world)
    world.add_touches(
        [
            Touch(user, NOON, 1, id="a", account="acme"),
            Touch(user, NOON + DAY, 1, id="b", account="bolt"),
            Touch(user, NOON + 2 * DAY, 1, id="c"),
            Touch(user, NOON + 3 * DAY, 1, id="d", account="acme"),
        ]
    )
    (row,) = await world.rows("/v1/customers", identifier="user_id:42")
    assert row["accounts"] == ["acme", "bolt"]
    assert [tuple(each.values()) for each in row["account_times"]] == [
        ("acme", None, "2026-01-02T12:00:00.000Z"),
        ("bolt", "2026-01-02T12:00:00.000Z", "2026-01-04T12:00:00.000Z"),
        ("acme", "2026-01-04T12:00:00.000Z", None),
    ]


async def test_a_shared_device_is_whoever_had_it_then(world: World) -> None:
    user, _, device = anna(world)
    other = key(world, "user_id", "43")
    belongs(world, device, "device_id", (EVER, user), (NOON, other))
    (now,) = await world.rows("/v1/customers", identifier="device_id:d1")
    (then,) = await world.rows("/v1/customers", identifier="device_id:d1", at="2026-01-01T11:59:59.999Z")
    noon = "2026-01-01T12:00:00.000Z"
    assert (now["customer"], then["customer"]) == (f"{other:016x}", f"{user:016x}")
    assert now["also"] == [{"customer": f"{user:016x}", "since": None, "until": noon}]
    assert then["also"] == [{"customer": f"{other:016x}", "since": noon, "until": None}]


async def test_an_identifier_that_was_never_linked_is_its_own_customer(world: World) -> None:
    device = key(world, "device_id", "lone")
    (row,) = await world.rows("/v1/customers", identifier="device_id:lone")
    assert (row["customer"], row["identifiers"], row["touchpoints"]) == (
        f"{device:016x}",
        ["device_id:lone"],
        0,
    )


async def test_ids_compare_exactly_and_split_at_the_first_colon(world: World) -> None:
    key(world, "user_id", "a:B")
    assert (await world.get("/v1/customers", identifier="user_id:a:B")).status_code == 200
    assert (await world.get("/v1/customers", identifier="user_id:a:b")).status_code == 404


async def test_an_identifier_that_nobody_had_is_not_found(world: World) -> None:
    reply = await world.get("/v1/customers", identifier="user_id:nobody")
    assert reply.status_code == 404
    assert reply.json() == {
        "error": "There is nothing here. No touchpoint ever carried user_id:nobody.",
        "problems": [],
    }


@pytest.mark.parametrize("identifier", [None, "42", ":42", "user_id:", ""])
async def test_an_identifier_needs_a_type_and_a_value(world: World, identifier: str | None) -> None:
    reply = await world.get("/v1/customers", identifier=identifier)
    assert reply.status_code == 422
    assert reply.json()["problems"][0]["wanted"] == "type:value, like user_id:42"


async def test_a_journey_in_order_with_its_phases_in_every_model(world: World) -> None:
    world.add_build(model_of(1, "aida"), 2)
    user, mail, device = anna(world)
    belongs(world, device, "device_id", (EVER, user), (NOON + 5, 99))
    first = Touch(user, NOON, 2, id="first", channel="email", properties={"n": "1"})
    second = Touch(user, NOON + 100 * DAY, 1, id="second", value=5)
    world.add_journeys_of([first, second])
    world.add_touchpoints(
        touchpoint(second, identifier=mail, page_path="/x", campaign_name="spring", currency="CHF"),
        touchpoint(first, identifier=device),
        touchpoint(first, identifier=device),
        touchpoint(Touch(device, NOON + 5, 3, id="of somebody else")),
        touchpoint(Touch(user, NOON + 9, 3, id="of a bot"), bot=True),
    )
    reply = (await world.get(f"/v1/customers/{user:016x}/journey")).json()
    nothing = {"contact": None, "offline": False, "sentiment": None}
    assert reply["rows"] == [
        {**nothing, "id": "first", "at": "2026-01-01T12:00:00.000Z", "event": "P2", "channel": "email",
         "page": {}, "campaign": {}, "value": 0.0, "currency": None, "phases": {"acpl": "p2", "aida": None},
         "identifier": "device_id:d1", "journey": 1, "properties": {"n": "1"}},
        {**nothing, "id": "second", "at": "2026-04-11T12:00:00.000Z", "event": "P1", "channel": None,
         "page": {"path": "/x"}, "campaign": {"name": "spring"}, "value": 5.0, "currency": "CHF",
         "phases": {"acpl": "p1", "aida": "p1"}, "identifier": f"email:#{mail:016x}", "journey": 2,
         "properties": {}},
    ]  # fmt: skip
    assert reply["meta"]["excluded"] == {"bot_touchpoints": 1}
    assert reply["meta"]["watermark"]["touchpoints"] == "2026-04-11T12:00:00.000Z"


async def test_a_journey_in_pages_is_the_whole_journey(world: World) -> None:
    device = key(world, "device_id", "d")
    world.add_touches([Touch(device, NOON + n // 3, 1, seq=n % 2, id=f"e{n}") for n in range(7)])
    path = f"/v1/customers/{device:016x}/journey"
    whole = [row["id"] for row in await world.rows(path)]
    paged: list[str] = []
    cursor = None
    while True:
        reply = (await world.get(path, limit="2", cursor=cursor)).json()
        paged += [row["id"] for row in reply["rows"]]
        cursor = reply["meta"]["next"]
        if cursor is None:
            break
    assert len(whole) == 7
    assert paged == whole


async def test_a_long_journey_is_told_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first touchpoints in memory, the rest as the engine reads it: with names, bots counted, none twice."""
    monkeypatch.setattr(journey, "_AT_ONCE", 3)
    user, mail, device = anna(world)
    belongs(world, device, "device_id", (EVER, user))
    touches = [Touch(user, NOON + n // 2, 1, id=f"e{n}") for n in range(20)]
    world.add_journeys_of(touches)
    under = [(user, mail)[n > 9] for n in range(20)]
    rows = [touchpoint(touch, identifier=key) for touch, key in zip(touches, under, strict=True)]
    world.add_touchpoints(*rows)
    world.add_touchpoints(*rows[5:9])
    bots = [touchpoint(Touch(user, NOON + n, 1, id=f"b{n}"), bot=True) for n in (0, 7, 8)]
    world.add_touchpoints(*bots)
    reply = (await world.get(f"/v1/customers/{user:016x}/journey")).json()
    assert sorted(row["id"] for row in reply["rows"]) == sorted(touch.id for touch in touches)
    assert [row["at"] for row in reply["rows"]] == [iso(touch.at) for touch in touches]
    named = {row["id"]: row["identifier"] for row in reply["rows"]}
    assert (named["e0"], named["e19"]) == ("user_id:42", f"email:#{mail:016x}")
    assert (reply["meta"]["excluded"], reply["meta"]["next"]) == ({"bot_touchpoints": 3}, None)


async def test_a_journey_within_a_range(world: World) -> None:
    device = key(world, "device_id", "d")
    world.add_touches([Touch(device, NOON + n * DAY, 1, id=f"e{n}") for n in range(3)])
    path = f"/v1/customers/{device:016x}/journey"
    rows = await world.rows(path, begin="2026-01-02", end="2026-01-03T12:00:00Z")
    assert [row["id"] for row in rows] == ["e1"]


async def test_a_customer_that_became_part_of_another_says_so(world: World) -> None:
    user, mail, _ = anna(world)
    reply = await world.get(f"/v1/customers/{mail:016x}/journey")
    assert reply.status_code == 404
    assert f"part of customer {user:016x}" in reply.json()["error"]


@pytest.mark.parametrize("customer", ["0000000000000001", "1", "nonsense", "000000000000000G", "%00"])
async def test_there_is_no_such_customer(world: World, customer: str) -> None:
    assert (await world.get(f"/v1/customers/{customer}/journey")).status_code == 404


async def test_coverage_lists_the_unmapped_first(world: World) -> None:
    touches = [Touch(1, NOON + n, 1, id=f"a{n}", channel="email") for n in range(3)]
    touches += [Touch(1, NOON, 9, id="x"), Touch(1, NOON, 2, id="y")]
    rows = [touchpoint(touch) for touch in touches]
    world.add_touchpoints(*rows, rows[0], touchpoint(Touch(1, NOON, 8, id="z"), bot=True))
    nothing = {"channel": None, "contact": None, "offline": False}
    assert await world.rows("/v1/coverage") == [
        {**nothing, "event": "P9", "count": 1, "phase": None},
        {**nothing, "event": "P1", "channel": "email", "count": 3, "phase": "p1"},
        {**nothing, "event": "P2", "count": 1, "phase": "p2"},
    ]
    page = (await world.get("/v1/coverage", limit="2", cursor="1")).json()
    assert [row["event"] for row in page["rows"]] == ["P1", "P2"]
    assert page["meta"]["next"] is None
    assert page["meta"]["excluded"] == {"bot_touchpoints": 1}
    assert {name: page["meta"][name] for name in ("touchpoints", "mapped", "unmapped", "goals")} == {
        "touchpoints": 5, "mapped": 4, "unmapped": 1, "goals": {},
    }  # fmt: skip
    assert (page["meta"]["mapped_share"], round(page["meta"]["unmapped_share"], 9)) == (0.8, 0.2)
    assert (await world.get("/v1/coverage", limit="1")).json()["meta"]["next"] == "1"


async def test_coverage_shows_the_latest_touchpoints_of_each_kind(world: World) -> None:
    touches = [Touch(1, NOON + n, 1, id=f"a{n}", channel="email") for n in range(3)]
    rows = [{**touchpoint(touch), "page_url": ""} for touch in touches]
    rows[2] |= {"page_url": "https://shop.example/", "properties": '{"plan": "pro"}'}
    long = {**touchpoint(Touch(1, NOON, 9, id="x")), "page_url": "", "properties": f'{{"a": "{"b" * 2000}"}}'}
    world.add_touchpoints(*rows, rows[0], long)
    unmapped, mapped = await world.rows("/v1/coverage", examples="2")
    assert unmapped["examples"] == [{"id": "x", "at": iso(NOON), "page": None, "properties": None}]
    assert mapped["examples"] == [
        {"id": "a2", "at": iso(NOON + 2), "page": "https://shop.example/", "properties": {"plan": "pro"}},
        {"id": "a1", "at": iso(NOON + 1), "page": None, "properties": None},
    ]
    assert "examples" not in (await world.rows("/v1/coverage", examples="0"))[0]
    assert (await world.get("/v1/coverage", examples="11")).status_code == 422


async def test_coverage_counts_the_touchpoints_that_meet_a_goal(empty_world: World) -> None:
    text = (
        "name: acpl\nconversion: p\ngoals: [{name: far, phase: q}, {name: mail, rules: [{channel: email}]}]\n"
    )
    text += "phases: [{name: p, rules: [{event: P1}]}, {name: q, rules: [{event: P2}]}]\n"
    empty_world.add_build(parse_model(text, "acpl"))
    touches = [Touch(1, NOON + n, n % 3, id=f"a{n}", channel="email" if n % 2 else "") for n in range(9)]
    empty_world.add_touchpoints(*(touchpoint(touch) for touch in touches))
    meta = (await empty_world.get("/v1/coverage")).json()["meta"]
    assert meta["goals"] == {"far": 3, "mail": 4}


QUESTIONS = (
    "/v1/funnel", "/v1/funnel/people", "/v1/journeys", "/v1/customers/0000000000000001/phase", "/v1/paths",
    "/v1/sequences", "/v1/segments", "/v1/coverage", "/v1/map", "/v1/map/people",
)  # fmt: skip


@pytest.mark.parametrize("path", QUESTIONS)
async def test_before_the_stitcher_begins_with_a_workspace_nobody_is_told_that_the_question_is_wrong(
    empty_world: World, path: str
) -> None:
    phase = "p1" if path.endswith("/people") else None
    reply = await empty_world.get(path, timeout="0.2", phase=phase)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert "0.2 s waited" in reply.json()["error"]
    assert "whether the stitcher runs" in reply.json()["error"]
    wrong = await empty_world.get(path, timeout="0.2", phase=phase, colour="red")
    assert (wrong.status_code, [each["field"] for each in wrong.json()["problems"]]) == (422, ["colour"])


async def test_a_step_funnel_waits_for_the_stitcher_too(empty_world: World) -> None:
    body = {"steps": [{"event": "P1"}]}
    reply = await empty_world.send("POST", "/v1/funnel/steps", body, timeout="0.2")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")


async def test_a_question_that_comes_before_the_stitcher_is_answered_once_it_has_begun(
    empty_world: World,
) -> None:
    asked = asyncio.create_task(empty_world.get("/v1/funnel"))
    await asyncio.sleep(0.3)
    empty_world.add_build(model_of(3))
    reply = await asked
    assert [row["count"] for row in reply.json()["rows"]] == [0, 0, 0]

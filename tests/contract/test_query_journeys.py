"""Journeys as rows over HTTP, in examples to check by hand: a shop whose phases are look, choose, buy, stay."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pytest
from asking.world import DAY, NOON, World
from reference.journeys import Touch

from etappe.clock import iso
from etappe.phases import parse_model

LOOK, CHOOSE, BUY, STAY = 1, 2, 3, 4
SHOP = parse_model(
    """
    name: acpl
    conversion: buy
    phases:
      - {name: look, rules: [{event: P1}]}
      - {name: choose, rules: [{event: P2}]}
      - {name: buy, rules: [{event: P3}]}
      - {name: stay, rules: [{event: P4}]}
    """,
    "shop.yaml",
)
ANNA, BEAT, CARL = 0xA, 0xB, 0xC


def day(n: float) -> int:
    return NOON + int(n * DAY)


@pytest.fixture
def shop(empty_world: World) -> World:
    """It is day 100. Anna: one journey with everything; Beat: an old one and a new one; Carl: nothing mapped."""
    world = empty_world
    world.add_build(SHOP)
    world.now = day(100)
    world.add_touches(
        [
            Touch(ANNA, day(70), 0, id="a1", channel="email", contact="static", sentiment=0.5),
            Touch(ANNA, day(71), LOOK, id="a2", channel="email", contact="interactive"),
            Touch(ANNA, day(73), BUY, id="a3", channel="store", contact="human", offline=True, value=30),
            Touch(ANNA, day(74), LOOK, id="a4", channel="email", contact="interactive", sentiment=-1),
            Touch(ANNA, day(78), 0, id="a5", value=5),
            Touch(BEAT, day(1), LOOK, id="b1", channel="email"),
            Touch(BEAT, day(2), BUY, id="b2", channel="email"),
            Touch(BEAT, day(95), LOOK, id="b3", channel="store"),
            Touch(BEAT, day(96), CHOOSE, id="b4", channel="store"),
            Touch(BEAT, day(98), CHOOSE, id="b5", channel="email"),
            Touch(CARL, day(99), 0, id="c1", channel="store"),
        ],
        phases=4,
    )
    return world


async def named(world: World, **asked: Any) -> list[tuple[str, int]]:
    """The journeys that a question lists: whose, and which of theirs."""
    names = {ANNA: "anna", BEAT: "beat", CARL: "carl"}
    rows = await world.rows("/v1/journeys", **asked)
    return [(names[int(row["customer"], 16)], row["journey"]) for row in rows]


async def test_a_row_tells_everything_about_a_journey(shop: World) -> None:
    """Day 71 look, day 73 buy, day 74 look: a phase skipped, a step back, a phase entered again; day 78 the end."""
    (row,) = await shop.rows("/v1/journeys", customer=f"{ANNA:016x}")
    assert row == {
        "customer": "000000000000000a",
        "journey": 1,
        "started_at": "2026-03-12T12:00:00.000Z",
        "ended_at": "2026-03-20T12:00:00.000Z",
        "touchpoints": 5,
        "phase": "look",
        "furthest_phase": "buy",
        "phases": [
            # Two days until day 73, and from day 74 to the end.
            {"phase": "look", "first_at": "2026-03-13T12:00:00.000Z", "dwell_seconds": 6 * 86_400.0, "touchpoints": 2},
            {"phase": "buy", "first_at": "2026-03-15T12:00:00.000Z", "dwell_seconds": 86_400.0, "touchpoints": 1},
        ],
        "skipped": ["choose"],
        "regressions": 1,
        "reentries": 1,
        "stuck_since": None,
        "channels": [
            {"channel": "email", "touchpoints": 3},
            {"channel": None, "touchpoints": 1},
            {"channel": "store", "touchpoints": 1},
        ],
        "contacts": {"interactive": 2, "static": 1, "human": 1, "online": 4, "offline": 1},
        "value": 35.0,
        "sentiment": -0.25,
        "sentiment_curve": [["2026-03-12T12:00:00.000Z", 0.5], ["2026-03-16T12:00:00.000Z", -1.0]],
    }  # fmt: skip


async def test_newest_end_first(shop: World) -> None:
    assert await named(shop) == [("carl", 1), ("beat", 2), ("anna", 1), ("beat", 1)]


async def test_stuck_is_who_is_live_and_has_not_converted(shop: World) -> None:
    """Beat entered choose on day 96 and is there since, four days; Anna has bought, Carl is in no phase."""
    rows = await shop.rows("/v1/journeys")
    assert [row["stuck_since"] for row in rows] == [None, "2026-04-07T12:00:00.000Z", None, None]
    assert await named(shop, stuck_for="4d") == [("beat", 2)]
    assert await named(shop, stuck_for="5d") == []
    shop.now = day(98 + 90) + 1
    assert await named(shop, stuck_for="4d") == []


async def test_filters(shop: World) -> None:
    assert await named(shop, phase="look") == [("anna", 1)]
    assert await named(shop, phase="buy") == [("beat", 1)]
    assert await named(shop, live="true") == [("carl", 1), ("beat", 2), ("anna", 1)]
    assert await named(shop, live="false") == [("beat", 1)]
    assert await named(shop, since="2026-03-20T12:00:00Z") == [("carl", 1), ("beat", 2), ("anna", 1)]
    assert await named(shop, since="2026-03-20T12:00:01Z") == [("carl", 1), ("beat", 2)]
    assert await named(shop, begin="2026-03-12", end="2026-03-13") == [("anna", 1)]
    assert await named(shop, where="channel:eq:email") == [("beat", 2), ("anna", 1), ("beat", 1)]
    assert await named(shop, where="channel:eq:email", phase="choose", live="true") == [("beat", 2)]


async def test_one_touchpoint_has_to_meet_all_filters(shop: World) -> None:
    """Anna's e-mails were online, and her visit to the store was no e-mail."""
    both = [("where", "channel:eq:email"), ("where", "offline:eq:true")]
    token = {"Authorization": f"Bearer {shop.tokens['read']}"}
    reply = await shop.client.get("/v1/journeys", params=both, headers=token)
    assert reply.json()["rows"] == []
    assert reply.json()["meta"]["where"] == [
        {"field": "channel", "op": "eq", "value": "email"}, {"field": "offline", "op": "eq", "value": True},
    ]  # fmt: skip


async def test_pages(shop: World) -> None:
    first = (await shop.get("/v1/journeys", limit=3)).json()
    assert [row["journey"] for row in first["rows"]] == [1, 2, 1]
    last = (await shop.get("/v1/journeys", limit=3, cursor=first["meta"]["next"])).json()
    assert [(row["customer"], row["journey"]) for row in last["rows"]] == [("000000000000000b", 1)]
    assert last["meta"]["next"] is None


async def test_touchpoints_of_equal_time_stand_in_the_order_of_their_phases(empty_world: World) -> None:
    """Whichever came in first: the journey went from look to choose, not back."""
    world = empty_world
    world.add_build(SHOP)
    world.now = day(1)
    world.add_touches([Touch(ANNA, day(0), CHOOSE, 1, "a"), Touch(ANNA, day(0), LOOK, 2, "b")], phases=4)
    (row,) = await world.rows("/v1/journeys")
    assert (row["phase"], row["regressions"], row["reentries"]) == ("choose", 0, 0)


@pytest.mark.parametrize(
    ("at", "phase", "since", "furthest", "journey", "live"),
    [
        (0, None, None, None, None, False),
        (1.5, "look", 1, "look", 1, True),
        (2, "buy", 2, "buy", 1, True),
        (92, "buy", 2, "buy", 1, True),
        (92.5, "buy", 2, "buy", 1, False),
        (95.5, "look", 95, "look", 2, True),
        (97, "choose", 96, "choose", 2, True),
        (99, "choose", 96, "choose", 2, True),
    ],
)
async def test_the_phase_on_a_date(
    shop: World, at: float, phase: str | None, since: int | None, furthest: str | None, journey: int | None, live: bool
) -> None:  # fmt: skip
    """Beat looked on day 1 and bought on day 2; that journey could go on until day 92; the next began on day 95."""
    moment = iso(day(at))
    (row,) = await shop.rows(f"/v1/customers/{BEAT:016x}/phase", at=moment)
    assert row == {
        "customer": f"{BEAT:016x}",
        "at": moment,
        "phase": phase,
        "since": None if since is None else iso(day(since)),
        "furthest_phase": furthest,
        "journey": journey,
        "live": live,
    }


async def test_the_phase_now_where_no_date_is_given(shop: World) -> None:
    (row,) = await shop.rows(f"/v1/customers/{ANNA:016x}/phase", model="acpl")
    assert (row["at"], row["phase"], row["furthest_phase"]) == (iso(day(100)), "look", "buy")


async def test_nobody_has_no_phase(shop: World) -> None:
    for customer in ("00000000000000ff", "anna"):
        assert (await shop.get(f"/v1/customers/{customer}/phase")).status_code == 404


async def test_every_problem_is_named(shop: World) -> None:
    reply = await shop.get(
        "/v1/journeys",
        phase="sell", stuck_for="soon", since="never", live="yes", customer="anna", cursor="1", limit=0, where="x",
    )  # fmt: skip
    assert reply.status_code == 422
    assert sorted(each["field"] for each in reply.json()["problems"]) == [
        "cursor", "customer", "limit", "live", "phase", "since", "stuck_for", "where",
    ]  # fmt: skip
    reply = await shop.get("/v1/journeys", model="none")
    assert [each["field"] for each in reply.json()["problems"]] == ["model"]
    assert (await shop.get(f"/v1/customers/{ANNA:016x}/phase", at="then")).status_code == 422


async def test_it_states_what_it_rests_on(shop: World) -> None:
    meta = (await shop.get("/v1/journeys", stuck_for="7d")).json()["meta"]
    assert meta["model"] == "acpl"
    assert meta["conversion"] == "buy"
    assert meta["stuck_for_ms"] == 7 * DAY
    assert meta["now"] == iso(day(100))
    assert meta["gap_days"] == 90
    assert meta["excluded"] == {"bot_touchpoints": 0}
    assert "watermark" in meta
    assert "identity" in meta


async def test_every_format_has_the_same_rows(shop: World) -> None:
    reply = await shop.get("/v1/journeys", format="arrow")
    table = pa.ipc.open_stream(io.BytesIO(reply.content)).read_all()
    rows = await shop.rows("/v1/journeys")
    assert table.column_names == list(rows[0])
    assert table.column("ended_at").to_pylist() == [row["ended_at"] for row in rows]

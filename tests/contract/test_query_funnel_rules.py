"""The examples of docs/semantics.md: basis, filters, segments, percentiles and entries, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from asking.world import DAY, NOON, World, model_of, touchpoint
from reference.journeys import Touch

from etappe.phases import parse_model

HOUR = DAY // 24
SECOND = {"begin": "2026-01-02", "end": "2026-01-03"}


async def counts(world: World, **asked: Any) -> list[int]:
    return [row["count"] for row in await world.rows("/v1/funnel", **asked)]


@pytest.mark.parametrize(
    ("order", "basis", "expected"),
    [
        ("reached", "started", [0, 0, 0]),
        ("reached", "within", [1, 1, 0]),
        ("touched", "within", [0, 1, 0]),
        ("ordered", "within", [0, 0, 0]),
    ],
)
async def test_within_knows_nothing_outside_the_range(
    world: World, order: str, basis: str, expected: list[int]
) -> None:
    """A customer with p1, p2 and p3 on three days, seen from the second."""
    world.add_touches([Touch(1, NOON + n * DAY, n + 1, id=str(n)) for n in range(3)])
    assert await counts(world, order=order, basis=basis, **SECOND) == expected
    first = {"begin": "2026-01-01", "end": "2026-01-02"}
    assert await counts(world, basis="started", **first) == [1, 1, 1]
    assert await counts(world, basis="within", **first) == [1, 0, 0]


async def test_within_begins_window_period_and_value_inside(world: World) -> None:
    world.add_touches(
        [
            Touch(1, NOON + n * DAY, n + 1, id=str(n), channel=c)
            for n, c in enumerate(["email", "store", "ads"])
        ]
    )
    asked = {"basis": "within", "begin": "2026-01-02", "interval": "day", "by": "channel", "window": "23h"}
    rows = await world.rows("/v1/funnel", **asked)
    assert [(row["group"], row["period"], row["count"]) for row in rows] == [
        ("store", "2026-01-02", 1), ("store", "2026-01-02", 1), ("store", "2026-01-02", 0),
    ]  # fmt: skip
    last = await world.rows("/v1/funnel", **{**asked, "touch": "last", "end": "2026-01-03"})
    assert {row["group"] for row in last} == {"store"}


async def test_filters_must_hold_of_one_touchpoint_together(world: World) -> None:
    world.add_touches(
        [Touch(1, NOON, 1, id="a", channel="email"), Touch(1, NOON + 1, 2, id="b", channel="store"),
         Touch(2, NOON, 1, id="c", channel="store")]
    )  # fmt: skip
    assert await counts(world) == [2, 1, 0]
    assert await counts(world, where="channel:eq:store") == [2, 1, 0]
    assert await counts(world, where=["channel:eq:store", "event:eq:p1"]) == [1, 0, 0]
    assert await counts(world, where=["channel:eq:email", "channel:eq:store"]) == [0, 0, 0]
    reply = await world.get("/v1/funnel", where=["channel:eq:store", "value:gt:5"])
    assert reply.json()["meta"]["where"] == [
        {"field": "channel", "op": "eq", "value": "store"}, {"field": "value", "op": "gt", "value": 5},
    ]  # fmt: skip


async def test_every_filter_that_cannot_be_read_is_named(world: World) -> None:
    bad = ["chanel:eq:x", "channel:is:x", "event", "page.path:matches:(", "channel:eq", "value:gt:1e999",
           "channel:contains:", "segment:eq:old", "properties.:eq:1", "channel:exists:no"]  # fmt: skip
    reply = await world.get("/v1/funnel", where=[*bad, "channel:eq:email"])
    assert reply.status_code == 422
    problems = reply.json()["problems"]
    assert [problem["value"] for problem in problems] == bad
    assert {problem["field"] for problem in problems} == {"where"}
    assert "channel (did you mean that?)" in problems[0]["wanted"]
    reply = await world.get("/v1/funnel", where=["channel:eq:email"] * 51)
    assert [problem["wanted"] for problem in reply.json()["problems"]] == ["at most 50 filters"]


async def test_a_journeys_segment_is_what_came_before_it(empty_world: World) -> None:
    world = empty_world
    world.add_build(parse_model(model_of(3).text.replace("conversion: p1", "conversion: p2"), "acpl"))
    days = [(0, 1), (100, 1), (101, 2), (201, 1), (601, 1)]
    world.add_touches([Touch(1, NOON + day * DAY, phase, id=str(day)) for day, phase in days])
    rows = await world.rows("/v1/funnel", by="segment", unit="journey")
    reached = {row["group"]: row["count"] for row in rows if row["position"] == 1}
    assert reached == {"new": 1, "returning": 1, "existing": 1, "lapsed": 1}
    assert {row["group"] for row in await world.rows("/v1/funnel", by="segment")} == {"new"}
    later = await world.rows("/v1/funnel", by="segment", begin="2026-02-01")
    assert {row["group"] for row in later} == {"returning"}
    assert await counts(world, where="segment:eq:returning", begin="2026-02-01") == [1, 1, 0]
    assert await counts(world, where="segment:eq:new", begin="2026-02-01") == [0, 0, 0]
    world.settle(lapsed_days=99.0)
    assert {row["group"] for row in await world.rows("/v1/funnel", by="segment", begin="2026-02-01")} == {
        "lapsed"
    }


async def test_percentiles_of_the_time_between_phases(world: World) -> None:
    """After 1, 2, 3, 4 and 5 hours: the 90th percentile lies 0.6 on the way from 4 to 5."""
    world.add_touches(
        [
            Touch(n, NOON + at * HOUR, phase, id=f"{n}-{phase}")
            for n in range(1, 6)
            for phase, at in ((1, 0), (2, n))
        ]
    )
    first, second, third = await world.rows("/v1/funnel", percentiles="90,0,50")
    assert (second["p90_seconds"], second["p0_seconds"], second["p50_seconds"]) == (
        pytest.approx(16560),
        3600,
        10800,
    )
    assert second["p50_seconds"] == second["median_seconds"]
    assert (first["p90_seconds"], third["p90_seconds"]) == (None, None)
    assert list(second)[-3:] == ["p90_seconds", "p0_seconds", "p50_seconds"]


async def test_entries_are_counted_at_the_first_phase(world: World) -> None:
    journeys = {1: (1, 2), 2: (2, 1, 3), 3: (3,), 4: (0,)}
    world.add_touches(
        [
            Touch(c, NOON + n, phase, id=f"{c}-{n}")
            for c, phases in journeys.items()
            for n, phase in enumerate(phases)
        ]
    )
    for asked in ({}, {"window": "1d"}, {"unit": "journey"}):
        rows = await world.rows("/v1/funnel", entries="true", **asked)
        assert [(row["count"], row["entered"]) for row in rows] == [(3, 1), (3, 1), (2, 1)]


async def test_a_trait_is_the_customers_latest_and_an_experiment_the_touchpoints_own(world: World) -> None:
    """Customer 1 was pro and is free now; variant B was seen on the first touchpoint alone."""
    touches = [Touch(1, NOON, 1, id="a"), Touch(1, NOON + 1, 2, id="b"), Touch(2, NOON, 1, id="c")]
    world.add_journeys_of(touches)
    world.add_touchpoints(
        touchpoint(touches[0], traits='{"plan": "pro", "size": 3}', experiments={"cta": "B"}),
        touchpoint(touches[1], traits='{"plan": "free"}'),
        touchpoint(touches[2], traits='{"plan": "pro"}'),
    )
    for where, expected in (
        (["trait.plan:eq:free"], [1, 1, 0]),
        (["trait.plan:eq:pro"], [1, 0, 0]),
        (["trait.size:gt:2"], [1, 1, 0]),
        (["trait.size:not_exists"], [1, 0, 0]),
        (["experiment.cta:eq:B"], [1, 1, 0]),
        (["experiment.cta:eq:B", "event:eq:P2"], [0, 0, 0]),
        (["trait.plan:eq:free", "event:eq:P2"], [1, 1, 0]),
    ):
        for asked in ({}, {"window": "1d"}, {"unit": "journey"}):
            assert await counts(world, where=where, **asked) == expected, (where, asked)


@pytest.mark.parametrize(
    "where",
    ["properties.'); DROP TABLE touchpoints; --:eq:x", "properties.\0:eq:\0", "trait.`{x:String}`:eq:{x:String}",
     "properties.a:in:" + "," * 900, "experiment.\\:matches:\\\\", "channel:matches:(a{1000}){1000}",
     "event:contains:/*where*/", "properties./*where*/:exists", "value:in:NaN,1e308,-7"],
)  # fmt: skip
async def test_hostile_filters_are_answered_or_refused(world: World, where: str) -> None:
    world.add_touches([Touch(1, NOON, 1, id="a")])
    for path, more in (("/v1/funnel", {"unit": "account"}), ("/v1/funnel/people", {"phase": "p1"})):
        reply = await world.get(path, where=where, **more)
        assert reply.status_code in (200, 422), reply.text
        assert reply.status_code == 422 or not reply.json()["rows"] or path == "/v1/funnel"

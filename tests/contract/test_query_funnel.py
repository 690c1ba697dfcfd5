"""/v1/funnel over HTTP: the worked examples of docs/semantics.md, the formats, and every refusal."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from asking.world import DAY, NOON, World, insert, journey_rows, model_of, touchpoint
from reference.journeys import Touch, journeys_of

from etappe.clock import parse_iso
from etappe.identity_rules import DEFAULT_RULES

HOUR = DAY // 24


def history(customer: int, *phases: int, hours: int = 1, **more: Any) -> list[Touch]:
    """Touchpoints of one customer from noon on, `hours` apart."""
    return [
        Touch(customer, NOON + n * hours * HOUR, phase, id=f"{customer}-{n}", **more)
        for n, phase in enumerate(phases)
    ]


async def counts(world: World, **asked: Any) -> list[int]:
    return [row["count"] for row in await world.rows("/v1/funnel", **asked)]


async def test_the_first_example(world: World) -> None:
    """Three customers: one goes through all phases, one skips the second, one comes no further than the first."""
    world.add_touches([*history(1, 1, 2, 3), *history(2, 1, 3), *history(3, 1, 1)])
    assert await world.rows("/v1/funnel") == [
        {"group": None, "phase": "p1", "position": 1, "count": 3, "rate": 1.0, "step_rate": 1.0,
         "dropped": 1, "median_seconds": None, "average_seconds": None},
        {"group": None, "phase": "p2", "position": 2, "count": 2, "rate": 2 / 3, "step_rate": 2 / 3,
         "dropped": 0, "median_seconds": 3600.0, "average_seconds": 3600.0},
        {"group": None, "phase": "p3", "position": 3, "count": 2, "rate": 2 / 3, "step_rate": 1.0,
         "dropped": 2, "median_seconds": 3600.0, "average_seconds": 3600.0},
    ]  # fmt: skip
    assert await counts(world, order="touched") == [3, 1, 2]
    assert await counts(world, order="ordered") == [3, 1, 1]
    assert await counts(world, order="strict") == [3, 1, 1]


async def test_touched_rates_are_shares_of_those_who_touched_the_other_phase(world: World) -> None:
    """More may touch p2 than p1, and nobody who touched p1 need be among those who touched p3."""
    world.add_touches([*history(1, 1, 2), *history(2, 2, 3), *history(3, 2), *history(4, 3)])
    wanted = [(1, 1.0, 1.0), (3, 1.0, 1.0), (2, 0.0, 1 / 3)]
    for asked in ({}, {"window": "30d"}, {"unit": "journey"}):
        rows = await world.rows("/v1/funnel", order="touched", **asked)
        assert [(row["count"], row["rate"], row["step_rate"]) for row in rows] == wanted, asked


async def test_a_step_back_ends_a_strict_journey(world: World) -> None:
    world.add_touches([*history(1, 1, 2, 1, 3), *history(2, 2, 1, 3)])
    assert await counts(world, order="reached") == [2, 2, 2]
    assert await counts(world, order="ordered") == [2, 1, 1]
    assert await counts(world, order="strict") == [2, 1, 0]


async def test_equal_times_count_in_either_order(world: World) -> None:
    world.add_touches([Touch(1, NOON, 2, id="a"), Touch(1, NOON, 1, id="b")])
    assert await counts(world, order="strict") == [1, 1, 0]


async def test_the_window_includes_its_end(world: World) -> None:
    world.add_touches(history(1, 1, 2, 3, hours=24))
    assert await counts(world, window="1d") == [1, 1, 0]
    assert await counts(world, window="2d", order="ordered") == [1, 1, 1]
    assert await counts(world, window="86399999ms") == [1, 0, 0]


async def test_units_count_journeys_customers_and_accounts(world: World) -> None:
    later = NOON + 200 * DAY
    world.add_touches(
        [
            Touch(1, NOON, 1, id="a", account="acme"),
            Touch(1, later, 2, id="b"),
            Touch(2, NOON, 3, id="c", account="acme"),
            Touch(3, NOON, 1, id="d"),
        ]
    )
    assert await counts(world, unit="journey") == [4, 2, 1]
    assert await counts(world, unit="customer") == [3, 2, 1]
    assert await counts(world, unit="account") == [1, 1, 1]


async def test_a_journey_counts_for_the_account_that_the_customer_belonged_to(world: World) -> None:
    """Of somebody who changed company each gets what was done while there, and of a funnel's order only that."""
    world.add_touches(
        [
            Touch(1, NOON, 1, id="a", channel="email"),
            Touch(1, NOON + 1, 2, id="b", account="acme", properties={"plan": "free"}),
            Touch(1, NOON + DAY, 3, id="c", account="bolt", channel="store", properties={"plan": "pro"}),
        ]
    )
    assert await counts(world, unit="account") == [2, 2, 1]
    assert await counts(world, unit="account", order="touched") == [1, 1, 1]
    assert await counts(world, unit="account", order="ordered") == [1, 1, 0]
    assert await counts(world, unit="account", begin="2026-01-02") == [1, 1, 1]
    for by in ("channel", "property:plan", "first_channel"):
        rows = await world.rows("/v1/funnel", unit="account", by=by)
        groups = ["free", "pro"] if by == "property:plan" else ["email", "store"]
        assert [(row["group"], row["count"]) for row in rows] == [
            (groups[0], 1), (groups[0], 1), (groups[0], 0), (groups[1], 1), (groups[1], 1), (groups[1], 1),
        ]  # fmt: skip


async def test_a_journey_is_in_the_range_by_its_first_touchpoint(world: World) -> None:
    world.add_touches([*history(1, 1, 2, hours=24), Touch(2, NOON + DAY, 1, id="x")])
    assert await counts(world, begin="2026-01-01", end="2026-01-02") == [1, 1, 0]
    assert await counts(world, begin="2026-01-02", end="2026-01-03") == [1, 0, 0]


async def test_groups_are_sorted_with_the_valueless_first_and_have_all_phases(world: World) -> None:
    world.add_touches([*history(1, 1, 2, channel="email"), *history(2, 3), *history(3, 1, channel="ads")])
    rows = await world.rows("/v1/funnel", by="channel")
    assert [(row["group"], row["position"], row["count"]) for row in rows] == [
        (None, 1, 1), (None, 2, 1), (None, 3, 1),
        ("ads", 1, 1), ("ads", 2, 0), ("ads", 3, 0),
        ("email", 1, 1), ("email", 2, 1), ("email", 3, 0),
    ]  # fmt: skip


async def test_periods_are_days_of_the_workspace(world: World) -> None:
    """Noon UTC on 1 January is already 2 January in Kiritimati (+14)."""
    world.settle(time_zone="Pacific/Kiritimati")
    world.add_touches(history(1, 1))
    rows = await world.rows("/v1/funnel", interval="day")
    assert {row["period"] for row in rows} == {"2026-01-02"}
    assert {row["period"] for row in await world.rows("/v1/funnel", interval="month")} == {"2026-01-01"}
    assert {row["period"] for row in await world.rows("/v1/funnel", interval="week")} == {"2025-12-29"}


@pytest.mark.parametrize(
    ("zone", "day", "week", "month"),
    [
        ("UTC", "1970-01-01", "1969-12-29", "1970-01-01"),
        ("America/New_York", "1969-12-31", "1969-12-29", "1969-12-01"),
    ],
)
async def test_a_period_may_begin_before_1970(
    world: World, zone: str, day: str, week: str, month: str
) -> None:
    """The earliest touchpoint there can be, on a Thursday."""
    world.settle(time_zone=zone)
    world.add_touches([Touch(1, 0, 1, id="first")])
    for interval, period in (("day", day), ("week", week), ("month", month)):
        rows = await world.rows("/v1/funnel", interval=interval)
        assert {row["period"] for row in rows} == {period}
        people = await world.rows("/v1/funnel/people", interval=interval, period=period, phase="p1")
        assert [each["customer"] for each in people] == ["0000000000000001"]


@pytest.mark.parametrize(
    ("day", "begins", "over"),
    [
        ("2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"),
        ("2025-10-26", "2025-10-25T22:00:00.000Z", "2025-10-26T23:00:00.000Z"),
    ],
)
async def test_a_day_of_23_or_25_hours_is_one_day(world: World, day: str, begins: str, over: str) -> None:
    world.settle(time_zone="Europe/Zurich")
    edges = [parse_iso(begins) - 1, parse_iso(begins), parse_iso(over) - 1, parse_iso(over)]
    world.add_touches([Touch(n, at, 1, id=f"e{n}") for n, at in enumerate(edges, 1)])
    rows = await world.rows("/v1/funnel", interval="day")
    assert [row["count"] for row in rows if row["position"] == 1] == [1, 2, 1]
    assert [row["count"] for row in rows if row["period"] == day and row["position"] == 1] == [2]


async def test_a_value_of_a_touchpoint_groups_the_customer_it_belongs_to(world: World) -> None:
    """Device 7 belonged to customer 1 until noon, since then to customer 2."""
    world.add_journeys_of([Touch(1, NOON - HOUR, 1, id="a"), Touch(2, NOON + HOUR, 2, id="b")])
    world.add_touchpoints(
        touchpoint(Touch(7, NOON - HOUR, 1, id="a", properties={"plan": "free"})),
        touchpoint(Touch(7, NOON + HOUR, 2, id="b", properties={"plan": "pro"})),
    )
    world.insert("identities", [{"identifier": 7, "type": "device_id", "since": [-(1 << 62), NOON],
                                 "customer": [1, 2], "version": 1}])  # fmt: skip
    rows = await world.rows("/v1/funnel", by="property:plan")
    assert [(row["group"], row["count"]) for row in rows if row["position"] == 2] == [("free", 0), ("pro", 1)]


async def test_properties_traits_and_experiments_make_groups(world: World) -> None:
    world.add_journeys_of(history(1, 1, 2))
    first, second = history(1, 1, 2)
    world.add_touchpoints(
        touchpoint(first, traits='{"plan": "free"}', properties='{"cart": {"size": 2}}'),
        touchpoint(second, traits='{"plan": "pro"}', properties='{"cart": {"size": true}}',
                   experiments={"button": "B"}),
    )  # fmt: skip
    for by, touch, value in [
        ("trait:plan", "first", "pro"),
        ("property:cart.size", "first", "2"),
        ("property:cart.size", "last", "true"),
        ("experiment:button", "first", "B"),
        ("property:absent", "first", None),
    ]:
        rows = await world.rows("/v1/funnel", by=by, touch=touch)
        assert {row["group"] for row in rows} == {value}, by


async def test_no_customers_are_a_funnel_of_zeros(world: World) -> None:
    rows = await world.rows("/v1/funnel")
    assert [(row["count"], row["rate"], row["step_rate"]) for row in rows] == [(0, 0.0, 0.0)] * 3
    assert await counts(world, by=None, window="1d") == [0, 0, 0]


async def test_meta_states_the_rules_and_what_was_left_out(world: World) -> None:
    world.add_touches([*history(1, 1), *history(2, 0)])
    world.add_touchpoints(touchpoint(Touch(3, NOON, 1), bot=True))
    world.insert("progress", [{"partition": 0, "position": 5, "stamp": NOON + 7, "identity_version": 9}])
    reply = (await world.get("/v1/funnel", window="30d", begin="2026-01-01", unit="account")).json()
    meta = reply["meta"]
    assert meta == {
        "model": "acpl", "model_version": model_of(3).version, "build": 1, "order": "reached",
        "unit": "account", "window_ms": 30 * DAY, "basis": "started", "by": None, "where": [], "touch": "first",
        "interval": None, "time_zone": "UTC", "ties": "touchpoints of equal time count in either order",
        "conversion": model_of(3).conversion, "gap_days": world.workspace.gap_days,
        "lapsed_days": world.workspace.lapsed_days,
        "from": "2026-01-01T00:00:00.000Z", "to": None, "identity_version": 9,
        "watermark": {"journeys": "2026-01-01T12:00:00.007Z"},
        "identity": {"generation": 0, "rules": DEFAULT_RULES.version, "known_until": None},
        "excluded": {"unmapped": 0, "bot_touchpoints": 1, "without_account": 2},
    }  # fmt: skip
    assert (await world.get("/v1/funnel")).json()["meta"]["excluded"] == {
        "unmapped": 1,
        "bot_touchpoints": 1,
    }


async def test_all_formats_carry_the_same_rows(world: World) -> None:
    world.add_touches(history(1, 1, 2, channel='é-mail, "weekly"'))
    reply = (await world.get("/v1/funnel", by="channel")).json()
    rows, meta = reply["rows"], reply["meta"]
    for name in ("ndjson", "arrow", "parquet", "csv"):
        other = await world.get("/v1/funnel", by="channel", format=name)
        assert json.loads(other.headers["x-etappe-meta"]) == meta
        assert _read(name, other.content) == (rows if name != "csv" else _as_text(rows)), name


def _read(name: str, content: bytes) -> list[dict[str, Any]]:
    if name == "ndjson":
        return [json.loads(line) for line in content.splitlines()]
    if name == "arrow":
        return list(pyarrow.ipc.open_stream(content).read_all().to_pylist())
    if name == "parquet":
        return list(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist())
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def _as_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


async def test_the_format_may_come_by_accept(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.tokens['admin']}", "Accept": "text/csv, */*;q=0.1"}
    reply = await world.client.get("/v1/funnel", headers=headers)
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.text.startswith("group,phase,position,count,rate,step_rate,dropped,median_seconds,average_s")


async def test_every_problem_of_a_question_is_named(world: World) -> None:
    reply = await world.get(
        "/v1/funnel", model="nope", begin="2026-02-01", end="2026-01-01", order="sideways", window="1 month",
        colour="red", by="shoe", limit="3", basis="sometimes", format="xls", after="x", timeout="-1", interval="year",
        unit="planet", touch="middle", where="a:eq:b",
    )  # fmt: skip
    assert reply.status_code == 422
    assert {problem["field"] for problem in reply.json()["problems"]} == {
        "model", "to", "order", "window", "colour", "by", "limit", "basis", "format", "after", "timeout",
        "interval", "unit", "touch", "where",
    }  # fmt: skip


async def test_an_unknown_model_names_the_known_ones(world: World) -> None:
    world.add_build(model_of(2, "aida"), 2)
    world.add_build(model_of(2, "half"), 3, "filling")
    (problem,) = (await world.get("/v1/funnel", model="half")).json()["problems"]
    assert problem == {
        "field": "model",
        "value": "half",
        "wanted": "one of the active phase models acpl, aida",
    }


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("nonsense", 401), ("write", 403), ("secret", 403), ("admin", 200)]
)
async def test_only_read_and_admin_tokens_may_ask(world: World, token: str, status: int) -> None:
    """And who may not ask learns nothing of what is wrong with the question."""
    asked = {} if status == 200 else {"order": "sideways"}
    assert (await world.get("/v1/funnel", token=token, **asked)).status_code == status


async def test_a_tombstone_does_not_count(world: World) -> None:
    world.add_touches([*history(1, 1), *history(2, 1)])
    world.insert("journeys", [{"build": 1, "customer": 2, "version": 2, "gone": True}])
    assert await counts(world) == [1, 0, 0]


async def test_another_workspace_does_not_count(world: World) -> None:
    insert(world.write, "other", "journeys", journey_rows(journeys_of(history(1, 1), DAY), 3))
    assert await counts(world) == [0, 0, 0]
    assert await counts(world, by=None, unit="journey") == [0, 0, 0]

"""The people behind a number are as many as the number says, in every mode, and they are the right ones."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from asking.fixtures import Tables
from asking.funnel import people
from asking.world import DAY, NOON, World, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch
from reference.phase_funnel import Asked, Unit
from test_query_funnel_reference import BUILD, Crowd, crowds, questions, stored, units_of

from etappe.clock import iso
from query_api import people as lists
from query_api.identity.names import hex_of

HOUR = DAY // 24


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(crowd=crowds, asked=st.lists(questions, min_size=4, max_size=4), seed=st.integers(0, 1000))
def test_every_number_opens_as_the_people_it_counts(
    tables: Tables, crowd: Crowd, asked: list[Asked], seed: int
) -> None:
    """Reached and dropped, per group, period and phase, page by page."""
    _, session, _ = tables
    workspace = stored(session, crowd)
    chance = random.Random(seed)
    for each in [Asked(), *asked]:
        zoned = replace(workspace, time_zone=each.time_zone)
        counted = [unit for unit in units_of(crowd, each) if any(j.furthest for j in unit.journeys)]
        cells = sorted({(unit.group or "" if each.by else None, unit.period) for unit in counted}, key=str)
        for group, period in [(None, None), *chance.sample(cells, min(2, len(cells)))]:
            k, state = chance.randint(1, 3), chance.choice(["reached", "dropped"])
            wanted = [unit for unit in counted if in_cell(unit, group, period, k, state)]
            cell = {
                "phase": f"p{k}",
                "state": state,
                "group": group,
                "period": period,
            }
            found = people(session, zoned, BUILD, each, cell, limit=chance.choice([None, 150]))
            assert found == [row_of(unit, k, each) for unit in by_place(wanted, k)], (each, cell)


def in_cell(unit: Unit, group: str | None, period: str | None, phase: int, state: str) -> bool:
    there = unit.counts_at(phase) if state == "reached" else unit.depth == phase
    return there and group in (None, unit.group or "") and period in (None, unit.period)


def by_place(counted: Sequence[Unit], phase: int) -> list[Unit]:
    """Latest first, then by customer and journey."""

    def place(unit: Unit) -> Any:
        at, customer, share = unit.arrived(phase)
        return -at, customer, number(unit, phase), share.account

    return sorted(counted, key=place)


def number(unit: Unit, phase: int) -> int:
    return unit.arrived(phase)[2].number


def row_of(unit: Unit, phase: int, asked: Asked) -> dict[str, Any]:
    at, customer, share = unit.arrived(phase)
    account = {"account": share.account} if asked.unit == "account" else {}
    last = unit.last
    return {**account, "customer": hex_of(customer), "journey": share.number, "reached_at": iso(at),
            "last_at": iso(last.at), "last_event": f"P{last.phase}", "channel": last.channel or None}  # fmt: skip


async def test_one_row_a_customer_with_what_they_did_last(world: World) -> None:
    """Customer 1 reaches p2 in the second journey, by a device that is theirs; customer 2 has no second phase."""
    world.add_journeys_of(
        [
            Touch(1, NOON, 1, id="a"),
            Touch(1, NOON + 200 * DAY, 2, id="b", channel="store"),
            Touch(2, NOON, 1, id="c"),
        ]
    )
    world.add_touchpoints(
        touchpoint(Touch(1, NOON, 1, id="a")),
        touchpoint(Touch(7, NOON + 200 * DAY, 2, id="b", channel="store")),
        touchpoint(Touch(2, NOON, 1, id="c")),
    )
    theirs = {
        "identifier": 7,
        "type": "device_id",
        "since": [-(1 << 62)],
        "customer": [1],
        "members": [],
        "version": 1,
    }
    own = {**theirs, "identifier": 1, "type": "user_id", "members": [1, 7]}
    world.insert("identities", [theirs, own])
    rows = await world.rows("/v1/funnel/people", phase="p2")
    reached = iso(NOON + 200 * DAY)
    assert rows == [{"customer": "0000000000000001", "journey": 2, "reached_at": reached, "last_at": reached,
                     "last_event": "P2", "channel": "store"}]  # fmt: skip
    dropped = await world.rows("/v1/funnel/people", phase="p1", state="dropped")
    assert [row["customer"] for row in dropped] == ["0000000000000002"]


async def test_stuck_are_those_who_dropped_and_did_nothing_since(world: World) -> None:
    world.now = NOON + 10 * DAY
    world.add_touches(
        [
            Touch(1, NOON, 1, id="a"),
            Touch(2, NOON, 1, id="b"),
            Touch(2, NOON + 5 * DAY, 0, id="c"),
            Touch(3, NOON, 2, id="d"),
        ]
    )
    asked = {"phase": "p1", "state": "dropped"}
    assert len(await world.rows("/v1/funnel/people", **asked)) == 2
    rows = await world.rows("/v1/funnel/people", stuck_for="7d", **asked)
    assert [row["customer"][-1] for row in rows] == ["1"]
    assert len(await world.rows("/v1/funnel/people", stuck_for="10d", **asked)) == 1
    assert await world.rows("/v1/funnel/people", stuck_for="241h", **asked) == []


async def test_a_long_list_is_told_in_groups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What everybody did last is looked up for some at a time, as the list is written."""
    touches = [Touch(n, NOON + n * HOUR, 1, id=str(n), channel=f"c{n}") for n in range(1, 10)]
    world.add_touches(touches)
    whole = await world.rows("/v1/funnel/people", phase="p1")
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    assert await world.rows("/v1/funnel/people", phase="p1") == whole
    assert [row["channel"] for row in whole] == [touch.channel for touch in reversed(touches)]
    body = {"steps": [{"event": "P1"}], "step": 1}
    reply = await world.send("POST", "/v1/funnel/steps/people", body, token="read", format="ndjson")
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert [(row["channel"], row["last_event"]) for row in rows] == [(row["channel"], "P1") for row in whole]


async def test_pages_follow_each_other(world: World) -> None:
    world.add_touches([Touch(n, NOON + n // 3 * HOUR, 1, id=str(n)) for n in range(1, 12)])
    seen, cursor = [], None
    while True:
        reply = (await world.get("/v1/funnel/people", phase="p1", limit=4, cursor=cursor)).json()
        seen += [int(row["customer"], 16) for row in reply["rows"]]
        cursor = reply["meta"]["next"]
        if cursor is None:
            break
    assert seen == [9, 10, 11, 6, 7, 8, 3, 4, 5, 1, 2]


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"phase"}),
        ({"phase": "p9"}, {"phase"}),
        ({"phase": "p1", "group": "x", "period": "2026-01-01"}, {"group", "period"}),
        ({"phase": "p1", "stuck_for": "7d"}, {"stuck_for"}),
        ({"phase": "p1", "cursor": "ééé", "state": "gone", "limit": "0"}, {"cursor", "state", "limit"}),
        ({"phase": "p1", "percentiles": "50"}, {"percentiles"}),
    ],
)
async def test_what_cannot_be_asked(world: World, asked: dict[str, str], fields: set[str]) -> None:
    reply = await world.get("/v1/funnel/people", **asked)
    assert (reply.status_code, {each["field"] for each in reply.json()["problems"]}) == (422, fields)

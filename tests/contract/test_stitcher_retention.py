"""Touchpoints that are too old leave the facts and every answer; identities stay, and so does everything younger."""

from __future__ import annotations

import pytest
from reference.journeys import journeys_of
from stitching.world import (
    GAP,
    Dying,
    Event,
    Killed,
    Rows,
    World,
    assert_journeys,
    identities_of,
    rows_of,
    touches_of,
)

from etappe.changes import Expire
from etappe.warehouse import Session
from stitcher.retention import DAY_MS, due

BEFORE = 20


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def session(request: pytest.FixtureRequest) -> Session:
    """Either engine."""
    session: Session = request.getfixturevalue(request.param)
    return session


EVENTS = [
    Event(1, "a1", 1),
    Event(2, "u1", 5, "P2"),
    Event(3, "u1 a1", 12, "P3"),
    Event(4, "a1", 19),
    Event(5, "u1", 20, "P2"),
    Event(6, "a1", 41, "P3"),
    Event(7, "u2", 3, "P3"),  # nothing younger: the customer is gone
    Event(8, "e2 u2", 4),
    Event(9, "a3", 25),
    Event(10, "u3 a2", 8, "P2"),
    Event(11, "u1 a2", 30, "P2"),  # a device that two people used
    Event(12, "a2", 35, "P3"),
]


def told(session: Session) -> World:
    world = World(session)
    for event in EVENTS:
        world.take(event)
    return world


def let_go(world: World, before: int = BEFORE) -> None:
    world.changes.append(Expire(world.name, before, 1_000))


def wanted(before: int = BEFORE) -> Rows:
    """What the references say of the younger touchpoints, by identities that know the older ones' links too."""
    touchpoints = [each.touchpoint("") for each in EVENTS]
    identities = identities_of(touchpoints)
    young = [each for each in touchpoints if each.at >= before]
    return rows_of(journeys_of(touches_of(young, identities), GAP))


def test_journeys_are_those_of_the_younger_touchpoints(session: Session) -> None:
    world = told(session)
    identities = world.identities()
    let_go(world)
    world.drain()
    assert_journeys(world, wanted())
    assert world.count("touchpoints") == sum(1 for each in EVENTS if each.at >= BEFORE) == 5
    assert world.identities() == identities
    assert world.count("erasing") == 0


def test_what_comes_later_and_a_second_order_find_the_same_people(session: Session) -> None:
    world = told(session)
    let_go(world)
    world.drain()
    late = Event(13, "e2", 2)  # too old already, and gone with the next order
    world.take(late)
    let_go(world, BEFORE + 1)
    world.drain()
    assert_journeys(world, wanted(BEFORE + 1))


def test_a_replay_of_the_log_over_empty_tables_ends_the_same(session: Session) -> None:
    world = told(session)
    let_go(world)
    world.drain()
    before = world.journeys()
    for table in ("touchpoints", "receipts", "links", "identities", "journeys", "retentions"):
        session.execute(f"DELETE FROM {table} WHERE workspace = {{w:String}}", {"w": world.name})
    world.applied = world.normalised = 0
    changes, world.changes = world.changes, []
    world.normalise(len(world.records))
    world.changes = changes
    world.start()
    world.drain()
    assert world.journeys() == before


@pytest.mark.parametrize("write", range(1, 12))
def test_a_death_at_any_write_changes_nothing(session: Session, write: int) -> None:
    world = told(session)
    let_go(world)
    dying = Dying(session, write)
    try:
        world.apply(1, dying)
        while world.writer.fill(dying):  # type: ignore[arg-type]  # a session that dies
            pass
    except Killed:
        world.applied = len(world.changes) - 1
    world.start()
    world.drain()
    assert_journeys(world, wanted())
    assert world.count("erasing") == 0


def test_days_are_whole_and_a_day_too_many_at_most() -> None:
    now = 1_000 * DAY_MS + 5_000
    assert due(now, 30) == 970 * DAY_MS
    assert due(now, 0.5) == 999 * DAY_MS
    assert due(1_000 * DAY_MS, 30) == 970 * DAY_MS

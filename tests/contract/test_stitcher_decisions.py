"""Decisions: two identifiers are held apart or one is banned, history and all; taken back, everything is as it was."""

from __future__ import annotations

import pytest
from stitching.decided import expected_under
from stitching.links import key
from stitching.world import Dying, Event, Killed, World, assert_as_expected, assert_grouped, assert_journeys

from etappe.warehouse import Session

SHOP = [
    Event(1, "a1", 10),
    Event(2, "u1 e1 a1", 20, "P2"),
    Event(3, "u1 e1 p1 a1 d1", 25, "P3"),
    Event(4, "e1 p2", 40),
    Event(5, "a1", 45, "P2"),
    Event(6, "u2 a2", 50),
    Event(7, "u1 a2", 60, "P2"),
    Event(8, "u1", 70, "P3"),
    Event(9, "a2", 80),
]
"""u1 leads most events; what these say without it is that e1, p1, a1 and d1 are one."""


@pytest.fixture
def world(session: Session) -> World:
    world = World(session)
    world.take(*SHOP)
    return world


def views(world: World) -> tuple[object, object]:
    return world.identities(), world.journeys()


def test_a_link_that_is_held_apart_joins_nobody(world: World) -> None:
    world.hold_apart("d1", "e1", "p2")
    world.drain()
    assert_journeys(world, expected_under(SHOP, apart=[("e1", "p2")]))
    assert key("p2") in {row["customer"][0] for row in world.identities().values()}


def test_a_link_that_is_held_apart_stays_so_when_it_is_sent_again(world: World) -> None:
    world.hold_apart("d1", "p2", "e1")
    world.drain()
    more = [Event(20, "e1 p2", 90), Event(21, "p2", 95, "P3")]
    world.take(*more)
    assert_journeys(world, expected_under([*SHOP, *more], apart=[("e1", "p2")]))


def test_a_login_that_is_held_apart_gives_the_device_to_nobody(world: World) -> None:
    world.hold_apart("d1", "a2", "u1")
    world.drain()
    assert_journeys(world, expected_under(SHOP, apart=[("a2", "u1")]))


@pytest.mark.parametrize("who", ["u1", "e1", "a1", "a2", "p1", "d1", "u2"])
def test_a_banned_identifier_is_as_if_no_event_had_named_it(world: World, who: str) -> None:
    world.ban("d1", who)
    world.drain()
    assert_grouped(world, expected_under(SHOP, banned=[who]))


@pytest.mark.parametrize("who", ["u1", "e1", "a1"])
def test_what_comes_after_a_ban_is_read_without_it_as_well(world: World, who: str) -> None:
    world.ban("d1", who)
    world.drain()
    more = [Event(20, "u1 e1 p3 a3", 90, "P2"), Event(21, "u1 a1", 91, "P3"), Event(22, "a3", 95)]
    world.take(*more)
    assert_grouped(world, expected_under([*SHOP, *more], banned=[who]))


@pytest.mark.parametrize("is_first", [True, False], ids=["ban first", "ban last"])
@pytest.mark.parametrize(
    "events",
    [
        [Event(1, "u1 e1", 5, former="a1", stamp=1), Event(2, "a1", 6, stamp=2)],
        [Event(1, "u2 e1", 12, former="=1", stamp=2), Event(2, "u1 a1", 6, stamp=5), Event(3, "a1", 13, stamp=6)],
        [Event(1, "u2 e1", 12, former="=1", stamp=2), Event(2, "e2 a1", 6, stamp=6), Event(3, "a1", 13, stamp=6)],
    ],
    ids=["of the banned", "of a user or a device", "of a device that has a user"],
)  # fmt: skip
def test_a_former_id_is_the_next_bests_whether_the_ban_or_the_event_comes_first(
    session: Session, events: list[Event], is_first: bool
) -> None:
    """It is no login: what it names is not an identifier of its event."""
    world = World(session)
    if is_first:
        world.ban("d1", "u1")
        world.drain()
    world.take(*events)
    if not is_first:
        world.ban("d1", "u1")
        world.drain()
    assert_grouped(world, expected_under(events, banned=["u1"]))


def test_several_bans_at_once(world: World) -> None:
    for number, who in enumerate(["u1", "e1", "a1"]):
        world.ban(f"d{number}", who)
    world.drain()
    assert_grouped(world, expected_under(SHOP, banned=["u1", "e1", "a1"]))
    world.take_back("d1")
    world.drain()
    assert_grouped(world, expected_under(SHOP, banned=["u1", "a1"]))


@pytest.mark.parametrize("who", ["u1", "e1", "a1", "a2"])
def test_a_ban_taken_back_leaves_everything_as_it_was(world: World, who: str) -> None:
    before = views(world)
    world.ban("d1", who)
    world.drain()
    assert views(world) != before
    world.take_back("d1")
    world.drain()
    assert views(world) == before


def test_an_order_makes_another_version_of_the_identities_that_reaches_as_far(world: World) -> None:
    seen = [versions(world)]
    for order in (lambda: world.hold_apart("d1", "u1", "e1"), lambda: world.take_back("d1")):
        order()
        world.drain()
        seen.append(versions(world))
    positions, numbers = zip(*seen, strict=True)
    assert len(set(positions)) == 1
    assert list(numbers) == sorted(set(numbers))


def versions(world: World) -> tuple[int, int]:
    """How far the answers reach, and by which version of the identities."""
    sql = "SELECT max(position), max(identity_version) FROM progress FINAL WHERE workspace = {w:String}"
    ((position, version),) = world.session.rows(sql, {"w": world.name})
    return position, version


def test_a_split_taken_back_leaves_everything_as_it_was(world: World) -> None:
    before = views(world)
    world.hold_apart("d1", "e1", "p2")
    world.drain()
    assert views(world) != before
    world.take_back("d1")
    world.drain()
    assert views(world) == before


def test_what_came_while_it_held_counts_once_it_is_taken_back(world: World) -> None:
    world.ban("d1", "u1")
    world.hold_apart("d2", "e1", "p2")
    world.drain()
    more = [Event(20, "u1 e4", 90), Event(21, "e4 p2", 91, "P3"), Event(22, "u1 a4", 92), Event(23, "a4", 93)]
    world.take(*more)
    world.take_back("d1")
    world.take_back("d2")
    world.drain()
    assert_as_expected(world, [*SHOP, *more])


def test_a_rebuild_keeps_decisions(world: World) -> None:
    world.ban("d1", "u1")
    world.hold_apart("d2", "e1", "p2")
    world.drain()
    before = views(world)
    world.rebuild(lost=True)
    assert views(world) == before


def test_another_owner_of_the_workspace_holds_by_them(world: World) -> None:
    world.ban("d1", "u1")
    world.drain()
    world.start()
    more = [Event(20, "u1 e1 a5", 90), Event(21, "a5", 91)]
    world.take(*more)
    assert_grouped(world, expected_under([*SHOP, *more], banned=["u1"]))


def test_a_replay_of_decisions_changes_nothing(world: World) -> None:
    world.ban("d1", "u1")
    world.take_back("d1")
    world.hold_apart("d2", "e1", "p2")
    world.drain()
    before = views(world)
    world.applied = 0
    world.start()
    world.apply(len(world.changes))
    assert views(world) == before


def test_to_take_back_what_was_never_decided_changes_nothing(world: World) -> None:
    before = views(world)
    world.take_back("nothing")
    world.drain()
    assert views(world) == before


@pytest.mark.parametrize("write", range(1, 12))
def test_a_death_while_a_ban_is_applied_is_made_good(world: World, write: int) -> None:
    world.ban("d1", "u1")
    applied = world.applied
    try:
        world.apply(1, Dying(world.session, write))
    except Killed:
        world.applied = applied
        world.start()
        world.apply(1)
    assert_grouped(world, expected_under(SHOP, banned=["u1"]))


def test_an_identifier_refused_a_thousand_times_is_banned(session: Session) -> None:
    world = World(session)
    world.take(*(Event(n, f"u{n} e1", n, "P1") for n in range(1, 1001)))
    sql = "SELECT id, toString(kind), a, asked_by FROM decisions FINAL WHERE workspace = {w:String}"
    assert session.rows(sql, {"w": world.name}) == []
    world.take(Event(1001, "u1001 e1", 1001))
    ((_, kind, who, by),) = session.rows(sql, {"w": world.name})
    assert (kind, who, by) == ("ban", key("e1"), "refused too often")
    assert len(world.journeys()) == 1001
    assert world.identities()[key("e1")]["customer"] == [key("e1")]

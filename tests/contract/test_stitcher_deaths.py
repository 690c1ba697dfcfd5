"""Deaths, replays and late writers: whatever is done again, and by whom, changes no answer."""

from __future__ import annotations

import pytest
from stitching.links import key
from stitching.world import Dying, Event, Killed, Rows, World, assert_as_expected

from etappe.warehouse import Session
from stitcher.writer import Writer

BEFORE = [
    Event(1, "a1", 1),
    Event(2, "u1", 2),
    Event(3, "e1", 3, "P2"),
    Event(4, "u3 a2", 5),
    Event(5, "u1 a2", 15, "P2"),
    Event(6, "a2", 26, "P3"),
    Event(7, "a9", 4),
    Event(8, "u4", 9, former="=9"),
]
"""Customers a1, u1, e1, u3, and u4 who holds a9 by an alias; a2 is u3's, then u1's."""

AFTER = [
    Event(11, "u1 e1", 30, "P3"),  # merges two customers
    Event(12, "u1 a1", 32),  # and a device with its anonymous time
    Event(13, "u2 a2", 20, "P2"),  # a late login takes time from u1
    Event(14, "u2 p2", 33),
    Event(15, "u9", 34),  # the former id of the alias turns out to be a user
    Event(16, "u5 a2", 25),  # and another takes time from u2
    Event(17, "a2", 27),
]


def prepared(session: Session) -> World:
    world = World(session)
    world.take(*BEFORE)
    world.log(AFTER)
    return world


def views(world: World) -> tuple[Rows, Rows]:
    return world.identities(), world.journeys()


@pytest.fixture(scope="module")
def undisturbed(session: Session) -> tuple[Rows, Rows]:
    world = prepared(session)
    world.drain()
    assert_as_expected(world, [*BEFORE, *AFTER])
    return views(world)


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_death_after_any_write_of_normalise_changes_nothing(
    session: Session, undisturbed: tuple[Rows, Rows], write: int
) -> None:
    """Its writes: spares, receipts, touchpoints, names."""
    world = prepared(session)
    with pytest.raises(Killed):
        world.normalise(len(AFTER), Dying(session, write))
    for _ in range(3):
        world.normalise(3)
    world.drain()
    assert views(world) == undisturbed
    assert world.count("touchpoints") == world.count("receipts") == len(BEFORE) + len(AFTER)


@pytest.mark.parametrize("again_in", [3, 100], ids=["in threes", "at once"])
@pytest.mark.parametrize("write", range(1, 6))
def test_a_death_after_any_write_of_a_group_of_changes_is_made_good_by_the_next_owner(
    session: Session, undisturbed: tuple[Rows, Rows], write: int, again_in: int
) -> None:
    """Its writes: links, identities, spans, journeys, progress; the next owner may cut the changes otherwise."""
    world = prepared(session)
    for _ in AFTER:
        world.normalise(1)
    with pytest.raises(Killed):
        world.apply(len(AFTER), Dying(session, write))
    world.start()
    while world.applied < len(world.changes):
        world.apply(again_in)
    assert views(world) == undisturbed


def test_a_group_has_five_writes(session: Session) -> None:
    """So the tests above meet a death at each of them."""
    world, counted = prepared(session), Dying(session)
    world.normalise(len(AFTER))
    world.apply(1, counted)
    assert counted.writes == 5


def test_what_failed_half_way_is_done_again_by_the_same_owner(
    session: Session, undisturbed: tuple[Rows, Rows]
) -> None:
    world = prepared(session)
    world.normalise(len(AFTER))
    for write in range(1, 5):
        with pytest.raises(Killed):
            world.apply(1, Dying(session, write))
    world.apply(1)
    assert views(world) == undisturbed


def test_a_death_at_every_group_loses_and_doubles_nobody(
    session: Session, undisturbed: tuple[Rows, Rows]
) -> None:
    """Each owner dies between identities and journeys, and the next one gets further by one change."""
    world = prepared(session)
    for _ in AFTER:
        world.normalise(1)
    first = world.applied
    for done in range(len(AFTER)):
        with pytest.raises(Killed):
            world.apply(len(AFTER) - done, Dying(session, 2))
        world.applied = first + done
        world.start()
        world.apply(1)
    assert views(world) == undisturbed


def test_what_later_changes_took_from_a_customer_is_folded_though_earlier_ones_already_know_it(
    session: Session,
) -> None:
    """The replay of the first change reads the second one's login among the facts, and does not fold for it."""
    world = World(session)
    before = [Event(1, "u4 a1", 25), Event(2, "a1", 35, "P2")]
    world.take(*before)
    after = [Event(3, "u1 a1", 10), Event(4, "u2 a2", 11), Event(5, "u2 a1", 30)]
    world.log(after)
    world.normalise(2)
    world.normalise(1)
    with pytest.raises(Killed):
        world.apply(2, Dying(session, 2))
    world.start()
    world.apply(1)
    world.apply(1)
    assert_as_expected(world, [*before, *after])


def test_a_customer_merged_away_by_a_dead_owner_gets_its_tombstone_from_the_next(session: Session) -> None:
    world = World(session)
    world.take(Event(1, "u1", 1), Event(2, "e1", 2))
    assert world.journeys().keys() == {key("u1"), key("e1")}
    world.log([Event(3, "u1 e1", 3)])
    world.normalise(1)
    with pytest.raises(Killed):
        world.apply(1, Dying(session, 2))  # the identities say one customer, the journeys still two
    world.start()
    world.drain()
    assert world.journeys().keys() == {key("u1")}


def test_a_replay_of_everything_changes_no_answer(session: Session, undisturbed: tuple[Rows, Rows]) -> None:
    world = prepared(session)
    world.drain()
    tables = ("touchpoints", "receipts", "links", "identifiers", "identities", "journeys", "progress")
    before = {table: world.count(table) for table in tables}
    for _ in range(2):
        world.normalised = world.applied = 0
        world.start()
        world.normalise(4)
        world.apply(2)
        world.drain()
        assert views(world) == undisturbed
        assert {table: world.count(table) for table in tables} == before


def test_a_late_writer_of_an_older_epoch_changes_nothing(
    session: Session, undisturbed: tuple[Rows, Rows]
) -> None:
    world = prepared(session)
    late = Writer(world.workspace, world.epoch, 0)
    late.start(world.session, world.models)
    seen = list(enumerate(world.changes))
    world.start()
    world.drain()
    progress = world.progress()
    late.apply(session, seen)
    assert views(world) == undisturbed
    assert world.progress() == progress


def test_progress_is_the_position_after_the_last_record_and_never_goes_back(session: Session) -> None:
    world = prepared(session)
    assert world.progress() == {0: (1 << 40) + len(BEFORE)}
    world.drain()
    assert world.progress() == {0: (1 << 40) + len(BEFORE) + len(AFTER)}
    world.applied = 0
    world.apply(1)
    assert world.progress() == {0: (1 << 40) + len(BEFORE) + len(AFTER)}

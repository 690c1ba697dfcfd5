"""Undoing an import: afterwards everything is as if it had never been, whenever and however often anybody dies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stitching.lanes import STEPS, Run, Step
from stitching.links import key
from stitching.world import Dying, Event, Killed, Rows, World, assert_as_expected

from etappe.warehouse import Session

ASKED = 1_000
"""Later than every receipt of the first try, earlier than those of the next."""


WHO = st.sampled_from(
    """u1|u2|u3|e1|e2|a1|a2|d1|u1 e1|u2 e1|u2 e2|e1 p1|e2 p1|u1 a1|u2 a1|u3 a1|e1 a1|u1 a2|e2 a2|p1 d1|a1 d1|a2 d1
    |u1 a1 d1|u2 a2 d1|u3 e1 a2""".replace("\n    ", "").split("|")
)
FORMER = st.sampled_from(["", "", "", "=1", "=2", "=3", "a1", "a2"])


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of no import, of x and of y, often of the same people and with equal times and stamps."""
    events = []
    for n in range(draw(st.integers(2, 14))):
        who = draw(WHO)
        former = draw(FORMER) if who.startswith("u") else ""
        phase = draw(st.sampled_from(["P1", "P2", "P3", "X"]))
        import_id = draw(st.sampled_from(["", "", "x", "x", "y"]))
        at, stamp = draw(st.integers(0, 30)), draw(st.integers(0, 8))
        events.append(Event(n, who, at, phase, former, stamp=stamp, import_id=import_id))
    for copied in draw(st.lists(st.sampled_from(events), max_size=4, unique=True)):
        events.append(replace(copied, import_id=draw(st.sampled_from(["", "x", "y"]))))
    return events


def without(events: list[Event], import_id: str) -> list[Event]:
    return [each for each in events if each.import_id != import_id]


def outcomes(world: World) -> dict[str, int]:
    """Records by outcome, as /v1/freshness counts them: erased before stored before duplicate."""
    sql = """
        SELECT if(has(found, 'erased'), 'erased', if(has(found, 'stored'), 'stored', found[1])) FROM (
            SELECT groupUniqArray(toString(outcome)) AS found FROM receipts
            WHERE workspace = {w:String} GROUP BY partition, position
        )"""
    return dict(Counter(outcome for (outcome,) in world.session.rows(sql, {"w": world.name})))


def linked(world: World) -> Rows:
    """The identities without those who are alone: a row that says so is as good as none."""
    rows = world.identities().items()
    return {who: row for who, row in rows if row["customer"] != [who] or row["members"] != [who]}


def assert_undone(world: World, events: list[Event], import_id: str = "x") -> None:
    assert_as_expected(world, without(events, import_id))
    rows = world.session.rows(
        "SELECT uniqExact(event_id) FROM touchpoints WHERE workspace = {w:String} AND import_id = {i:String} "
        "UNION ALL SELECT count() FROM links WHERE workspace = {w:String} AND import_id = {i:String} "
        "UNION ALL SELECT count() FROM undoing WHERE workspace = {w:String}",
        {"w": world.name, "i": import_id},
    )
    assert [count for (count,) in rows] == [0, 0, 0]


QUIETLY = settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@QUIETLY
@given(histories(), STEPS, STEPS)
def test_after_undo_everything_is_as_if_the_import_had_never_been(
    session: Session, events: list[Event], before: list[Step], after: list[Step]
) -> None:
    run = Run(World(session))
    world = run.world
    world.log(events)
    for step in before:
        run.step(*step)
    world.order_undo("x", ASKED)
    for step in after:
        run.step(*step)
    world.drain()
    assert_undone(world, events)
    counts = outcomes(world)
    assert counts.get("stored", 0) == len({each.n for each in without(events, "x")})
    assert sum(counts.values()) == len(events)
    run.replay()
    assert_undone(world, events)
    assert outcomes(world).get("stored", 0) == counts.get("stored", 0)
    assert sum(outcomes(world).values()) == len(events)


@settings(QUIETLY, max_examples=4)
@given(histories(), STEPS)
def test_identities_after_undo_are_those_of_a_workspace_that_never_saw_the_import(
    session: Session, events: list[Event], steps: list[Step]
) -> None:
    never = World(session)
    never.take(*without(events, "x"))
    run = Run(World(session))
    run.world.log(events)
    for step in steps:
        run.step(*step)
    run.world.order_undo("x", ASKED)
    run.world.drain()
    assert linked(run.world) == linked(never)


@settings(QUIETLY, max_examples=4)
@given(histories(), STEPS)
def test_what_is_imported_again_after_undo_is_all_there_again(
    session: Session, events: list[Event], steps: list[Step]
) -> None:
    run = Run(World(session))
    world = run.world
    world.log(events)
    world.drain()
    world.order_undo("x", ASKED)
    again = [
        replace(each, stamp=ASKED + 1 + n, import_id="z")
        for n, each in enumerate(events)
        if each.import_id == "x"
    ]
    world.log(again)
    for step in steps:
        run.step(*step)
    world.drain()
    assert_as_expected(world, [*without(events, "x"), *again])
    run.replay()
    assert_as_expected(world, [*without(events, "x"), *again])


STORY = [
    Event(1, "a1", 1),
    Event(2, "u1", 2),
    Event(3, "e1", 3, "P2"),
    Event(4, "u3 a2", 5),
    Event(5, "a2", 26, "P3"),
    Event(6, "u1 p1", 27),
    Event(11, "u1 e1", 30, "P3", import_id="x"),  # merged two customers
    Event(12, "u1 a1", 32, import_id="x"),  # and gave one a device with its anonymous time
    Event(13, "u2 a2", 20, "P2", import_id="x"),  # a login that took time from u3
    Event(14, "e9", 33, import_id="x"),  # somebody whom nobody else knows
    Event(15, "u1 p1", 34, import_id="y"),
]


def prepared(session: Session) -> World:
    world = World(session)
    world.take(*STORY)
    world.order_undo("x", ASKED)
    return world


def test_a_merge_that_only_an_import_made_falls_apart_again(session: Session) -> None:
    world = prepared(session)
    assert key("e1") not in world.journeys()
    world.drain()
    assert_undone(world, STORY)
    assert {key("u1"), key("e1"), key("a1"), key("u3")} == world.journeys().keys()


WRITES = 12
"""Decision, note, wider note, receipts, links, touchpoints, identities, those alone, spans, journeys, note done,
progress."""


def test_undo_has_so_many_writes(session: Session) -> None:
    """So the test below meets a death at each of them."""
    counted = Dying(session)
    prepared(session).apply(1, counted)
    assert counted.writes == WRITES


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_death_after_any_write_of_undo_is_made_good_by_the_next_owner(session: Session, write: int) -> None:
    world = prepared(session)
    with pytest.raises(Killed):
        world.apply(1, Dying(session, write))
    world.start()
    world.drain()
    assert_undone(world, STORY)


def test_what_was_normalised_before_the_undo_and_comes_behind_it_is_taken_back_too(session: Session) -> None:
    """A normaliser that had not heard of the decision: its rows are there when its message comes."""
    world = World(session)
    world.log(STORY)
    world.normalise(len(STORY))
    world.order_undo("x", ASKED)
    undo = world.changes.pop()
    world.normalise_lane(3)
    world.changes.insert(0, undo)
    world.drain()
    assert_undone(world, STORY)


def test_what_a_dead_normaliser_left_behind_is_taken_back_too(session: Session) -> None:
    """It dies between the touchpoints and the message, and the next one drops the records."""
    world = World(session)
    world.log(STORY)
    world.normalise(len(STORY))
    with pytest.raises(Killed):
        world.normalise_lane(5, Dying(session, 2))
    world.order_undo("x", ASKED)
    world.apply(len(world.changes))
    world.drain()
    assert_undone(world, STORY)


def test_a_filling_build_gets_the_undo_too(session: Session) -> None:
    world = prepared(session)
    world.apply(1)
    world.rebuild()
    assert_undone(world, STORY)


def test_what_a_later_event_said_again_remains_said(session: Session) -> None:
    """The import said it first, so the later evidence was not needed then."""
    events = [Event(1, "u1 e1", 1, import_id="x"), Event(2, "u1 e1", 5), Event(3, "e1", 6)]
    world = World(session)
    for each in events:
        world.take(each)
    world.order_undo("x", ASKED)
    world.drain()
    assert_undone(world, events)
    assert world.journeys().keys() == {key("u1")}


def test_where_others_sent_it_too_theirs_counts_from_then_on(session: Session) -> None:
    """A live copy, one of an import that is undone in its turn, and one that came while the undo was on its way."""
    copies = [
        Event(1, "u1", 1, "P1", import_id="x"),
        Event(1, "u2 e2", 2, "P2", import_id="y"),
        Event(1, "u3 e3", 3, "P3"),
    ]
    world = World(session)
    world.take(copies[0])
    world.take(copies[1])
    world.log(copies[2:])
    world.normalise(1)
    world.order_undo("y", ASKED)
    world.order_undo("x", ASKED)
    world.drain()
    assert_as_expected(world, copies[2:])
    assert outcomes(world) == {"stored": 1, "erased": 2}
    assert world.count("spares") == 0


def test_only_what_the_collector_got_before_the_undo_goes(session: Session) -> None:
    events = [
        Event(1, "u1", 1, stamp=ASKED, import_id="x"),
        Event(2, "u1 e1", 2, stamp=ASKED + 1, import_id="x"),
    ]
    world = World(session)
    world.take(events[0])
    world.order_undo("x", ASKED)
    world.take(events[1])
    assert_as_expected(world, events[1:])


def test_an_import_that_nobody_knows_is_undone_without_a_trace(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    world.order_undo("unknown", ASKED)
    world.drain()
    assert_as_expected(world, STORY)


def test_many_identifiers_are_parted_in_groups(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stitcher.writer._UNDO_AT_ONCE", 2)
    monkeypatch.setattr("stitcher.writer._REACH_AT_ONCE", 2)
    world = prepared(session)
    world.drain()
    assert_undone(world, STORY)

"""Erasing a person: afterwards nothing of them is left, and nobody else has anything of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stitching.decided import expected_under
from stitching.erased import erased_with, expected_without
from stitching.lanes import STEPS, Run, Step
from stitching.links import key
from stitching.world import Dying, Event, Killed, World, assert_as_expected, assert_journeys

from etappe.changes import Erase
from etappe.warehouse import Session

ASKED = 1_000
"""Later than every receipt of the stories."""


def order_erase(world: World, *who: str, asked: int = ASKED, name: str = "x") -> None:
    """What the query API does."""
    world.changes.append(Erase(world.name, name, [key(each) for each in who], asked, "k1"))


def erase(world: World, *who: str, asked: int = ASKED) -> None:
    order_erase(world, *who, asked=asked)
    world.drain()


def outcomes(world: World) -> dict[str, int]:
    """Records by outcome, as /v1/freshness counts them: erased before stored before duplicate."""
    sql = """
        SELECT if(has(found, 'erased'), 'erased', if(has(found, 'stored'), 'stored', found[1])) FROM (
            SELECT groupUniqArray(toString(outcome)) AS found FROM receipts
            WHERE workspace = {w:String} GROUP BY partition, position
        )"""
    return dict(Counter(outcome for (outcome,) in world.session.rows(sql, {"w": world.name})))


def assert_gone(world: World, persons: Sequence[str], devices: Sequence[str] = ()) -> None:
    """Nothing names them: `devices` were theirs alone."""
    gone = [key(each) for each in (*persons, *devices)]
    asked = {
        "touchpoints": "hasAny(identifiers, {gone:Array(UInt64)})",
        "links": "node IN {gone:Array(UInt64)} OR other IN {gone:Array(UInt64)}",
        "identifiers": "identifier IN {gone:Array(UInt64)}",
        "identities": "identifier IN {gone:Array(UInt64)} OR hasAny(members, {gone:Array(UInt64)})",
        "erasing": "1",
    }
    for table, condition in asked.items():
        sql = f"SELECT count() FROM {table} FINAL WHERE workspace = {{w:String}} AND ({condition})"
        assert world.session.rows(sql, {"w": world.name, "gone": gone}) == [(0,)], table
    assert not world.journeys().keys() & set(gone)


def assert_counted(world: World, events: Sequence[Event]) -> None:
    """accepted = stored + duplicates + rejected + erased, and what is stored is there."""
    counts = outcomes(world)
    assert sum(counts.values()) == len(events)
    sql = "SELECT uniqExact(event_id) FROM touchpoints WHERE workspace = {w:String}"
    assert world.session.rows(sql, {"w": world.name}) == [(counts.get("stored", 0),)]


def replay(world: World) -> None:
    """The whole log again, records and changes."""
    world.normalised = world.imported = world.applied = 0
    world.start()
    world.drain()


STORY = [
    Event(1, "a1", 1),
    Event(2, "u1 e1 a1", 2, "P2"),
    Event(3, "e1 p1", 3),
    Event(4, "u2 a2", 5),  # a tablet of three
    Event(5, "u1 a2", 15, "P2"),
    Event(6, "a2", 17, "P3"),
    Event(7, "u3 a2", 26),
    Event(8, "a2", 27, "P3"),
    Event(9, "u2 e2", 28),
    Event(10, "a9", 29),
]


def test_somebody_alone_is_gone_with_everything(session: Session) -> None:
    world = World(session)
    world.take(*STORY[:3], STORY[9])
    erase(world, "u1")
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert_as_expected(world, [STORY[9]])
    assert outcomes(world) == {"stored": 1, "erased": 3}


def test_on_a_shared_device_only_their_time_goes_and_nobody_else_gets_it(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    erase(world, "u1")
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert_journeys(world, expected_without(erased_with("u1", STORY), STORY, ASKED))
    world.take(Event(11, "a2", 18, "P2", stamp=ASKED + 1))
    assert world.journeys()[key("a2")]["touchpoints"] == 1


def test_the_time_before_a_first_login_that_is_erased_is_nobody_elses(session: Session) -> None:
    events = [Event(1, "u1 a1", 10), Event(2, "u2 a1", 20), Event(3, "a1", 25)]
    world = World(session)
    world.take(*events)
    erase(world, "u1")
    world.take(Event(4, "a1", 5, stamp=ASKED + 1))
    rows = world.journeys()
    assert {who: row["touchpoints"] for who, row in rows.items()} == {key("a1"): 1, key("u2"): 2}


def test_a_device_that_nobody_logged_in_on_is_erased_by_itself(session: Session) -> None:
    events = [Event(1, "a1 d1", 1), Event(2, "d1", 2), Event(3, "a2", 3)]
    world = World(session)
    world.take(*events)
    erase(world, "a1")
    assert_gone(world, [], ["a1", "d1"])
    assert_as_expected(world, events[2:])


@pytest.mark.parametrize("times", [1, 2])
def test_a_replay_of_the_whole_log_brings_nobody_back(session: Session, times: int) -> None:
    world = World(session)
    world.take(*STORY)
    erase(world, "u1")
    before = (world.identities(), world.journeys())
    for _ in range(times):
        replay(world)
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert (world.identities(), world.journeys()) == before
    assert_counted(world, STORY)


def test_what_was_on_its_way_then_is_dropped_and_leaves_a_nameless_login(session: Session) -> None:
    late = [
        Event(11, "u1 a7", 20),
        Event(12, "u1 e1", 21),
        Event(13, "a1", 22),
        Event(14, "u1 a2", 26, seq=1),
    ]
    after = [Event(15, "a7", 25), Event(16, "u4", 26)]
    world = World(session)
    world.take(*STORY, Event(17, "u4 a7", 12))
    order_erase(world, "u1")
    world.apply(1)
    world.log([*late, *after])
    world.drain()
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert world.journeys()[key("a7")]["touchpoints"] == 1
    assert outcomes(world)["erased"] == 5 + 4
    replay(world)
    assert world.journeys()[key("a7")]["touchpoints"] == 1
    assert_counted(world, [*STORY, Event(17, "u4 a7", 12), *late, *after])


def test_what_was_normalised_before_the_order_and_comes_behind_it_is_erased_too(session: Session) -> None:
    late = [Event(11, "u1 e7", 20), Event(12, "u1 a2", 40), Event(13, "a2", 41)]
    world = World(session)
    world.take(*STORY)
    order_erase(world, "u1")
    world.log(late)
    world.normalise(3)
    world.drain()
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert world.journeys()[key("a2")]["touchpoints"] == 1
    assert_counted(world, [*STORY, *late])


class Meanwhile:
    """A session that lets the writer erase somebody right before one of its inserts, and may die after another."""

    def __init__(self, world: World, table: str, dies_after: str = "") -> None:
        self._world, self._table, self._dies_after = world, table, dies_after

    def __getattr__(self, name: str) -> object:
        return getattr(self._world.session, name)

    def insert(self, table: str, columns: dict[str, list[object]]) -> None:
        if table == self._table:
            self._table = ""
            order_erase(self._world, "u1")
            self._world.apply(1)
        self._world.session.insert(table, columns)
        if table == self._dies_after:
            raise Killed


@pytest.mark.parametrize(
    ("table", "dies_after"),
    [
        ("receipts", ""), ("receipts", "receipts"), ("receipts", "touchpoints"), ("receipts", "identifiers"),
        ("touchpoints", ""), ("touchpoints", "touchpoints"), ("touchpoints", "identifiers"),
        ("identifiers", ""), ("identifiers", "identifiers"),
    ],
)  # fmt: skip
def test_what_is_stored_while_somebody_is_erased_goes_as_well(
    session: Session, table: str, dies_after: str
) -> None:
    """The normaliser looked before the decision, and writes after everything is deleted."""
    late = [Event(11, "u1 e1", 20), Event(12, "u2", 21), Event(13, "u1", 22, stamp=ASKED + 1)]
    world = World(session)
    world.take(*STORY)
    world.log(late)
    try:
        world.normalise(3, Meanwhile(world, table, dies_after))
    except Killed:
        world.normalise(3)
    world.drain()
    assert_counted(world, [*STORY, *late])
    assert outcomes(world)["erased"] == 5 + 1
    sql = "SELECT DISTINCT identifier FROM identifiers WHERE workspace = {w:String}"
    named = {each for (each,) in session.rows(sql, {"w": world.name})}
    assert named & {key("u1"), key("e1"), key("p1")} == {key("u1")}
    assert world.journeys()[key("u1")]["touchpoints"] == 1


def test_somebody_who_comes_again_is_new_and_has_no_past(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    erase(world, "u1")
    again = [Event(21, "u1 a1", 40, stamp=ASKED + 1), Event(22, "a1", 41, stamp=ASKED + 2)]
    world.take(*again)
    assert_journeys(world, expected_without(erased_with("u1", STORY), [*STORY, *again], ASKED))
    assert world.journeys()[key("u1")]["touchpoints"] == 2
    replay(world)
    assert world.journeys()[key("u1")]["touchpoints"] == 2
    order_erase(world, "u1", asked=ASKED + 5, name="y")
    world.drain()
    assert_gone(world, ["u1"], ["a1"])


def test_the_same_event_sent_again_does_not_come_back(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    erase(world, "u1")
    world.take(*(replace(each, stamp=ASKED + 1) for each in STORY))
    assert_gone(world, ["u1", "e1", "p1"], ["a1"])
    assert outcomes(world) == {"stored": 5, "erased": 5, "duplicate": 10}


def test_aliases_go_with_either_side(session: Session) -> None:
    events = [
        Event(1, "a9", 1),
        Event(2, "u1", 2, former="=9"),
        Event(3, "u2", 3, former="=1"),
        Event(4, "a8", 4),
        Event(5, "u2", 5, former="a8"),
    ]
    world = World(session)
    world.take(*events)
    erase(world, "u1")
    assert_gone(world, ["u1"], ["a9"])
    assert_journeys(world, expected_without(erased_with("u1", events), events, ASKED))


def test_what_others_said_too_remains_said(session: Session) -> None:
    """The person's event was the first to say that two devices are one."""
    events = [
        Event(1, "u1 a1 d1", 10),
        Event(2, "u2 a1 d1", 20),
        Event(3, "d1", 25),
        Event(4, "u2 a1", 30),
        Event(5, "d1", 35),
    ]
    world = World(session)
    world.take(*events)
    erase(world, "u1")
    assert_journeys(world, expected_without(erased_with("u1", events), events, ASKED))
    assert world.journeys()[key("u2")]["touchpoints"] == 4


def test_what_only_their_events_said_of_others_is_said_no_more(session: Session) -> None:
    events = [Event(1, "u1 a1 d1", 10), Event(2, "u2 a1", 20), Event(3, "d1", 25)]
    world = World(session)
    world.take(*events)
    assert key("d1") not in world.journeys()
    erase(world, "u1")
    assert_journeys(world, expected_without(erased_with("u1", events), events, ASKED))
    assert world.journeys().keys() == {key("u2"), key("d1")}


def test_what_stands_under_a_banned_value_goes_with_whom_it_belongs_to(session: Session) -> None:
    events = [
        Event(1, "e9 u1 a1", 1),
        Event(2, "e9 a1", 2),
        Event(3, "e9 u2", 3),
        Event(4, "e9", 4),
        Event(5, "u2 a2", 5),
    ]
    late = [Event(6, "e9 a1", 6), Event(7, "e9 u1", 7)]
    world = World(session)
    world.take(*events)
    world.ban("b", "e9")
    world.drain()
    erase(world, "u1")
    world.take(*late)
    assert_gone(world, ["u1"], ["a1"])
    assert_journeys(world, expected_under(events[2:], banned=["e9"]))
    world.take_back("b")
    world.drain()
    assert_journeys(world, expected_under(events[2:]))
    assert_counted(world, [*events, *late])


def test_copies_of_imports_go_and_an_undo_brings_nobody_back(session: Session) -> None:
    events = [
        Event(1, "u1", 1, import_id="i"),
        Event(1, "u1", 1),
        Event(2, "u2", 2, import_id="i"),
        Event(2, "u1 u2", 2),
        Event(3, "u1 a1", 3, import_id="i"),
        Event(4, "u2 a1", 4),
    ]
    world = World(session)
    for each in events:
        world.take(each)
    assert world.count("spares") == 2
    erase(world, "u1")
    assert world.count("spares") == 0
    assert_journeys(world, expected_under([events[2], events[5]]))
    world.order_undo("i", ASKED)
    world.drain()
    assert_journeys(world, expected_under([events[5]]))
    replay(world)
    assert_journeys(world, expected_under([events[5]]))


def test_a_time_in_the_past_does_not_know_them_either(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    world.look_back(16)
    world.drain()
    number = next(each.number for each in world.writer.views.generations if each.purpose == "as_of")
    assert key("u1") in world.identities(number)
    erase(world, "u1")
    assert not world.identities(number).keys() & {key(each) for each in ("u1", "e1", "p1", "a1")}
    sql = """
        SELECT customer FROM journeys FINAL
        WHERE workspace = {w:String} AND NOT gone AND customer IN {gone:Array(UInt64)}"""
    gone = [key(each) for each in ("u1", "e1", "p1", "a1")]
    assert session.rows(sql, {"w": world.name, "gone": gone}) == []


def test_an_order_about_nobody_does_nothing(session: Session) -> None:
    world = World(session)
    world.take(*STORY)
    erase(world)
    assert_as_expected(world, STORY)


@pytest.mark.timeout(600)
def test_every_death_is_made_good_by_the_next_owner(session: Session) -> None:
    """Whatever write it comes after."""
    wanted = expected_without(erased_with("u1", STORY), STORY, ASKED)
    counted = Dying(session)
    world = World(session)
    world.take(*STORY)
    order_erase(world, "u1")
    world.apply(1, counted)
    assert counted.writes > 15
    for write in range(1, counted.writes + 1):
        world = World(session)
        world.take(*STORY)
        order_erase(world, "u1")
        with pytest.raises(Killed):
            world.apply(1, Dying(session, write))
        world.start()
        world.drain()
        assert_gone(world, ["u1", "e1", "p1"], ["a1"])
        assert_journeys(world, wanted)
        assert_counted(world, STORY)


WHO = st.sampled_from(
    """u1|u2|u3|e1|e2|a1|a2|d1|u1 e1|u2 e1|u2 e2|e1 p1|e2 p1|u1 a1|u2 a1|u3 a1|e1 a1|u1 a2|e2 a2|p1 d1|a1 d1|a2 d1
    |u1 a1 d1|u2 a2 d1|u3 e1 a2""".replace("\n    ", "").split("|")
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of the same few people and devices, with equal times and stamps."""
    events = []
    for n in range(draw(st.integers(2, 14))):
        who = draw(WHO)
        former = draw(st.sampled_from(["", "", "", "=1", "=2", "a1", "a2"])) if who.startswith("u") else ""
        phase = draw(st.sampled_from(["P1", "P2", "P3", "X"]))
        linking = draw(st.sampled_from([True, True, True, False]))
        at, stamp = draw(st.integers(0, 30)), draw(st.integers(0, 8))
        events.append(Event(n, who, at, phase, former, stamp=stamp, linking=linking))
    return events


QUIETLY = settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.timeout(600)
@QUIETLY
@given(histories(), st.sampled_from(["u1", "u2", "e1", "p1"]), STEPS)
def test_for_everybody_else_it_is_as_if_nothing_of_them_had_been_received(
    session: Session, events: list[Event], who: str, after: list[Step]
) -> None:
    """But for nameless logins. Deaths and repetitions after the order change nothing, nor does a replay."""
    erased = erased_with(who, events)
    run = Run(World(session))
    run.world.take(*events)
    run.world.changes.append(Erase(run.world.name, "x", erased.members, ASKED, "k1"))
    for step in after:
        run.step(*step)
    run.world.drain()
    wanted = expected_without(erased, events, ASKED)
    assert_journeys(run.world, wanted)
    assert_counted(run.world, events)
    run.replay()
    assert_journeys(run.world, wanted)
    assert_counted(run.world, events)

"""Two lanes: a copy that comes by either counts once, whatever the order, whoever dies, and after any replay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stitching.lanes import STEPS, Run, Step
from stitching.world import Dying, Event, Killed, World, assert_as_expected

from etappe.identifiers import event_key
from etappe.lanes import LANE
from etappe.warehouse import Session

_PEOPLE = "u1|u2|e1|a1|a2|u1 e1|u2 e1|e1 p1|u1 a1|u2 a1|e1 a2|a1 d1|u1 a1 d1|u3 e1 a2"
WHO = st.sampled_from(_PEOPLE.split("|"))


@st.composite
def copies(draw: st.DrawFn) -> list[Event]:
    """Events of which most come more than once, by either lane and as different people's."""
    found = []
    for _ in range(draw(st.integers(2, 14))):
        found.append(
            Event(
                draw(st.integers(0, 5)),
                draw(WHO),
                draw(st.integers(0, 30)),
                draw(st.sampled_from(["P1", "P2", "P3"])),
                stamp=draw(st.integers(0, 8)),
                import_id=draw(st.sampled_from(["", "x", "y"])),
            )
        )
    return found


def winners(world: World, events: list[Event]) -> list[Event]:
    """The copy of each event that has a stored receipt, of which there must be one."""
    sql = """
        SELECT event_id, partition, position - 1099511627776 FROM receipts FINAL
        WHERE workspace = {w:String} AND outcome = 'stored'"""
    rows = world.session.rows(sql, {"w": world.name})
    lanes = {
        0: [each for each in events if not each.import_id],
        LANE: [each for each in events if each.import_id],
    }
    found = [lanes[partition][offset] for _, partition, offset in rows]
    assert sorted(event_id for event_id, _, _ in rows) == sorted(event_key(str(each.n)) for each in found)
    assert sorted(each.n for each in found) == sorted({each.n for each in events})
    return sorted(found, key=lambda each: each.n)


QUIETLY = settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@QUIETLY
@given(copies(), STEPS)
def test_every_event_counts_once_as_the_copy_that_its_receipt_names(
    session: Session, events: list[Event], steps: list[Step]
) -> None:
    run = Run(World(session))
    run.world.log(events)
    for step in steps:
        run.step(*step)
    run.world.drain()
    first = winners(run.world, events)
    assert run.world.count("touchpoints") == len(first)
    assert_as_expected(run.world, first)
    run.replay()
    assert winners(run.world, events) == first
    assert run.world.count("touchpoints") == len(first)
    assert_as_expected(run.world, first)


@pytest.mark.parametrize("write", [2, 3, 4])
@pytest.mark.parametrize("first", ["live", "lane"])
def test_who_was_first_stays_first_after_a_death_though_the_other_lane_comes_next(
    session: Session, first: str, write: int
) -> None:
    """Its writes: spares, receipts, touchpoints, names. After the receipts it is decided, whoever comes next."""
    events = [Event(1, "u1", 1), Event(1, "u2", 2, import_id="x")]
    world = World(session)
    world.log(events)
    begin, other = (world.normalise, world.normalise_lane)[:: 1 if first == "live" else -1]
    with pytest.raises(Killed):
        begin(1, Dying(session, write))
    other(1)
    world.drain()
    wanted = events[0 if first == "live" else 1]
    assert winners(world, events) == [wanted]
    assert world.count("touchpoints") == 1
    assert_as_expected(world, [wanted])


def test_progress_of_the_lane_is_named_apart(session: Session) -> None:
    world = World(session)
    world.take(Event(1, "u1", 1), Event(2, "u1", 2), Event(3, "u2", 3, import_id="x"))
    assert world.progress() == {0: (1 << 40) + 2, LANE: (1 << 40) + 1}


def test_a_copy_of_an_import_is_kept_in_case_that_is_undone_and_any_other_is_not(session: Session) -> None:
    imported = Event(1, "u1", 1, import_id="x")
    world = World(session)
    world.take(imported)
    world.take(replace(imported, import_id=""), Event(2, "u1", 1))
    world.take(Event(2, "u1", 1), Event(2, "u1", 1, import_id="x"))
    assert world.count("spares") == 1

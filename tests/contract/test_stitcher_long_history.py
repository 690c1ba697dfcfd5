"""Of a device that many use a fold reads the time that it is about, if there is much: no answer changes by that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stitching.links import key
from stitching.world import Event, World, assert_as_expected

from etappe.warehouse import Session
from stitcher import long_history
from stitcher.identity.owners import BEGINNING
from stitcher.identity.spans import END, Span, tombstones

TABLET = key("a1")


@pytest.fixture(autouse=True, scope="module")
def short() -> Iterator[None]:
    """Two touchpoints are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_history, "LEAST", 2)
        yield


def asked(world: World, *spans: Span) -> tuple[int, int, int]:
    facts = world.writer.views.facts(world.session, world.writer.views.current)
    found = long_history.long_history(facts, spans)
    return found["long"], found["long_since"], found["long_until"]


def test_what_is_read_of_it_reaches_from_the_first_span_to_the_last(session: Session) -> None:
    world = World(session)
    world.take(*(Event(n, "a1", n) for n in range(5)), Event(9, "u9 a2", 9), Event(10, "a2", 10))
    before, after = Span(TABLET, 2, 3, 1), Span(TABLET, 5, END, 1)
    assert asked(world, before, after)[:2] == (TABLET, 2)
    assert asked(world, before) == (TABLET, 2, 3)
    assert asked(world, before, Span(key("a2"), 9, 10, 1)) == (TABLET, 2, 3)
    assert asked(world, Span(TABLET, BEGINNING, 3, 1), before) == (TABLET, 0, 3)


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [Span(TABLET, BEGINNING, END, 1)],
        [Span(TABLET, BEGINNING, 3, 1), Span(TABLET, 3, END, 2)],
        list(tombstones([TABLET])),
        [Span(key("a7"), 2, 3, 1)],
    ],
)
def test_what_is_wanted_whole_or_short_is_none(session: Session, spans: list[Span]) -> None:
    world = World(session)
    world.take(*(Event(n, "a1", n) for n in range(5)), Event(7, "a7", 7))
    assert asked(world, *spans) == (0, 0, 0)


WHO = st.sampled_from(["a1", "a1", "a1", "u1 a1", "u2 a1", "u3 a1", "u1", "u2 a2", "a2", "a1 a2"])


@st.composite
def days(draw: st.DrawFn) -> list[list[Event]]:
    """Batches of a few people at one tablet."""
    count, at_once = draw(st.integers(2, 16)), draw(st.integers(1, 4))
    events = [
        Event(n, draw(WHO), draw(st.integers(0, 30)), draw(st.sampled_from(["P1", "P2", "X"])), stamp=n)
        for n in range(count)
    ]
    return [events[start : start + at_once] for start in range(0, count, at_once)]


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(days())
def test_the_journeys_are_those_of_the_references(session: Session, batches: list[list[Event]]) -> None:
    world = World(session)
    for batch in batches:
        world.take(*batch)
    assert_as_expected(world, [event for batch in batches for event in batch])

"""Whatever happens on the way, the views end as the references say: any order, any batches, deaths and replays."""

from __future__ import annotations

import pytest
from asking.funnel import answered, rounded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.phase_funnel import Asked, funnel
from stitching.world import (
    MODEL,
    Dying,
    Event,
    Killed,
    Rows,
    World,
    assert_as_expected,
    expected,
    expected_journeys,
    restamped,
)

from etappe.warehouse import Session
from query_api.builds import active_builds


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def session(request: pytest.FixtureRequest) -> Session:
    """Either engine."""
    session: Session = request.getfixturevalue(request.param)
    return session


WHO = st.sampled_from(
    [
        "u1",
        "u2",
        "u3",
        "e1",
        "e2",
        "a1",
        "a2",
        "d1",
        "u1 e1",
        "u2 e1",
        "u2 e2",
        "e1 p1",
        "e2 p1",
        "u1 a1",
        "u2 a1",
        "u3 a1",
        "e1 a1",
        "u1 a2",
        "e2 a2",
        "p1 d1",
        "a1 d1",
        "a2 d1",
        "u1 a1 d1",
        "u2 a2 d1",
        "u3 e1 a2",
    ]
)
FORMER = st.sampled_from(["", "", "", "=1", "=2", "=3", "a1", "a2"])


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events whose stamps, times and ids fall in different orders and are often equal."""
    events = []
    for n in range(draw(st.integers(2, 12))):
        who = draw(WHO)
        events.append(
            Event(
                n + draw(st.sampled_from([0, 100])),
                who,
                draw(st.integers(0, 30)),
                draw(st.sampled_from(["P1", "P2", "P3", "X"])),
                draw(FORMER) if who.startswith("u") else "",
                stamp=draw(st.integers(0, 8)),
                account=draw(st.sampled_from(["", "", "acme", "bolt"])),
            )
        )
    return events


Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("normalise"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("apply"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("commit"), st.just(0), st.just(0)),
        st.tuples(st.just("die normalising"), st.integers(1, 4), st.integers(1, 3)),
        st.tuples(st.just("die applying"), st.integers(1, 5), st.integers(1, 5)),
    ),
    max_size=14,
)


class Run:
    """A world that goes through steps; what was not committed comes again after a death."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.committed = (0, 0)

    def step(self, kind: str, count: int, writes: int) -> None:
        world = self.world
        session = Dying(world.session, writes)
        try:
            if "normalis" in kind:
                world.normalise(count, session if writes else None)
            elif "appl" in kind:
                world.apply(count, session if writes else None)
            else:
                self.committed = (world.normalised, world.applied)
        except Killed:
            world.normalised, world.applied = self.committed
            world.start()


QUESTIONS = st.builds(
    Asked,
    order=st.sampled_from(["reached", "touched", "ordered", "strict"]),
    unit=st.sampled_from(["customer", "journey", "account"]),
    window=st.none() | st.integers(0, 12),
    by=st.sampled_from([None, "channel", "first_channel"]),
    touch=st.sampled_from(["first", "last"]),
)


def assert_funnel_as_expected(world: World, events: list[Event], asked: Asked) -> None:
    """The funnel over what the stitcher stored is that of the references over what was sent."""
    build = active_builds(world.session, world.name)[MODEL.name]
    wanted = funnel(expected_journeys(events), build.phases, asked)
    assert rounded(answered(world.session, world.workspace, build, asked).rows) == rounded(wanted), asked


QUIETLY = settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@QUIETLY
@given(histories(), st.data(), STEPS, QUESTIONS)
def test_any_history_of_deliveries_and_deaths_ends_in_the_same_journeys_and_funnel(
    session: Session, events: list[Event], data: st.DataObject, steps: list[Step], asked: Asked
) -> None:
    copies = data.draw(st.lists(st.sampled_from(events), max_size=4))
    deliveries = data.draw(st.permutations(events + copies))
    run = Run(World(session))
    run.world.log(deliveries)
    for kind, count, writes in steps:
        run.step(kind, count, writes)
    run.world.drain()
    assert_as_expected(run.world, events)
    assert_funnel_as_expected(run.world, events, asked)


PLAIN = st.sampled_from(
    [
        "u1",
        "e1",
        "e2",
        "p1",
        "a1",
        "a2",
        "d1",
        "u1 e1",
        "e1 p1",
        "c1 p1",
        "e2 p2",
        "u1 a1",
        "e1 a1",
        "p1 a2",
        "e2 a2",
        "a1 d1",
        "a2 d1",
        "p2 a1 d1",
    ]
)
"""One user id, so that no rule refuses anything."""


@QUIETLY
@given(st.lists(st.tuples(PLAIN, st.integers(0, 30)), min_size=2, max_size=12), st.data(), QUESTIONS)
def test_where_no_rule_refuses_the_order_of_receipt_changes_no_journey_and_no_funnel_either(
    session: Session, drawn: list[tuple[str, int]], data: st.DataObject, asked: Asked
) -> None:
    """Receipt stamps move with the order; ids of customers may then differ, their journeys do not."""
    events = [Event(n, who, at, f"P{1 + n % 3}") for n, (who, at) in enumerate(drawn)]
    shuffled = restamped(data.draw(st.permutations(events)))
    world = World(session)
    world.log(shuffled)
    cut = data.draw(st.integers(0, len(events)))
    world.normalise(cut)
    world.apply(1)
    world.drain()
    assert_as_expected(world, shuffled)
    assert histories_of(world.journeys()) == histories_of(expected(events))
    assert_funnel_as_expected(world, events, asked)


def histories_of(journeys: Rows) -> list[tuple[object, ...]]:
    """Journeys without the ids of their customers; the sum of values names the touchpoints."""
    names = ("started", "ended", "values", "milestones", "sequence", "ordered_depths", "strict_depths")
    return sorted(tuple(map(str, (row[name] for name in names))) for row in journeys.values())


@settings(QUIETLY, max_examples=4)
@given(histories(), QUESTIONS)
def test_a_rebuild_from_the_facts_gives_the_same_rows_and_funnel(
    session: Session, events: list[Event], asked: Asked
) -> None:
    world = World(session)
    for n in range(0, len(events), 3):
        world.take(*events[n : n + 3])
    before = world.identities(), world.journeys()
    world.rebuild()
    assert (world.identities(), world.journeys()) == before
    assert_funnel_as_expected(world, events, asked)

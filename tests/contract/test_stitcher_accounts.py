"""Accounts in time: what of a customer's journeys counts for which account, on either engine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stitching.world import Event, World, assert_as_expected

from etappe.warehouse import Session


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def session(request: pytest.FixtureRequest) -> Session:
    """Either engine."""
    session: Session = request.getfixturevalue(request.param)
    return session


def folded(session: Session, *events: Event) -> World:
    world = World(session)
    world.log(events)
    world.drain()
    return world


def test_a_touchpoint_counts_for_the_account_of_its_time(session: Session) -> None:
    """Before the first account is named it counts for that one; in between for the one named last."""
    world = folded(
        session,
        Event(1, "u1", 1, "P1"),
        Event(2, "u1", 2, "P2", account="acme"),
        Event(3, "u1", 3, "P1"),
        Event(4, "u1", 4, "P1", account="bolt"),
        Event(5, "u1", 5, "P3"),
    )
    (row,) = world.journeys().values()
    assert (row["accounts"], row["account_names"], row["account_since"]) == (
        ["acme", "bolt"], ["acme", "bolt"], [2, 4],
    )  # fmt: skip
    assert [
        (each["account"], each["started"], each["ended"], each["milestones"])
        for each in row["account_journeys"]
    ] == [
        ("acme", 1, 3, [1, 2, -1]),
        ("bolt", 4, 5, [4, -1, 5]),
    ]


def test_a_customer_may_come_back_to_an_account(session: Session) -> None:
    """A journey with times for two accounts has one share of each."""
    world = folded(
        session,
        Event(1, "u1", 1, "P1", account="acme"),
        Event(2, "u1", 2, "P2", account="bolt"),
        Event(3, "u1", 3, "P3", account="acme"),
    )
    (row,) = world.journeys().values()
    assert row["account_names"] == ["acme", "bolt", "acme"]
    assert [(each["account"], each["milestones"]) for each in row["account_journeys"]] == [
        ("acme", [1, -1, 3]),
        ("bolt", [-1, 2, -1]),
    ]


def test_a_merge_brings_the_accounts_of_both(session: Session) -> None:
    """Two people at two companies turn out to be one: each touchpoint counts as before for its own."""
    world = folded(
        session,
        Event(1, "u1", 1, "P1", account="acme"),
        Event(2, "e1", 2, "P2", account="bolt"),
        Event(3, "u1 e1", 3, "P3"),
    )
    (row,) = world.journeys().values()
    assert [(each["account"], each["milestones"]) for each in row["account_journeys"]] == [
        ("acme", [1, -1, -1]),
        ("bolt", [-1, 2, 3]),
    ]


def test_one_account_takes_no_room_of_its_own(session: Session) -> None:
    """Its journeys are the customer's."""
    world = folded(session, Event(1, "u1", 1, "P1"), Event(2, "u1", 2, "P2", account="acme"))
    (row,) = world.journeys().values()
    assert (row["accounts"], row["account_names"], row["account_journeys"]) == (["acme"], ["acme"], [])


EVENTS = st.builds(
    Event,
    n=st.integers(0, 99),
    who=st.sampled_from(["u1", "u2"]),
    at=st.integers(0, 40),
    event=st.sampled_from(["P1", "P2", "P3", "X"]),
    seq=st.integers(0, 1),
    account=st.sampled_from(["", "", "acme", "bolt", "coop"]),
)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, min_size=1, max_size=25, unique_by=lambda event: event.n))
def test_any_history_folds_as_defined(session: Session, events: list[Event]) -> None:
    """Whole rows, with equal times, gaps, and accounts that come and go, as the reference has them."""
    assert_as_expected(folded(session, *events), events)


def test_builds_of_an_earlier_fold_are_made_again(session: Session) -> None:
    """They lack what this one stores; until they are made again the old ones answer."""
    world = folded(session, Event(1, "u1", 1, account="acme"), Event(2, "u1", 2, account="bolt"))
    before = build_numbers(world)
    session.execute(
        "INSERT INTO builds SELECT * REPLACE (1 AS fold, version + 1 AS version) FROM builds FINAL "
        "WHERE workspace = {w:String}",
        {"w": world.name},
    )
    world.start()
    assert set(before) < set(build_numbers(world))
    world.fill()
    assert not set(before) & set(build_numbers(world))
    assert_as_expected(world, [Event(1, "u1", 1, account="acme"), Event(2, "u1", 2, account="bolt")])
    again = build_numbers(world)
    world.start()
    assert build_numbers(world) == again


def build_numbers(world: World) -> list[int]:
    return [build.number for build in world.writer.views.builds]

"""The funnel that SQL counts is the funnel of the definition, in every mode, for random histories."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace

from asking.fixtures import Tables
from asking.funnel import answered, rounded
from asking.world import DAY, NOON, insert, journey_rows, model_of, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.phase_funnel import Asked, Unit, rows_of, units

from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.builds import Build

BUILD = Build(1, "v1", model_of(3))
HOUR = DAY // 24
GAP = 2 * DAY
LAPSED = 4 * DAY
CONVERSION = 1

Crowd = list[list[Touch]]
"""By circle of customers who share accounts their touchpoints: of each the definition can be asked by itself."""

CIRCLES, MEMBERS = 50, 8


def crowd_of(seed: int) -> Crowd:
    """Few hours and values, so that ties, window edges, several journeys and shared accounts are common."""
    draw = random.Random(seed)
    return [list(circle_of(draw, n).values()) for n in range(CIRCLES)]


def circle_of(draw: random.Random, number: int) -> dict[tuple[int, int, int], Touch]:
    """By customer, time and sequence number; where these are the same, only the id's hash would order them."""
    touches = (
        Touch(
            customer=number * MEMBERS + draw.randint(1, MEMBERS),
            at=NOON + draw.randint(0, draw.choice([4, 20, 60])) * 6 * HOUR,
            phase=draw.randint(0, 3),
            seq=draw.randint(0, 1),
            id=f"e{number}-{n}",
            account=draw.choice(["", f"acme{number}", f"bolt{number}"]),
            channel=draw.choice(["", "email", "store"]),
            country=draw.choice(["CH", "DE"]),
            properties=draw.choice([{}, {"plan": "pro"}, {"plan": "free"}, {"plan": ""}]),
        )
        for n in range(draw.randint(0, 50))
    )
    return {(touch.customer, touch.at, touch.seq): touch for touch in touches}


crowds = st.integers(0, 1 << 30).map(crowd_of)

filters = st.sampled_from(
    [
        {"field": "channel", "op": "eq", "value": "email"},
        {"field": "event", "op": "in", "value": ["p2", "P3"]},
        {"field": "account", "op": "exists"},
        {"field": "account", "op": "in", "value": ["acme1", "bolt1", "acme2"]},
        {"field": "properties.plan", "op": "eq", "value": "pro"},
        {"field": "segment", "op": "in", "value": ["new", "lapsed"]},
        {"field": "segment", "op": "ne", "value": "returning"},
        {
            "any_of": [
                [{"field": "country", "op": "eq", "value": "CH"}],
                [{"field": "channel", "op": "ne", "value": "email"}],
            ]
        },
    ]
)

moments = st.none() | st.integers(0, 60).map(lambda n: NOON + n * 6 * HOUR)
questions = st.builds(
    Asked,
    order=st.sampled_from(["reached", "touched", "ordered", "strict"]),
    unit=st.sampled_from(["customer", "journey", "account"]),
    begin=moments,
    end=moments,
    window=st.none() | st.integers(0, 8).map(lambda n: n * 6 * HOUR),
    by=st.sampled_from([None, None, "channel", "first_channel", "country", "property:plan", "segment"]),
    touch=st.sampled_from(["first", "last"]),
    interval=st.sampled_from([None, None, "day", "week", "month"]),
    time_zone=st.sampled_from(["UTC", "America/New_York"]),
    basis=st.sampled_from(["started", "within"]),
    where=st.lists(filters, max_size=2),
    percentiles=st.sampled_from([(), (), (0, 10, 33, 90, 100)]),
    entries=st.booleans(),
    conversion=st.just(CONVERSION),
    lapsed=st.just(LAPSED),
).filter(lambda asked: asked.begin is None or asked.end is None or asked.begin < asked.end)


# Not shrunk: the message names the question, and shrinking thousands of queries takes minutes.
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(crowd=crowds, asked=st.lists(questions, min_size=10, max_size=10))
def test_every_mode_counts_as_defined(tables: Tables, crowd: Crowd, asked: list[Asked]) -> None:
    """Orders, units, windows, ranges, groups and periods, of the histories of 400 random customers each time."""
    _, session, _ = tables
    workspace = stored(session, crowd)
    for each in [Asked(), Asked(order="touched"), *asked]:
        answer = answered(session, replace(workspace, time_zone=each.time_zone), BUILD, each)
        expected = rows_of(units_of(crowd, each), BUILD.phases, each)
        assert rounded(answer.rows) == rounded(expected), each
        assert all(0 <= row["rate"] <= 1 and 0 <= row["step_rate"] <= 1 for row in answer.rows), each


def units_of(crowd: Crowd, asked: Asked) -> list[Unit]:
    """Circle by circle: what one customer counts for depends on nobody outside it."""
    return [unit for circle in crowd for unit in units(journeys_of(circle, GAP), asked)]


def stored(session: Session, crowd: Crowd) -> Workspace:
    """A workspace of its own with these touchpoints, folded."""
    workspace = replace(new_workspace(uuid.uuid4().hex), lapsed_days=LAPSED / DAY)
    everybody = [touch for circle in crowd for touch in circle]
    insert(session, workspace.name, "journeys", journey_rows(journeys_of(everybody, GAP), 3))
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in everybody])
    return workspace

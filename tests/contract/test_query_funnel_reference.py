"""The funnel that SQL counts is the funnel of the definition, in every mode, for random histories."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from asking.fixtures import Tables
from asking.funnel import answered, rounded
from asking.world import DAY, NOON, insert, journey_rows, model_of, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.phase_funnel import Asked, funnel

from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.builds import Build

BUILD = Build(1, "v1", model_of(3))
HOUR = DAY // 24
GAP = 2 * DAY
LAPSED = 4 * DAY
CONVERSION = 1

# Few customers, hours and values, so that ties, window edges, several journeys and shared accounts are common.
touches = st.builds(
    Touch,
    customer=st.integers(1, 8),
    at=st.integers(0, 60).map(lambda n: NOON + n * 6 * HOUR),
    phase=st.integers(0, 3),
    seq=st.integers(0, 1),
    id=st.integers(0, 999).map(lambda n: f"e{n}"),
    account=st.sampled_from(["", "acme", "bolt"]),
    channel=st.sampled_from(["", "email", "store"]),
    country=st.sampled_from(["CH", "DE"]),
    properties=st.sampled_from([{}, {"plan": "pro"}, {"plan": "free"}, {"plan": ""}]),
)
histories = st.lists(
    touches,
    max_size=50,
    unique_by=(lambda touch: touch.id, lambda touch: (touch.customer, touch.at, touch.seq)),
)

filters = st.sampled_from(
    [
        {"field": "channel", "op": "eq", "value": "email"},
        {"field": "event", "op": "in", "value": ["p2", "P3"]},
        {"field": "account", "op": "exists"},
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
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(history=histories, asked=st.lists(questions, min_size=8, max_size=8))
def test_every_mode_counts_as_defined(tables: Tables, history: list[Touch], asked: list[Asked]) -> None:
    """Orders, units, windows, ranges, groups and periods, of the same random histories."""
    _, session, _ = tables
    workspace = stored(session, history)
    journeys = journeys_of(history, GAP)
    for each in [Asked(), Asked(order="touched"), *asked]:
        answer = answered(session, replace(workspace, time_zone=each.time_zone), BUILD, each)
        expected = funnel(journeys, BUILD.phases, each)
        assert rounded(answer.rows) == rounded(expected), each
        assert all(0 <= row["rate"] <= 1 and 0 <= row["step_rate"] <= 1 for row in answer.rows), each


def stored(session: Session, history: Sequence[Touch]) -> Workspace:
    """A workspace of its own with these touchpoints, folded."""
    workspace = replace(new_workspace(uuid.uuid4().hex), lapsed_days=LAPSED / DAY)
    insert(session, workspace.name, "journeys", journey_rows(journeys_of(history, GAP), 3))
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in history])
    return workspace

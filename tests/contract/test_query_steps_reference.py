"""The step funnel that is counted is the one of the definition, in every mode, for random histories."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence

from asking.fixtures import Tables
from asking.funnel import rounded
from asking.steps import answered, people
from asking.world import DAY, NOON, insert, journey_rows, model_of, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.step_funnel import Asked, Attempt, Exclusion, Step, counted, rows_of

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.builds import Build

BUILD = Build(1, "v1", model_of(3))
HOUR = DAY // 24
GAP = 2 * DAY


Crowd = list[list[Touch]]
"""By circle of customers who share accounts their touchpoints: of each the definition can be asked by itself."""

CIRCLES, MEMBERS = 60, 4


def crowd_of(seed: int) -> Crowd:
    """Customers with up to a dozen touchpoints each; few hours and values, so that ties, window edges, several
    journeys, accounts and repeated events are common."""
    draw = random.Random(seed)
    plans = [{}, {"plan": "pro"}, {"plan": "free"}, {"plan": "pro", "cart": "a"}, {"cart": "b"}]
    return [
        [
            Touch(
                customer=customer,
                at=NOON + draw.randint(0, draw.choice([3, 12])) * 6 * HOUR,
                phase=draw.randint(1, 4),
                seq=draw.randint(0, 1),
                id=f"e{customer}-{n}",
                account=draw.choice(["", "", "", f"a{circle}", f"b{circle}"]),
                properties=draw.choice(plans),
            )
            for customer in range(circle * MEMBERS + 1, (circle + 1) * MEMBERS + 1)
            for n in range(draw.choice([draw.randint(0, 5), draw.randint(0, 12)]))
        ]
        for circle in range(CIRCLES)
    ]


events = st.tuples(st.sampled_from(["P1", "P2", "P3", "*"]), st.sampled_from(["", "", "", "pro"]))
plain_events = st.tuples(st.sampled_from(["P1", "P2", "P3", "P4"]), st.just(""))
moments = st.none() | st.integers(0, 12).map(lambda n: NOON + n * 6 * HOUR)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Any question that is allowed."""
    order = draw(st.sampled_from(["ordered", "ordered", "strict", "any"]))
    tests = plain_events if draw(st.booleans()) else events
    count = draw(st.integers(1, 4))
    options = order != "any" and draw(st.integers(0, 3)) == 0
    firsts = draw(st.integers(0, 3)) == 0
    steps = tuple(
        Step(
            tuple(draw(st.lists(tests, min_size=1, max_size=2, unique=True))),
            optional=n > 0 and options and draw(st.booleans()),
            first_time=firsts and draw(st.booleans()),
        )
        for n in range(count)
    )
    begin, end = draw(moments), draw(moments)
    if begin is not None and end is not None and begin >= end:
        begin, end = (end, begin) if end < begin else (begin, None)
    by = draw(st.sampled_from([(), (), ("plan",), ("plan", "cart")]))
    return Asked(
        steps=steps,
        order=order,
        unit=draw(st.sampled_from(["customer", "customer", "journey", "account"])),
        begin=begin,
        end=end,
        window=draw(st.none() | st.integers(0, 8).map(lambda n: n * 6 * HOUR)),
        by=by,
        touch=draw(st.sampled_from(["first", "last", "all", f"step:{draw(st.integers(1, count))}"])),
        hold=draw(st.sampled_from([None, None, "plan", "cart"])),
        exclude=tuple(draw(exclusions(steps, order))),
        gap=GAP,
    )


@st.composite
def exclusions(draw: st.DrawFn, steps: Sequence[Step], order: str) -> list[Exclusion]:
    """None, mostly, and never one that is bounded by a step that may be left out."""
    bounds = [n for n, step in enumerate(steps, 1) if not step.optional]
    if draw(st.booleans()) or len(bounds) < 2 or (order == "any" and bounds[-1] != len(steps)):
        return []
    pairs = [(1, len(steps))] if order == "any" else [(a, b) for a in bounds for b in bounds if a < b]
    return [Exclusion(draw(events), *draw(st.sampled_from(pairs))) for _ in range(draw(st.integers(1, 2)))]


# Not shrunk: the message names the question, and shrinking thousands of queries takes minutes.
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(seed=st.integers(0, 1 << 30), asked=st.lists(questions(), min_size=8, max_size=8))
def test_every_mode_counts_as_defined(tables: Tables, seed: int, asked: list[Asked]) -> None:
    """Orders, units, windows, ranges, groups, exclusions, options, of the histories of 240 random customers."""
    _, session, _ = tables
    crowd = crowd_of(seed)
    workspace = stored(session, crowd)
    for each in asked:
        attempts = [pair for circle in crowd for pair in counted(circle, each)]
        answer = answered(session, workspace, BUILD, each)
        assert rounded(answer.rows) == rounded(rows_of(attempts, each)), each
        check_people(session, workspace, each, attempts)


def check_people(
    session: Session, workspace: Workspace, asked: Asked, counting: Sequence[tuple[str | None, Attempt]]
) -> None:
    """Behind a number are as many as it says, of each group, and so are those who got no further."""
    step = max(1, len(asked.steps) - 1)
    groups = sorted({group for group, _ in counting}, key=str)[:2] if asked.by else [None]
    for group in groups:
        own = [attempt for value, attempt in counting if value == group or not asked.by]
        reached = [attempt.filled[step].at for attempt in own if step in attempt.filled]
        dropped = [attempt.filled[step].at for attempt in own if attempt.furthest == step]
        for state, wanted in (("reached", reached), ("dropped", dropped)):
            cell = {"step": step, "state": state, **({"group": group} if asked.by else {})}
            found = people(session, workspace, BUILD, asked, **cell).rows
            times = [row["reached_at"] for row in found]
            assert times == [iso(at) for at in sorted(wanted, reverse=True)], (cell, asked)


def stored(session: Session, crowd: Crowd) -> Workspace:
    """A workspace of its own with these touchpoints, folded; every touchpoint is there twice."""
    workspace = new_workspace(uuid.uuid4().hex)
    everybody = [touch for circle in crowd for touch in circle]
    insert(session, workspace.name, "journeys", journey_rows(journeys_of(everybody, GAP), 3))
    for _ in range(2):
        insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in everybody])
    return workspace

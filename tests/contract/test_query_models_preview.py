"""/v1/models/preview: what a model that is not saved would answer is what it answers once it is saved."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from asking.fixtures import Tables
from asking.funnel import rounded
from asking.world import DAY, NOON, insert, journey_rows, touchpoint
from asking.world import World as Asking
from asking.world import model_of as numbered
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.phase_funnel import Asked, rows_of, units
from stitching.world import Event, World

from etappe.clock import iso
from etappe.phases import PhaseModel
from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.answer import Answer
from query_api.builds import Build, active_builds, identities_of
from query_api.common import read_common
from query_api.funnel.answer import answer_funnel
from query_api.models.preview import PARAMETERS, PreviewQuestion, answer_preview, read_question
from query_api.parameters import Reader

PATH = "/v1/models/preview"
HOUR = DAY // 24
GAP = 2 * DAY
MODEL = numbered(3)


def crowd_of(seed: int) -> list[Touch]:
    """400 customers, with few hours and phases, so that ties, window edges and several journeys are common."""
    draw = random.Random(seed)
    touches = (
        Touch(
            customer=draw.randint(1, 400),
            at=NOON + draw.randint(0, draw.choice([4, 20, 60])) * 6 * HOUR,
            phase=draw.randint(0, 3),
            seq=draw.randint(0, 1),
            id=f"e{n}",
        )
        for n in range(2_400)
    )
    return list({(touch.customer, touch.at, touch.seq): touch for touch in touches}.values())


moments = st.none() | st.integers(0, 60).map(lambda n: NOON + n * 6 * HOUR)
questions = st.builds(
    Asked,
    order=st.sampled_from(["reached", "touched", "ordered"]),
    begin=moments,
    end=moments,
    window=st.none() | st.integers(0, 8).map(lambda n: n * 6 * HOUR),
).filter(lambda asked: asked.begin is None or asked.end is None or asked.begin < asked.end)


def question(asked: Asked) -> PreviewQuestion:
    given = {"order": asked.order, "window": None if asked.window is None else f"{asked.window}ms"}
    given |= {
        name: None if at is None else iso(at) for name, at in (("from", asked.begin), ("to", asked.end))
    }
    reader = Reader([(name, value) for name, value in given.items() if value is not None], PARAMETERS)
    found = read_question(reader, read_common(reader, "").range)
    reader.finish()
    return found


def previewed(session: Session, workspace: Workspace, model: PhaseModel, asked: Asked) -> Answer:
    builds = active_builds(session, workspace.name)
    build = Build(0, model.version, model, identities_of(builds))
    return answer_preview(session, workspace, build, question(asked), None)


# Not shrunk, since each attempt asks an engine: the message names the question.
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(seed=st.integers(0, 1 << 30), asked=st.lists(questions, min_size=8, max_size=8))
def test_a_preview_counts_as_defined(tables: Tables, seed: int, asked: list[Asked]) -> None:
    """Orders, windows and ranges of the same random histories."""
    _, session, _ = tables
    history = crowd_of(seed)
    workspace = replace(new_workspace(uuid.uuid4().hex), gap_days=GAP / DAY)
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in history])
    by_customer = [list(own) for _, own in groupby(journeys_of(history, GAP), key=lambda j: j.customer)]
    for each in [Asked(), Asked(order="touched"), *asked]:
        found = previewed(session, workspace, MODEL, each)
        counted = [unit for own in by_customer for unit in units(own, each)]
        assert rounded(found.rows) == rounded(rows_of(counted, ["p1", "p2", "p3"], each)), each


WHO = st.sampled_from(
    ["u1", "u2", "u3", "e1", "e2", "a1", "a2", "a9", "u1 e1", "u2 e2 a1", "u3 a2", "u1 a1", "e1 a2"]
)
EVENTS = st.lists(
    st.tuples(WHO, st.integers(0, 60), st.sampled_from(["P1", "P2", "P3", "P4"])), min_size=5, max_size=25
)
LATE = st.builds(
    Asked,
    order=st.sampled_from(["reached", "touched", "ordered"]),
    begin=st.none() | st.integers(0, 60),
    window=st.none() | st.integers(0, 30),
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(events=EVENTS, asked=st.lists(LATE, min_size=5, max_size=5), banned=st.booleans())
def test_a_preview_counts_what_the_saved_model_counts_for_linked_customers(
    tables: Tables, events: list[tuple[str, int, str]], asked: list[Asked], banned: bool
) -> None:
    """Merged persons, devices that several used, bans: folded by the stitcher, and previewed from touchpoints."""
    _, session, _ = tables
    world = World(session)
    world.take(*(Event(n, who, at, event) for n, (who, at, event) in enumerate(events)))
    if banned:
        world.ban("d1", "e1")
        world.drain()
    saved = active_builds(session, world.name)["steps"]
    for each in [Asked(), *asked]:
        found = previewed(session, world.workspace, saved.model, each)
        wanted = answer_funnel(session, world.workspace, saved, replace(question(each).funnel, model="steps"))
        assert rounded(found.rows) == rounded(wanted.rows), each
        assert found.meta["excluded"] == wanted.meta["excluded"]


YAML = """\
name: acpl
conversion: p3
goals:
  - {name: rich, rules: [{value: {gte: 100}}]}
  - {name: third, phase: p3}
phases:
  - {name: p1, rules: [{event: P1}, {event: P2}]}
  - {name: p3, rules: [{event: P3}]}
"""
SHOP = [
    Touch(1, NOON, 1, id="a"),
    Touch(1, NOON + HOUR, 2, id="b", value=200.0),
    Touch(2, NOON, 2, id="c"),
    Touch(2, NOON + DAY, 3, id="d"),
    Touch(3, NOON, 0, id="e", value=100.0),
]


async def post(world: Asking, body: str = YAML, token: str = "read", **parameters: Any) -> Any:
    headers = {"Authorization": f"Bearer {world.tokens[token]}", "Content-Type": "text/yaml"}
    return await world.client.post(PATH, content=body.encode(), headers=headers, params=parameters)


def shop(world: Asking, touches: Sequence[Touch] = SHOP) -> None:
    world.insert("journeys", journey_rows(journeys_of(touches, 90 * DAY), 3))
    world.add_touchpoints(*(touchpoint(each) for each in touches))


async def test_the_funnel_of_an_unsaved_model(world: Asking) -> None:
    shop(world)
    reply = await post(world)
    assert reply.status_code == 200, reply.text
    rows, meta = reply.json()["rows"], reply.json()["meta"]
    assert [(row["phase"], row["count"], row["dropped"]) for row in rows] == [("p1", 2, 1), ("p3", 1, 1)]
    assert list(rows[0]) == list((await world.rows("/v1/funnel"))[0])
    assert rows[1]["median_seconds"] == 86_400
    assert meta["goals"] == {"rich": 2, "third": 1}
    assert (meta["preview"], meta["build"], meta["excluded"]) == (
        True,
        None,
        {"unmapped": 1, "bot_touchpoints": 0},
    )
    assert (meta["model"], meta["order"], meta["unit"]) == ("acpl", "reached", "customer")


async def test_what_the_model_of_this_name_counts_now_stands_beside_it(world: Asking) -> None:
    shop(world)
    reply = await post(world, compare="true")
    assert [(row["phase"], row["count"], row["before"]) for row in reply.json()["rows"]] == [
        ("p1", 2, 2),
        ("p3", 1, 1),
    ]
    assert reply.json()["meta"]["before"]["phases"] == {"p1": 2, "p2": 2, "p3": 1}
    reply = await post(world, YAML.replace("name: acpl", "name: new"), compare="true")
    assert [row["before"] for row in reply.json()["rows"]] == [None, None]


async def test_the_coverage_of_an_unsaved_model(world: Asking) -> None:
    shop(world)
    reply = await post(world, show="coverage")
    rows = reply.json()["rows"]
    assert [(row["event"], row["count"], row["phase"]) for row in rows] == [
        ("P0", 1, None), ("P2", 2, "p1"), ("P1", 1, "p1"), ("P3", 1, "p3"),
    ]  # fmt: skip
    assert reply.json()["meta"]["preview"] is True


async def test_goals_count_touchpoints_in_the_range(world: Asking) -> None:
    shop(world)
    reply = await post(world, **{"from": iso(NOON + HOUR), "to": iso(NOON + DAY)})
    assert reply.json()["meta"]["goals"] == {"rich": 1, "third": 0}
    reply = await post(world, **{"from": iso(NOON + 9 * DAY)})
    assert reply.json()["meta"]["goals"] == {"rich": 0, "third": 0}
    assert [row["count"] for row in reply.json()["rows"]] == [0, 0]


async def test_every_problem_of_a_preview_is_named(world: Asking) -> None:
    reply = await post(
        world, YAML.replace("event: P3", "evnt: P3"), order="strict", unit="account", by="channel"
    )
    assert reply.status_code == 422
    fields = [each["field"] for each in reply.json()["problems"]]
    assert fields == ["by", "unit", "order", "the model line 8: phases[1].rules[0].evnt"]
    assert (await post(world, "")).status_code == 422
    assert (await post(world, token="write")).status_code == 403


async def test_a_preview_stores_nothing(world: Asking) -> None:
    shop(world)
    before = await world.rows("/v1/models")
    await post(world, YAML.replace("name: acpl", "name: new"))
    assert await world.rows("/v1/models") == before


async def test_a_workspace_that_nothing_was_folded_for_can_preview(empty_world: Asking) -> None:
    shop(empty_world)
    reply = await post(empty_world)
    assert [row["count"] for row in reply.json()["rows"]] == [2, 1]

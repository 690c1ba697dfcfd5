"""The paths and sequences that SQL counts are those of the definition, for random histories and questions."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from asking.fixtures import Tables
from asking.world import DAY, NOON, insert, journey_rows, model_of, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.paths import Asked, excluded, hops, sequences

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.builds import Build
from query_api.common import read_common
from query_api.parameters import Reader
from query_api.paths.answer import answer_paths, answer_sequences
from query_api.paths.question import PATHS, SEQUENCES, read_path_question

BUILD = Build(1, "v1", model_of(3))
HOUR = DAY // 24
GAP = 2 * DAY


def history_of(seed: int) -> list[Touch]:
    """250 customers; few hours and values, so that ties, repetitions and journeys alike are common."""
    draw = random.Random(seed)
    touches = (
        Touch(
            customer=draw.randint(1, 250),
            at=NOON + draw.choice([0, 1, 1, 2, 3, 5, 20, 21, 40]) * 6 * HOUR,
            phase=draw.randint(0, 3),
            seq=draw.randint(0, 1),
            id=f"e{n}",
            channel=draw.choice(["", "email", "store", "search"]),
        )
        for n in range(draw.choice([40, 1_600]))
    )
    return list(touches)


moments = st.none() | st.integers(0, 40).map(lambda n: NOON + n * 6 * HOUR)
NODES = {"phase": ["p1", "p2", "p3"], "event": ["P0", "P1", "P3"], "channel": ["(none)", "email", "store"]}


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    by = draw(st.sampled_from(sorted(NODES)))
    node = st.just("") | st.sampled_from(NODES[by])
    begin, over = draw(moments), draw(moments)
    ordered = begin is None or over is None or begin < over
    return Asked(
        by=by,
        phases=BUILD.phases,
        start=draw(node),
        end=draw(node),
        depth=draw(st.sampled_from([1, 2, 3, 5, 20])),
        collapse=draw(st.booleans()),
        nodes=draw(st.sampled_from([1, 2, 20])),
        begin=begin,
        over=over if ordered else None,
        channel=draw(st.sampled_from([None, None, "email"])),
    )


# Not shrunk: the message names the question, and shrinking thousands of queries takes minutes.
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(seed=st.integers(0, 1 << 30), asked=st.lists(questions(), min_size=8, max_size=8))
def test_every_question_counts_as_defined(tables: Tables, seed: int, asked: list[Asked]) -> None:
    """Kinds of nodes, ends, depths, folds and ranges, of the same random histories."""
    _, session, _ = tables
    history = history_of(seed)
    workspace = stored(session, history)
    journeys = journeys_of(history, GAP)
    for each in asked:
        question = read(PATHS, each, depth=each.depth, nodes=each.nodes)
        found = answer_paths(session, workspace, BUILD, question)
        assert ordered(found.rows) == ordered(hops(journeys, each)), each
        assert_balanced(found.rows, each.depth)
        whole = answer_sequences(session, workspace, BUILD, read(SEQUENCES, each))
        wanted = sequences(journeys, each)
        assert [cut(row) for row in whole.rows] == [cut(row) for row in wanted], each
        assert whole.meta["journeys"] == found.meta["journeys"] == sum(row["count"] for row in wanted)
        assert (
            whole.meta["excluded"]
            == found.meta["excluded"]
            == {**excluded(journeys, each), "bot_touchpoints": 0}
        )


def stored(session: Session, history: Sequence[Touch]) -> Workspace:
    """A workspace of its own with these touchpoints, folded; every third touchpoint lies there twice."""
    workspace = new_workspace(uuid.uuid4().hex)
    insert(session, workspace.name, "journeys", journey_rows(journeys_of(history, GAP), 3))
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in history])
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in history[::3]])
    return workspace


def read(known: Any, asked: Asked, **more: int) -> Any:
    given = {
        "by": asked.by,
        "start": asked.start or None,
        "end": asked.end or None,
        "collapse": str(asked.collapse).lower(),
        "from": None if asked.begin is None else iso(asked.begin),
        "to": None if asked.over is None else iso(asked.over),
        "where": None if asked.channel is None else f"channel:eq:{asked.channel}",
        **{name: str(value) for name, value in more.items()},
    }
    reader = Reader([(name, value) for name, value in given.items() if value is not None], known)
    question = read_path_question(reader, read_common(reader, "").range)
    reader.finish()
    return question


def ordered(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: (row["position"], row["from"] or "", row["to"] or ""))


def cut(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "share": round(row["share"], 9)}


def assert_balanced(rows: Sequence[Mapping[str, Any]], depth: int) -> None:
    """As many come to a node (or begin there) as go on from it or leave."""
    for column in range(2, depth + 1):
        into: dict[str, int] = {}
        out: dict[str, int] = {}
        for row in rows:
            if row["position"] == column - 1 and row["to"] is not None:
                into[row["to"]] = into.get(row["to"], 0) + row["count"]
            if row["position"] == column and row["from"] is not None:
                out[row["from"]] = out.get(row["from"], 0) + row["count"]
        assert into == out, column

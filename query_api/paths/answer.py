"""The answers about paths and sequences: plan, run, shape, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, LongAnswer, Row
from query_api.builds import Build
from query_api.filters import said
from query_api.meta import bots_left_out, facts_meta, range_meta, views_meta, workspace_meta
from query_api.paths.plan import Plan, plan_paths, plan_sequences
from query_api.paths.question import MORE, PathQuestion

_PATHS: dict[str, Kind] = {
    "from": "text",
    "to": "text",
    "position": "whole",
    "count": "whole",
    "share": "number",
    "median_seconds": "number",
}
_SEQUENCES: dict[str, Kind] = {
    "sequence": "nested",
    "count": "whole",
    "share": "number",
    "conversions": "whole",
    "median_seconds": "number",
}
_TIES = {
    "phase": "touchpoints of equal time stand in the order of their phases",
    "touched": "touchpoints of equal time stand in the order of sequence number and id",
}
_LEFT_OUT = {"nodes": "unmapped", "start": "without_start", "end": "without_end"}


def answer_paths(session: Session, workspace: Workspace, build: Build, question: PathQuestion) -> Answer:
    """One row per pair of nodes and position."""
    plan = plan_paths(question, build, workspace)
    rests_on = _rests_on(session, workspace, plan)
    found = session.rows(plan.sql, plan.values)
    left_out = {node: journeys for position, node, _, journeys, _ in found if position == 0}
    hops = [hop for hop in found if hop[0]]
    # Each path has one hop at the position where all begin, or all end.
    backwards = bool(question.end) and not question.start
    whole = question.depth if backwards else 1
    paths = sum(journeys for position, _, _, journeys, _ in hops if position == whole)
    rows: list[Row] = [
        {
            "from": node or None,
            "to": following or None,
            "position": position,
            "count": journeys,
            "share": journeys / paths,
            "median_seconds": _seconds(took),
        }
        for position, node, following, journeys, took in hops
    ]
    meta = {
        **_question_meta(question, build, workspace),
        "depth": question.depth,
        "aligned": "end" if backwards else "start",
        "nodes": question.nodes,
        "journeys": paths,
        **rests_on,
        **build.identities.meta,
        "excluded": {
            **_left_out(left_out),
            "bot_touchpoints": bots_left_out(session, workspace.name, question.range),
        },
    }
    return Answer(_PATHS, rows, meta)


def answer_sequences(
    session: Session, workspace: Workspace, build: Build, question: PathQuestion
) -> LongAnswer:
    """One row per sequence, the most frequent first."""
    plan = plan_sequences(question, build, workspace)
    rests_on = _rests_on(session, workspace, plan)
    # Before the stream: until its end nothing else can be asked of the session.
    bots = bots_left_out(session, workspace.name, question.range)
    found = chain.from_iterable(session.stream(plan.sql, plan.values))
    left_out: dict[str, int] = {}
    first: Sequence[Any] | None = None
    for row in found:
        if not row[0]:
            first = row
            break
        left_out[row[0]] = row[4]
    paths, sequences = first[-2:] if first is not None else (0, 0)
    end = sequences if question.limit is None else question.offset + question.limit
    meta = {
        **_question_meta(question, build, workspace),
        "journeys": paths,
        "sequences": sequences,
        **rests_on,
        **build.identities.meta,
        "excluded": {**_left_out(left_out), "bot_touchpoints": bots},
        "next": str(end) if end < sequences else None,
    }
    rows = found if first is None else chain([first], found)
    return LongAnswer(_SEQUENCES, (_sequence(row) for row in rows if row[1] > question.offset), meta)


def _sequence(found: Sequence[Any]) -> Row:
    _, _, nodes, longer, journeys, conversions, took, paths, _ = found
    return {
        "sequence": [*nodes, MORE] if longer else list(nodes),
        "count": journeys,
        "share": journeys / paths,
        "conversions": conversions,
        "median_seconds": _seconds(took),
    }


def _question_meta(question: PathQuestion, build: Build, workspace: Workspace) -> dict[str, Any]:
    return {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "by": question.by,
        "order": "time",
        "ties": _TIES["phase" if question.by == "phase" else "touched"],
        "unit": "journey",
        "window_ms": None,
        "basis": "started",
        "start": question.start or None,
        "end": question.end or None,
        "collapse": question.collapse,
        "where": said(question.where),
        "time_zone": workspace.time_zone,
        **workspace_meta(build, workspace),
        **range_meta(question.range),
    }


def _left_out(journeys: Mapping[str, int]) -> dict[str, int]:
    """Journeys without a node, and without the node that a path is to begin or end at."""
    return {name: journeys.get(reason, 0) for reason, name in _LEFT_OUT.items()}


def _rests_on(session: Session, workspace: Workspace, plan: Plan) -> dict[str, Any]:
    """Read first: the numbers may be newer than they say, never older."""
    return (facts_meta if plan.reads_touchpoints else views_meta)(session, workspace.name)


def _seconds(ms: float) -> float | None:
    return None if math.isnan(ms) else ms / 1000

"""From a question to a statement: which files it is made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.filters import compiled
from query_api.filters.sql import customer_values
from query_api.paths.question import MOST_NODES, PathQuestion
from query_api.sql import compose

_WHERE = "/*where*/"
_ALL = 1 << 62
"""More sequences than there can be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values."""

    sql: str
    values: Mapping[str, Any]
    reads_touchpoints: bool


def plan_paths(question: PathQuestion, build: Build, workspace: Workspace) -> Plan:
    """The transitions of all positions."""
    return _planned("paths", question, build, workspace)


def plan_sequences(question: PathQuestion, build: Build, workspace: Workspace) -> Plan:
    """The most frequent sequences."""
    return _planned("sequences", question, build, workspace)


def _planned(final: str, question: PathQuestion, build: Build, workspace: Workspace) -> Plan:
    reads = question.by != "phase" or bool(question.where)
    touches = {"owned": build.identities.owned, "touches": "touches"} if reads else {}
    met = compiled(question.where, "where")
    parts = {**touches, **_journeys(question), "visits": _visits(question), "walks": "walks"}
    values = {
        **build.identities.touchpoints(workspace.name),
        "build": build.number,
        **question.range.bounds,
        "goal": build.phases.index(build.model.conversion) + 1,
        "phases": build.phases,
        "node": question.by,
        "collapse": question.collapse,
        "start": question.start,
        "end": question.end,
        "depth": question.depth,
        "nodes": question.nodes,
        "most": MOST_NODES,
        "limit": _ALL if question.limit is None else question.limit,
        "offset": question.offset,
    }
    if question.where:
        values |= {**met.parameters, **customer_values(build, workspace, question.range, within=False)}
    return Plan(compose(final, **parts).replace(_WHERE, met.sql), values, reads)


def _journeys(question: PathQuestion) -> dict[str, str]:
    if not question.where:
        return {"path_journeys": "path_journeys"}
    return {"journeys_found": "path_journeys", "path_journeys": "path_journeys_met"}


def _visits(question: PathQuestion) -> str:
    return "path_visits_phase" if question.by == "phase" else "path_visits_touched"

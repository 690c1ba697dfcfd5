"""From a question about journeys to the statement that chooses them, and what it binds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.filters import compiled, customer_values
from query_api.journeys.question import JourneysQuestion
from query_api.parameters import EARLIEST, LATEST
from query_api.sql import compose

_DAY_MS = 86_400_000
_MOST_ROWS = (1 << 32) - 2
_LAST_KEY = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values; `limit` is one less than the rows that it asks for."""

    sql: str
    values: Mapping[str, Any]
    limit: int
    reads_touchpoints: bool


def live_from(workspace: Workspace, now: int) -> int:
    """Ms: a journey whose last touchpoint is from then or later may still go on."""
    return now - int(workspace.gap_days * _DAY_MS)


def plan_journeys(question: JourneysQuestion, build: Build, workspace: Workspace, now: int) -> Plan:
    """The cheapest statement that chooses the journeys of a page, and one more."""
    parts, values = _parts(question, build, workspace)
    by_phase = question.phase is not None or question.stuck_for is not None
    sql = compose("journeys_in_phase" if by_phase else "journeys_chosen", **parts)
    limit = question.limit or _MOST_ROWS
    bound = {
        **_common_values(question, build, workspace, live_from(workspace, now)),
        "after_over": question.after.over,
        "after_customer": question.after.customer,
        "limit": limit + 1,
        **(_phase_values(question, build, live_from(workspace, now), now) if by_phase else {}),
    }
    filters = compiled(question.where, "w")
    return Plan(sql.replace("/*where*/", filters.sql), bound | values, limit, bool(question.where))


def _parts(
    question: JourneysQuestion, build: Build, workspace: Workspace
) -> tuple[dict[str, str], dict[str, Any]]:
    if not question.where:
        return {"journeys_ended": "journeys_ended"}, {}
    values = {
        **customer_values(build, workspace, question.range, within=False),
        **compiled(question.where, "w").parameters,
    }
    touches = {"owned": build.identities.owned, "touches": "touches"}
    return {**touches, "journeys_found": "journeys_ended", "journeys_ended": "journeys_met"}, values


def _common_values(
    question: JourneysQuestion, build: Build, workspace: Workspace, live: int
) -> dict[str, Any]:
    least = [EARLIEST]
    if question.since is not None:
        least.append(question.since)
    if question.live:
        least.append(live)
    return {
        "workspace": workspace.name,
        "build": build.number,
        "first_customer": question.customer or 0,
        "last_customer": _LAST_KEY if question.customer is None else question.customer,
        **question.range.bounds,
        "ended_from": max(least),
        "ended_before": live if question.live is False else LATEST + 1,
    }


def _phase_values(question: JourneysQuestion, build: Build, live: int, now: int) -> dict[str, Any]:
    return {
        "phase": 0 if question.phase is None else build.phases.index(question.phase) + 1,
        "stuck": question.stuck_for is not None,
        "stuck_before": now - (question.stuck_for or 0),
        "live_from": live,
        "conversion": conversion_of(build),
    }


def conversion_of(build: Build) -> int:
    """The position of the model's conversion phase."""
    return build.phases.index(build.model.conversion) + 1

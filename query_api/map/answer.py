"""The answers of the journey map: plan, run, shape, and what they rest on."""

from __future__ import annotations

from typing import Any

from etappe.clock import iso
from etappe.phases import phase_expression
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind
from query_api.builds import Build
from query_api.filters import compiled, said
from query_api.filters.sql import customer_values
from query_api.identity.names import hex_of
from query_api.map.question import CellQuestion, MapQuestion
from query_api.meta import TIES, bots_left_out, facts_meta, range_meta
from query_api.sql import compose, with_phases

_ALL = 5_000_000
_WHERE = "/*where*/"
_CELLS: dict[str, Kind] = {
    "channel": "text",
    "phase": "text",
    "position": "whole",
    "customers": "whole",
    "onward": "whole",
    "onward_rate": "number",
    "touchpoints": "whole",
    "interactive": "whole",
    "static": "whole",
    "human": "whole",
    "sentiment": "number",
    "felt": "whole",
}
_PEOPLE: dict[str, Kind] = {
    "customer": "text",
    "reached_at": "text",
    "last_at": "text",
    "last_event": "text",
    "channel": "text",
}
_RULES = "a customer is met in every channel and phase with one of its touchpoints in the range"


def answer_map(session: Session, workspace: Workspace, build: Build, question: MapQuestion) -> Answer:
    """One row per channel and phase in which somebody was met."""
    rests_on = facts_meta(session, workspace.name)
    sql, values = _planned("map_cells", workspace, build, question)
    rows = [
        {
            "channel": channel or None,
            "phase": build.phases[position - 1],
            "position": position,
            "customers": customers,
            "onward": onward,
            "onward_rate": onward / customers,
            "touchpoints": touchpoints,
            "interactive": interactive,
            "static": static,
            "human": human,
            "sentiment": sentiment,
            "felt": felt,
        }
        for channel, position, customers, onward, touchpoints, interactive, static, human, sentiment, felt in (
            session.rows(sql, values)
        )
    ]
    return Answer(_CELLS, rows, _meta(session, workspace, build, question, rests_on))


def answer_cell(session: Session, workspace: Workspace, build: Build, question: CellQuestion) -> Answer:
    """The customers of one cell, those who came last first."""
    rests_on = facts_meta(session, workspace.name)
    sql, values = _planned("map_people", workspace, build, question.map)
    position = build.phases.index(question.phase) + 1
    most = question.limit or _ALL
    paged = {"channel": question.channel, "position": position, "most": most + 1, "skipped": question.offset}
    found = session.rows(sql, {**values, **paged})
    rows = [
        {
            "customer": hex_of(customer),
            "reached_at": iso(reached),
            "last_at": iso(last),
            "last_event": event,
            "channel": question.channel or None,
        }
        for customer, reached, last, event in found[:most]
    ]
    meta = {
        **_meta(session, workspace, build, question.map, rests_on),
        "phase": question.phase,
        "channel": question.channel or None,
        "next": str(question.offset + most) if len(found) > most else None,
    }
    return Answer(_PEOPLE, rows, meta)


def _planned(
    final: str, workspace: Workspace, build: Build, question: MapQuestion
) -> tuple[str, dict[str, Any]]:
    met = compiled(question.where, "where")
    sql = compose(final, owned=build.identities.owned, touches="touches", met="map_met")
    sql, values = with_phases(sql, [phase_expression(build.model, "m")])
    bound = customer_values(build, workspace, question.range, within=False)
    return sql.replace(_WHERE, met.sql), {**values, **bound, **met.parameters}


def _meta(
    session: Session, workspace: Workspace, build: Build, question: MapQuestion, rests_on: dict[str, Any]
) -> dict[str, Any]:
    return {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "unit": "customer",
        "counted": _RULES,
        "ties": TIES,
        "where": said(question.where),
        **range_meta(question.range),
        **rests_on,
        **build.identities.meta,
        "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.range)},
    }

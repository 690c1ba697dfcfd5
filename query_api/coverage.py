"""Which kinds of touchpoints there are and what a phase model makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etappe.phases import phase_expression
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind
from query_api.builds import Build
from query_api.common import COMMON, Range
from query_api.funnel.question import MODEL
from query_api.meta import bots_left_out, facts_meta, range_meta
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader
from query_api.sql import text_of, with_phases

_COLUMNS: dict[str, Kind] = {
    "event": "text",
    "channel": "text",
    "contact": "text",
    "offline": "flag",
    "count": "whole",
    "phase": "text",
}

PARAMETERS: tuple[Parameter[Any], ...] = (MODEL, LIMIT, OFFSET, *COMMON)


@dataclass(frozen=True, slots=True)
class CoverageQuestion:
    model: str
    range: Range
    limit: int | None
    offset: int


def read_coverage_question(reader: Reader, asked: Range) -> CoverageQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return CoverageQuestion(reader.take(MODEL), asked, reader.take(LIMIT), reader.take(OFFSET))


def answer_coverage(
    session: Session, workspace: Workspace, build: Build, question: CoverageQuestion
) -> Answer:
    """Kinds of touchpoints with count and phase: those without a phase first, then the most frequent."""
    rests_on = facts_meta(session, workspace.name)
    sql, values = with_phases(text_of("coverage"), [phase_expression(build.model, "m")])
    found = session.rows(sql, {**values, "workspace": workspace.name, **question.range.bounds})
    end = len(found) if question.limit is None else question.offset + question.limit
    rows = [
        {
            "event": event,
            "channel": channel or None,
            "contact": contact or None,
            "offline": offline,
            "count": count,
            "phase": build.phases[position - 1] if position else None,
        }
        for event, channel, contact, offline, position, count in found[question.offset : end]
    ]
    meta = {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        **range_meta(question.range),
        **rests_on,
        **build.identities.meta,
        "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.range)},
        "next": str(end) if end < len(found) else None,
    }
    return Answer(_COLUMNS, rows, meta)

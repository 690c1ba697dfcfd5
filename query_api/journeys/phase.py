"""The phase that a customer was in on a date, by what is known today."""

from __future__ import annotations

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind
from query_api.builds import Build
from query_api.identity.names import check_customer, hex_of
from query_api.journeys.plan import live_from
from query_api.journeys.question import PhaseQuestion
from query_api.meta import views_meta
from query_api.sql import text_of

_COLUMNS: dict[str, Kind] = {
    "customer": "text",
    "at": "text",
    "phase": "text",
    "since": "text",
    "furthest_phase": "text",
    "journey": "whole",
    "live": "flag",
}


def answer_phase(
    session: Session, workspace: Workspace, build: Build, question: PhaseQuestion, now: int
) -> Answer:
    """One row; NotFound where there is no such customer (any more)."""
    rests_on = views_meta(session, workspace.name)
    at = now if question.at is None else question.at
    bound = {
        "workspace": workspace.name,
        "build": build.number,
        "customer": question.customer,
        "at": at,
    }
    rows = session.rows(text_of("phase_at"), bound)
    if not rows:
        check_customer(session, workspace.name, build.identities, question.customer)
    number, last, position, entered, furthest = rows[0] if rows else (0, 0, 0, 0, 0)
    row = {
        "customer": hex_of(question.customer),
        "at": iso(at),
        "phase": build.phases[position - 1] if position else None,
        "since": iso(entered) if position else None,
        "furthest_phase": build.phases[furthest - 1] if furthest else None,
        "journey": number or None,
        "live": number > 0 and last >= live_from(workspace, at),
    }
    meta = {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "gap_days": workspace.gap_days,
        "ties": "of touchpoints of equal time the one of the furthest phase came last",
        "range": "not applied: at one time",
        **rests_on,
        **build.identities.meta,
    }
    return Answer(_COLUMNS, [row], meta)

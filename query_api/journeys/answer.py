"""The answer to a question about journeys: choose a page, tell about its journeys, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.warehouse.session import Row as Found
from etappe.workspaces import Workspace
from query_api.answer import Kind, LongAnswer, Row
from query_api.builds import Build
from query_api.filters import said
from query_api.identity.names import hex_of
from query_api.journeys.plan import conversion_of, live_from, plan_journeys
from query_api.journeys.question import JourneysQuestion, Place
from query_api.meta import bots_left_out, facts_meta, range_meta, views_meta
from query_api.sql import text_of

_COLUMNS: dict[str, Kind] = {
    "customer": "text",
    "journey": "whole",
    "started_at": "text",
    "ended_at": "text",
    "touchpoints": "whole",
    "phase": "text",
    "furthest_phase": "text",
    "phases": "nested",
    "skipped": "nested",
    "regressions": "whole",
    "reentries": "whole",
    "stuck_since": "text",
    "channels": "nested",
    "contacts": "nested",
    "value": "number",
    "sentiment": "number",
    "sentiment_curve": "nested",
}
_CONTACTS = ("interactive", "static", "human", "online", "offline")
_TIES = "touchpoints of equal time stand in the order of their phases"
_AT_ONCE = 20_000
"""Customers in one statement."""
_TOLD_AT_ONCE = 60_000
"""Journeys in memory: each such group is one way through the table, since customers lie in another order."""

T = TypeVar("T")

Key = tuple[int, int]
"""A customer, and the number of a journey of theirs."""


def answer_journeys(
    session: Session, workspace: Workspace, build: Build, question: JourneysQuestion, now: int
) -> LongAnswer:
    """One row a journey, newest end first."""
    plan = plan_journeys(question, build, workspace, now)
    # Watermarks first: what is shown may be newer than they say, never older.
    rests_on = (facts_meta if plan.reads_touchpoints else views_meta)(session, workspace.name)
    chosen = session.rows(plan.sql, plan.values)
    page = chosen[: plan.limit]
    meta = {
        **_question_meta(question, build, workspace, now),
        **rests_on,
        **build.identities.meta,
        "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.range)},
        "next": str(Place(page[-1][2], page[-1][0])) if len(chosen) > len(page) else None,
    }
    return LongAnswer(_COLUMNS, _rows(session, workspace, build, page, live_from(workspace, now)), meta)


def _rows(
    session: Session, workspace: Workspace, build: Build, page: Sequence[Found], live: int
) -> Iterator[Row]:
    """Some at a time, so that a complete list takes no more memory than a page."""
    for some in _in_groups(page, _TOLD_AT_ONCE):
        told = _told(session, workspace.name, build, some)
        for customer, number, _ in some:
            # A journey that was folded anew between the two statements may be gone.
            if (customer, number) in told:
                yield _row(told[customer, number], build, live)


def _told(session: Session, workspace: str, build: Build, page: Sequence[Found]) -> dict[Key, Found]:
    """All about each journey of the page, read in the order in which customers are stored."""
    wanted = {(customer, number) for customer, number, _ in page}
    customers = sorted({customer for customer, _ in wanted})
    told: dict[Key, Found] = {}
    for some in _in_groups(customers, _AT_ONCE):
        bound = {"workspace": workspace, "build": build.number, "customers": some}
        rows = session.rows(text_of("journeys_told"), bound)
        told.update(((row[0], row[1]), row) for row in rows if (row[0], row[1]) in wanted)
    return told


def _in_groups(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[n : n + size] for n in range(0, len(items), size))


def _row(found: Found, build: Build, live: int) -> Row:
    customer, number, began, over, size, value, furthest, position, entered = found[:9]
    reached, dwells, counts, regressions, reentries, channels, contacts, curve = found[9:]
    names = build.phases
    is_stuck = over >= live and position > 0 and furthest < conversion_of(build)
    return {
        "customer": hex_of(customer),
        "journey": number,
        "started_at": iso(began),
        "ended_at": iso(over),
        "touchpoints": size,
        "phase": names[position - 1] if position else None,
        "furthest_phase": names[furthest - 1] if furthest else None,
        "phases": [
            {"phase": name, "first_at": iso(first), "dwell_seconds": dwell / 1000, "touchpoints": count}
            for name, first, dwell, count in zip(names, reached, dwells, counts, strict=True)
            if first >= 0
        ],
        "skipped": [name for name, first in zip(names[:furthest], reached, strict=False) if first < 0],
        "regressions": regressions,
        "reentries": reentries,
        "stuck_since": iso(entered) if is_stuck else None,
        "channels": [{"channel": channel or None, "touchpoints": count} for channel, count in channels],
        "contacts": dict(zip(_CONTACTS, contacts, strict=True)),
        "value": value,
        "sentiment": sum(felt for _, felt in curve) / len(curve) if curve else None,
        "sentiment_curve": [[iso(at), felt] for at, felt in curve],
    }


def _question_meta(
    question: JourneysQuestion, build: Build, workspace: Workspace, now: int
) -> dict[str, Any]:
    return {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "conversion": build.model.conversion,
        "unit": "journey",
        "order": "newest end first",
        "window_ms": None,
        "basis": "started",
        "ties": _TIES,
        "now": iso(now),
        "gap_days": workspace.gap_days,
        "phase": question.phase,
        "stuck_for_ms": question.stuck_for,
        "since": None if question.since is None else iso(question.since),
        "live": question.live,
        "customer": None if question.customer is None else hex_of(question.customer),
        "where": said(question.where),
        **range_meta(question.range),
    }

"""The answer to a funnel question: plan, run, shape, and what it rests on."""

from __future__ import annotations

from typing import Any

from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer
from query_api.builds import Build
from query_api.filters import said
from query_api.funnel.measures import Measures, measure_funnel
from query_api.funnel.plan import Plan, plan_funnel
from query_api.funnel.question import FunnelQuestion
from query_api.funnel.shape import funnel_columns, shape_funnel
from query_api.meta import TIES, bots_left_out, facts_meta, range_meta, views_meta, workspace_meta
from query_api.sql import text_of


def answer_funnel(session: Session, workspace: Workspace, build: Build, question: FunnelQuestion) -> Answer:
    """Run the question on an active build."""
    plan = plan_funnel(question, build, workspace)
    # Watermarks first: the numbers may be newer than they say, never older.
    rests_on = (facts_meta if plan.reads_touchpoints else views_meta)(session, workspace.name)
    measures = measure_funnel(session, plan)
    meta = {
        **question_meta(question, build, workspace),
        **rests_on,
        **build.identities.meta,
        "excluded": _excluded(session, workspace, question, plan, measures),
    }
    return Answer(funnel_columns(question), shape_funnel(question, build.phases, measures), meta)


def question_meta(question: FunnelQuestion, build: Build, workspace: Workspace) -> dict[str, Any]:
    return {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "order": question.order,
        "unit": question.unit,
        "window_ms": question.window,
        "basis": question.basis,
        "by": None if question.by is None else str(question.by),
        "where": said(question.where),
        "touch": question.touch,
        "interval": question.interval,
        "time_zone": workspace.time_zone,
        "ties": TIES,
        **workspace_meta(build, workspace),
        **range_meta(question.range),
    }


def _excluded(
    session: Session, workspace: Workspace, question: FunnelQuestion, plan: Plan, measures: Measures
) -> dict[str, int]:
    """How many were left out: units without any phase, touchpoints of bots, customers without an account."""
    excluded = {
        "unmapped": measures.unmapped,
        "bot_touchpoints": bots_left_out(session, workspace.name, question.range),
    }
    if question.unit == "account":
        ((count,),) = session.rows(text_of("without_account"), plan.values)
        excluded["without_account"] = count
    return excluded

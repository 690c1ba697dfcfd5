"""The answer to a question about steps: plan, run, shape, and what it rests on."""

from __future__ import annotations

from typing import Any

from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer
from query_api.builds import Build
from query_api.filters import customer_values, said
from query_api.meta import TIES, bots_left_out, facts_meta, range_meta, workspace_meta
from query_api.sql import text_of
from query_api.steps.measures import Measures, measure_steps
from query_api.steps.plan import plan_steps
from query_api.steps.question import StepsQuestion
from query_api.steps.shape import shape_steps, steps_columns


def answer_steps(session: Session, workspace: Workspace, build: Build, question: StepsQuestion) -> Answer:
    """Run the question with the identities of a build."""
    # Watermarks first: the numbers may be newer than they say, never older.
    rests_on = facts_meta(session, workspace.name)
    measures = measure_steps(session, plan_steps(question, build, workspace))
    meta = {
        **question_meta(question, build, workspace),
        **rests_on,
        **build.identities.meta,
        "excluded": _excluded(session, workspace, build, question, measures),
    }
    return Answer(steps_columns(question), shape_steps(question, measures), meta)


def question_meta(question: StepsQuestion, build: Build, workspace: Workspace) -> dict[str, Any]:
    """The question as it was understood."""
    return {
        "steps": [_step_meta(question, n) for n in range(len(question.steps))],
        "order": question.order,
        "unit": question.unit,
        "window_ms": question.window,
        "by": ",".join(map(str, question.by)) or None,
        "touch": question.touch,
        "hold": question.hold,
        "exclude": [
            {"event": each.event, "after": each.after, "before": each.before, "where": said(each.test.where)}
            for each in question.exclude
        ],
        "ties": TIES,
        **workspace_meta(build, workspace),
        **range_meta(question.range),
    }


def _step_meta(question: StepsQuestion, n: int) -> dict[str, Any]:
    step = question.steps[n]
    return {
        "name": step.name,
        "any_of": [{"event": test.event, "where": said(test.where)} for test in step.tests],
        "optional": step.optional,
        "first_time": step.first_time,
    }


def _excluded(
    session: Session, workspace: Workspace, build: Build, question: StepsQuestion, measures: Measures
) -> dict[str, int]:
    """How many were left out: void by an exclusion, touchpoints of bots, customers without an account."""
    excluded = {
        "void": measures.void,
        "bot_touchpoints": bots_left_out(session, workspace.name, question.range),
    }
    if question.unit == "account":
        bound = customer_values(build, workspace, question.range, within=True)
        ((count,),) = session.rows(text_of("without_account"), bound)
        excluded["without_account"] = count
    return excluded

"""The step funnel asked for in the terms of the reference, answered by the product's own steps."""

from __future__ import annotations

from typing import Any

from reference.step_funnel import Asked, Test

from etappe.clock import iso
from etappe.errors import BadInput, Problem
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, LongAnswer
from query_api.builds import Build
from query_api.steps.answer import answer_steps
from query_api.steps.people import StepPeopleQuestion, answer_people, read_people
from query_api.steps.question import StepsQuestion
from query_api.steps.read import read_steps


def body_of(asked: Asked) -> dict[str, Any]:
    """What a client would send."""
    body = {
        "steps": [
            {
                **(
                    _test(step.tests[0])
                    if len(step.tests) == 1
                    else {"any_of": [_test(t) for t in step.tests]}
                ),
                "name": step.tests[0][0],
                "optional": step.optional,
                "first_time": step.first_time,
            }
            for step in asked.steps
        ],
        "order": asked.order,
        "unit": asked.unit,
        "from": None if asked.begin is None else iso(asked.begin),
        "to": None if asked.end is None else iso(asked.end),
        "window": None if asked.window is None else f"{asked.window}ms",
        "by": ",".join(f"property:{name}" for name in asked.by) or None,
        "touch": asked.touch,
        "hold": asked.hold and f"properties.{asked.hold}",
        "exclude": [{**_test(e.test), "after": e.after, "before": e.before} for e in asked.exclude],
    }
    return {name: value for name, value in body.items() if value is not None}


def _test(test: Test) -> dict[str, Any]:
    event, plan = test
    where = [{"field": "properties.plan", "op": "eq", "value": plan}] if plan else []
    return {"event": event, "where": where}


def read(body: dict[str, Any]) -> StepsQuestion:
    """The question; BadInput as a client would get it."""
    problems: list[Problem] = []
    question = read_steps(body, lambda *problem: problems.append(Problem(*problem)))
    if problems:
        raise BadInput(*problems)
    return question


def read_cell(body: dict[str, Any]) -> StepPeopleQuestion:
    problems: list[Problem] = []
    question = read_people(body, lambda *problem: problems.append(Problem(*problem)))
    if problems:
        raise BadInput(*problems)
    return question


def answered(session: Session, workspace: Workspace, build: Build, asked: Asked) -> Answer:
    """From the body of a request to the answer."""
    return answer_steps(session, workspace, build, read(body_of(asked)))


def people(session: Session, workspace: Workspace, build: Build, asked: Asked, **cell: Any) -> LongAnswer:
    """Who is behind a number."""
    return answer_people(session, workspace, build, read_cell({**body_of(asked), **cell}))

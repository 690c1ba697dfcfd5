"""The people behind one number of the step funnel: the same units, listed instead of counted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import LongAnswer, Row
from query_api.builds import Build
from query_api.funnel.people import CURSOR, Place
from query_api.identity.names import hex_of
from query_api.meta import bots_left_out, facts_meta
from query_api.pages import LIMIT
from query_api.people import in_groups, last_touches, people_columns
from query_api.sql import text_of
from query_api.steps.answer import question_meta
from query_api.steps.measures import hard_ones
from query_api.steps.plan import Plan, plan_steps
from query_api.steps.question import StepsQuestion
from query_api.steps.read import FUNNEL_FIELDS, read_steps

_MOST_ROWS = (1 << 32) - 4


@dataclass(frozen=True, slots=True)
class StepPeopleQuestion:
    """A cell of a funnel: `step` from 1; `group` None: all, empty: those without a value.

    `dropped`: only those that got no further.
    """

    funnel: StepsQuestion
    step: int
    dropped: bool
    group: str | None
    limit: int | None
    after: Place


class _Found(NamedTuple):
    """Somebody in the cell: `arrived` in ms, `customer` who did the step."""

    arrived: int
    whose: int
    journey: int
    account: str
    customer: int

    @property
    def rank(self) -> tuple[int, int, int, str]:
        return -self.arrived, self.whose, self.journey, self.account


def read_people(body: Mapping[str, object], refuse: Callable[[str, object, str], None]) -> StepPeopleQuestion:
    """The question; what is wrong with it is left with `refuse`, and then it is not to be asked."""
    known = (*FUNNEL_FIELDS, "step", "state", "group", "limit", "cursor")
    funnel = read_steps(body, refuse, known)
    step, state, limit = body.get("step"), body.get("state", "reached"), body.get("limit")
    most = max(1, len(funnel.steps))
    if isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= most:
        refuse("step", step, f"the number of a step, 1 to {most}")
        step = 1
    if state not in ("reached", "dropped"):
        refuse("state", state, "one of reached, dropped; default reached")
    if limit is not None and (
        isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 100_000
    ):
        refuse("limit", limit, LIMIT.wanted)
        limit = None
    after = _cursor(body.get("cursor"), refuse)
    return StepPeopleQuestion(funnel, step, state == "dropped", _group(body, funnel, refuse), limit, after)


def _group(
    body: Mapping[str, object], funnel: StepsQuestion, refuse: Callable[[str, object, str], None]
) -> str | None:
    """As the rows of the funnel name it: null for those without a value."""
    if "group" not in body:
        if funnel.apart:
            refuse(
                "group",
                None,
                "a value of `by`, or null: with touch=all one customer may be in several groups",
            )
        return None
    value = body["group"]
    if not funnel.by and value is not None:
        refuse("group", value, "a field `by` beside it")
    if not isinstance(value, str | None):
        refuse("group", value, "a text, or null for those without a value")
    return value if isinstance(value, str) else ""


def _cursor(value: object, refuse: Callable[[str, object, str], None]) -> Place:
    if value is None:
        return Place()
    try:
        if isinstance(value, str):
            return CURSOR.read(value)
    except ValueError:
        pass
    refuse("cursor", value, CURSOR.wanted)
    return Place()


def answer_people(
    session: Session, workspace: Workspace, build: Build, question: StepPeopleQuestion
) -> LongAnswer:
    """Who counts in the cell, those who arrived last first."""
    meta = facts_meta(session, workspace.name)
    plan = plan_steps(question.funnel, build, workspace)
    found = _found(session, plan, question)
    page = found if question.limit is None else found[: question.limit]
    return LongAnswer(
        people_columns(question.funnel.unit),
        _rows(session, workspace, build, question.funnel, page),
        {
            **question_meta(question.funnel, build, workspace),
            "step": question.step,
            "state": "dropped" if question.dropped else "reached",
            "group": question.group,
            **meta,
            **build.identities.meta,
            "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.funnel.range)},
            "next": str(_after(page[-1])) if len(page) < len(found) else None,
        },
    )


def _after(last: _Found) -> Place:
    return Place(last.arrived, last.whose, last.journey, last.account)


def _found(session: Session, plan: Plan, question: StepPeopleQuestion) -> list[_Found]:
    """One more than the page holds, so that it is known whether there is a next one."""
    wanted = (question.limit or _MOST_ROWS) + 1
    if plan.question.has_options:
        rows: list[_Found] = []
        hard = True
    else:
        rows, hard = _of_engine(session, plan, question, wanted)
    if hard:
        after = _after_rank(question.after)
        rows += [each for each in _decided(session, plan, question) if each.rank > after]
    return sorted(rows, key=lambda each: each.rank)[:wanted]


def _after_rank(place: Place) -> tuple[int, int, int, str]:
    return -place.arrived, place.customer, place.number, place.account


def _of_engine(
    session: Session, plan: Plan, question: StepPeopleQuestion, wanted: int
) -> tuple[list[_Found], bool]:
    """Those that statements decide, and whether there are others."""
    after = question.after
    values = {
        **plan.values,
        "step": question.step,
        "dropped": question.dropped,
        "any_group": question.group is None,
        "group": question.group or "",
        "limit": wanted + 1,
        "after_arrived": after.arrived,
        "after_customer": after.customer,
        "after_number": after.number,
        "after_account": after.account,
    }
    if plan.plain:
        rows = session.rows(plan.of_plain("step_people"), values)
        if not (rows and rows[0][0]):
            return [_Found(*rest) for _, *rest in rows], False
    rows = session.rows(plan.of_attempts("step_people"), values)
    return [_Found(*rest) for hard, *rest in rows if not hard], bool(rows and rows[0][0])


def _decided(session: Session, plan: Plan, question: StepPeopleQuestion) -> list[_Found]:
    """Those that statements cannot decide."""
    found = []
    for (account, whose, journey), filled in hard_ones(session, plan):
        touch = filled.touches.get(question.step)
        dropped = filled.furthest == question.step
        if touch and (dropped or not question.dropped) and question.group in (None, filled.value):
            found.append(_Found(touch.at, whose, journey, account, touch.customer))
    return found


def _rows(
    session: Session, workspace: Workspace, build: Build, question: StepsQuestion, page: Sequence[_Found]
) -> Iterator[Row]:
    """Some at a time, as they are written."""
    for some in in_groups(page):
        spans = _spans(session, workspace, build, sorted({each.customer for each in some}))
        seen = [_seen(each, spans, question) for each in some]
        wanted = [(found.customer, over) for found, (_, over) in zip(some, seen, strict=True)]
        touches = last_touches(session, workspace.name, build.identities, wanted)
        for found, (journey, over) in zip(some, seen, strict=True):
            yield _row(found, journey, over, touches.of(found.customer, over))


_Spans = Mapping[int, tuple[Sequence[int], Sequence[int]]]
"""By customer when the journeys began and ended, in ms."""


def _spans(session: Session, workspace: Workspace, build: Build, customers: Sequence[int]) -> _Spans:
    bound = {"workspace": workspace.name, "build": build.number, "customers": list(customers)}
    return {
        customer: (began, over) for customer, began, over in session.rows(text_of("step_last_seen"), bound)
    }


def _seen(found: _Found, spans: _Spans, question: StepsQuestion) -> tuple[int, int]:
    """The number of the journey in which the step was done, and when the last touchpoint was."""
    began, over = spans.get(found.customer, ([found.arrived], [found.arrived]))
    journey = max(1, bisect_right(began, found.arrived))
    return journey, over[journey - 1] if question.unit == "journey" else over[-1]


def _row(found: _Found, journey: int, over: int, last: tuple[str, str]) -> Row:
    row: Row = {
        "customer": hex_of(found.customer),
        "journey": journey,
        "reached_at": iso(found.arrived),
        "last_at": iso(over),
        "last_event": last[0] or None,
        "channel": last[1] or None,
    }
    return {"account": found.account, **row} if found.account else row

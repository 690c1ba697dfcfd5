"""The people behind one number of the phase funnel: the same units, listed instead of counted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from etappe.clock import iso
from etappe.phases.source import did_you_mean
from etappe.warehouse import Session
from etappe.warehouse.session import Row as Found
from etappe.workspaces import Workspace
from query_api.answer import LongAnswer, Row
from query_api.builds import Build
from query_api.common import Range
from query_api.funnel.answer import question_meta
from query_api.funnel.plan import plan_units
from query_api.funnel.question import CHOICE, FunnelQuestion, read_choice
from query_api.identity.generations import Identities
from query_api.identity.names import hex_of
from query_api.meta import bots_left_out, facts_meta
from query_api.pages import LIMIT
from query_api.parameters import Parameter, Reader, one_of, read_duration
from query_api.people import LastTouches, in_groups, last_touches, people_columns

_NEVER = (1 << 63) - 1
_MOST_ROWS = (1 << 32) - 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: what the rows are ordered by, of its last one. `arrived` in ms, latest first."""

    arrived: int = _NEVER
    customer: int = 0
    number: int = 0
    account: str = ""

    def __str__(self) -> str:
        told = orjson.dumps([self.arrived, self.customer, self.number, self.account])
        return base64.urlsafe_b64encode(told).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class PeopleQuestion:
    """A cell of a funnel: `phase` by name; `group` and `period` None: all, empty: those without.

    `dropped`: only those that got no further; `stuck_for` (ms): who has done nothing since.
    """

    funnel: FunnelQuestion
    phase: str
    dropped: bool
    group: str | None
    period: str | None
    stuck_for: int | None
    limit: int | None
    after: Place


def _read_place(text: str) -> Place:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ValueError(text) from error
    match told:
        case [int(arrived), int(customer), int(number), str(account)] if (
            0 <= arrived <= _NEVER and 0 <= customer < 1 << 64 and 0 <= number < 1 << 32
        ):
            return Place(arrived, customer, number, account)
    raise ValueError(text)


def _read_period(text: str) -> str:
    return str(date.fromisoformat(text))


PHASE = Parameter("phase", "a phase of the model", str, "", required=True)
STATE = one_of("state", ("reached", "dropped"), "reached")
GROUP: Parameter[str | None] = Parameter(
    "group", "a value of `by`, empty for those without one; default all", str, None
)
PERIOD: Parameter[str | None] = Parameter(
    "period", "the first day of a period, like 2026-11-01; default all", _read_period, None,
    schema={"type": "string", "format": "date"},
)  # fmt: skip
STUCK_FOR: Parameter[int | None] = Parameter(
    "stuck_for", "with state=dropped: a duration without any touchpoint since, like 7d", read_duration, None,
    schema={"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"},
)  # fmt: skip
CURSOR = Parameter("cursor", "what meta.next gave", _read_place, Place())

PARAMETERS: tuple[Parameter[Any], ...] = (*CHOICE, PHASE, STATE, GROUP, PERIOD, STUCK_FOR, LIMIT, CURSOR)


def read_people_question(reader: Reader, asked: Range) -> PeopleQuestion:
    """The question; what is wrong with it is left with `reader`."""
    question = PeopleQuestion(
        funnel=read_choice(reader, asked),
        phase=reader.take(PHASE),
        dropped=reader.take(STATE) == "dropped",
        group=reader.take(GROUP),
        period=reader.take(PERIOD),
        stuck_for=reader.take(STUCK_FOR),
        limit=reader.take(LIMIT),
        after=reader.take(CURSOR),
    )
    if question.group is not None and question.funnel.by is None:
        reader.refuse("group", question.group, "a parameter `by` beside it")
    if question.period is not None and question.funnel.interval is None:
        reader.refuse("period", question.period, "a parameter `interval` beside it")
    if question.stuck_for is not None and not question.dropped:
        reader.refuse("stuck_for", reader.text("stuck_for"), "state=dropped beside it")
    return question


def check_phase(question: PeopleQuestion, build: Build, reader: Reader) -> None:
    """BadInput where the model has no such phase."""
    if question.phase not in build.phases:
        reader.refuse("phase", question.phase, did_you_mean(question.phase, build.phases))
    reader.finish()


def answer_people(
    session: Session, workspace: Workspace, build: Build, question: PeopleQuestion, now: int
) -> LongAnswer:
    """Who counts in the cell, those who arrived last first."""
    meta = facts_meta(session, workspace.name)
    found = _units(session, workspace, build, question, now)
    page, following = _page(found, question.limit)
    return LongAnswer(
        people_columns(question.funnel.unit),
        _rows(session, workspace.name, build.identities, page),
        {
            **question_meta(question.funnel, build, workspace),
            "phase": question.phase,
            "state": "dropped" if question.dropped else "reached",
            "group": question.group,
            "period": question.period,
            "stuck_for_ms": question.stuck_for,
            **meta,
            **build.identities.meta,
            "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.funnel.range)},
            "next": following,
        },
    )


def _units(
    session: Session, workspace: Workspace, build: Build, question: PeopleQuestion, now: int
) -> Sequence[Found]:
    """One row more than the page holds, so that it is known whether there is a next one."""
    after, position = question.after, build.phases.index(question.phase) + 1
    plan = plan_units(
        "people",
        question.funnel,
        build,
        workspace,
        position=position,
        least=position,
        dropped=question.dropped,
        any_group=question.group is None,
        group=question.group or "",
        any_period=question.period is None,
        period=question.period or "",
        silent_since=_NEVER if question.stuck_for is None else now - question.stuck_for,
        limit=(question.limit or _MOST_ROWS) + 1,
        after_arrived=after.arrived,
        after_customer=after.customer,
        after_number=after.number,
        after_account=after.account,
    )
    return session.rows(plan.sql, plan.values)


def _page(found: Sequence[Found], limit: int | None) -> tuple[Sequence[Found], str | None]:
    """The rows of this page and the cursor of the next, if there is one."""
    if limit is None or len(found) <= limit:
        return found, None
    customer, account, number, arrived, *_ = found[limit - 1]
    return found[:limit], str(Place(arrived, customer, number, account))


def _rows(session: Session, workspace: str, identities: Identities, page: Sequence[Found]) -> Iterator[Row]:
    """Some at a time, as they are written."""
    for some in in_groups(page):
        wanted = [(last_customer, over) for *_, over, last_customer in some]
        touches = last_touches(session, workspace, identities, wanted)
        yield from (_row(each, touches) for each in some)


def _row(found: Found, touches: LastTouches) -> Row:
    customer, account, number, arrived, over, last_customer = found
    event, channel = touches.of(last_customer, over, account)
    row: Row = {
        "customer": hex_of(customer),
        "journey": number,
        "reached_at": iso(arrived),
        "last_at": iso(over),
        "last_event": event or None,
        "channel": channel or None,
    }
    return {"account": account, **row} if account else row

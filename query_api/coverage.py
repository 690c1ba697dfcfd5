"""Which kinds of touchpoints there are and what a phase model makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from etappe.clock import iso
from etappe.phases import goal_expression, phase_expression
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.builds import Build
from query_api.common import COMMON, Range
from query_api.funnel.question import MODEL
from query_api.meta import bots_left_out, facts_meta, range_meta
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader, whole_number
from query_api.sql import text_of, with_phases

_COLUMNS: dict[str, Kind] = {
    "event": "text",
    "channel": "text",
    "contact": "text",
    "offline": "flag",
    "count": "whole",
    "phase": "text",
}

MOST_EXAMPLES = 10
EXAMPLES = Parameter(
    "examples", f"how many of the latest touchpoints of each kind to show, 0 to {MOST_EXAMPLES}; default 0",
    whole_number(0, MOST_EXAMPLES), 0,
    schema={"type": "integer", "minimum": 0, "maximum": MOST_EXAMPLES, "default": 0},
)  # fmt: skip

PARAMETERS: tuple[Parameter[Any], ...] = (MODEL, EXAMPLES, LIMIT, OFFSET, *COMMON)


@dataclass(frozen=True, slots=True)
class CoverageQuestion:
    model: str
    range: Range
    limit: int | None
    offset: int
    examples: int = 0


class _Kind(NamedTuple):
    """What touchpoints are of one kind by; `position` is that of their phase, 0: none."""

    event: str
    channel: str
    contact: str
    offline: bool
    position: int


class _Counted(NamedTuple):
    kind: _Kind
    touchpoints: int
    met: Sequence[int]


def read_coverage_question(reader: Reader, asked: Range) -> CoverageQuestion:
    """The question; what is wrong with it is left with `reader`."""
    limit, offset = reader.take(LIMIT), reader.take(OFFSET)
    return CoverageQuestion(reader.take(MODEL), asked, limit, offset, reader.take(EXAMPLES))


def answer_coverage(
    session: Session, workspace: Workspace, build: Build, question: CoverageQuestion
) -> Answer:
    """Kinds of touchpoints with count and phase: those without a phase first, then the most frequent."""
    rests_on = facts_meta(session, workspace.name)
    found = _counted(session, workspace, build, question)
    end = len(found) if question.limit is None else question.offset + question.limit
    page = found[question.offset : end]
    rows = [_row(build, each) for each in page]
    columns = _COLUMNS
    if question.examples:
        columns = {**_COLUMNS, "examples": "nested"}
        examples = _examples(session, workspace, build, question, [each.kind.event for each in page])
        rows = [
            {**row, "examples": examples.get(each.kind, [])} for row, each in zip(rows, page, strict=True)
        ]
    meta = {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        **range_meta(question.range),
        **rests_on,
        **build.identities.meta,
        **_shares(found),
        "goals": _goals(build, found),
        "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.range)},
        "next": str(end) if end < len(found) else None,
    }
    return Answer(columns, rows, meta)


def _counted(
    session: Session, workspace: Workspace, build: Build, question: CoverageQuestion
) -> list[_Counted]:
    sql, values = with_phases(text_of("coverage"), [phase_expression(build.model, "m")])
    goals = [goal_expression(build.model, goal, f"g{n}") for n, goal in enumerate(build.model.goals)]
    sql = sql.replace("/*goals*/", ", ".join(each.sql for each in goals))
    for goal in goals:
        values |= goal.parameters
    found = session.rows(sql, {**values, "workspace": workspace.name, **question.range.bounds})
    return [_Counted(_Kind(*kind), count, met) for *kind, count, met in found]


def _examples(
    session: Session, workspace: Workspace, build: Build, question: CoverageQuestion, events: Sequence[str]
) -> Mapping[_Kind, list[Row]]:
    sql, values = with_phases(text_of("coverage_examples"), [phase_expression(build.model, "m")])
    values |= {"events": sorted(set(events)), "examples": question.examples, "workspace": workspace.name}
    found = session.rows(sql, {**values, **question.range.bounds})
    return {_Kind(*kind): [_example(*each) for each in latest] for *kind, latest in found}


def _example(turned: int, id_: str, page: str, properties: str) -> Row:
    known = orjson.loads(properties) if properties else None
    return {"id": id_, "at": iso(-turned), "page": page or None, "properties": known}


def _row(build: Build, counted: _Counted) -> Row:
    kind = counted.kind
    return {
        "event": kind.event,
        "channel": kind.channel or None,
        "contact": kind.contact or None,
        "offline": kind.offline,
        "count": counted.touchpoints,
        "phase": build.phases[kind.position - 1] if kind.position else None,
    }


def _shares(found: Sequence[_Counted]) -> dict[str, Any]:
    """How many touchpoints there are, and which shares are in a phase and in none."""
    count = sum(each.touchpoints for each in found)
    mapped = sum(each.touchpoints for each in found if each.kind.position)
    share = mapped / count if count else 0.0
    return {
        "touchpoints": count,
        "mapped": mapped,
        "unmapped": count - mapped,
        "mapped_share": share,
        "unmapped_share": 1 - share if count else 0.0,
    }


def _goals(build: Build, found: Sequence[_Counted]) -> dict[str, int]:
    """Touchpoints that meet each goal of the model."""
    return {goal.name: sum(each.met[n] for each in found) for n, goal in enumerate(build.model.goals)}

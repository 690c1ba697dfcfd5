"""How many customers are where in their lives with the company, at the end of a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.builds import Build
from query_api.common import COMMON, Range
from query_api.funnel.question import MODEL
from query_api.identity.as_of import IDENTITY_AT
from query_api.meta import bots_left_out, facts_meta, range_meta, views_meta
from query_api.parameters import LATEST, Parameter, Reader, read_duration
from query_api.sql import compose

LIFECYCLE = ("new", "active", "returning", "lapsing", "lost")
_DAY_MS = 86_400_000

_COLUMNS: dict[str, Kind] = {
    "segment": "text",
    "customers": "whole",
    "share": "number",
    "value": "number",
    "average_value": "number",
}

NEW_FOR = Parameter(
    "new_for", "a duration like 30d for which a customer is new; default 30d", read_duration, 30 * _DAY_MS,
    schema={"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$", "default": "30d"},
)  # fmt: skip
PARAMETERS: tuple[Parameter[Any], ...] = (MODEL, NEW_FOR, IDENTITY_AT, *COMMON)


@dataclass(frozen=True, slots=True)
class SegmentsQuestion:
    """`new_for` in ms. The model only says which build is read."""

    model: str
    new_for: int
    range: Range


def read_segments_question(reader: Reader, asked: Range) -> SegmentsQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return SegmentsQuestion(reader.take(MODEL), reader.take(NEW_FOR), asked)


def answer_segments(
    session: Session, workspace: Workspace, build: Build, question: SegmentsQuestion, now: int
) -> Answer:
    """One row per segment, empty ones included; the customers are those with a touchpoint in the range."""
    ended = question.range.end is not None
    rests_on = (facts_meta if ended else views_meta)(session, workspace.name)
    at = now if question.range.end is None else question.range.end
    bound = {
        **build.identities.touchpoints(workspace.name),
        "build": build.number,
        **question.range.bounds,
        "at": min(at, LATEST),
        "new_for": question.new_for,
        "gap": int(workspace.gap_days * _DAY_MS),
        "lapsed": int(workspace.lapsed_days * _DAY_MS),
    }
    found = {name: (count, worth) for name, count, worth in session.rows(_statement(build, ended), bound)}
    return Answer(_COLUMNS, _rows(found), {
        "model": question.model,
        "model_version": build.version,
        "build": build.number,
        "at": iso(at),
        "new_for_ms": question.new_for,
        "gap_days": workspace.gap_days,
        "lapsed_days": workspace.lapsed_days,
        **range_meta(question.range),
        **rests_on,
        **build.identities.meta,
        "excluded": {"bot_touchpoints": bots_left_out(session, workspace.name, question.range)},
    })  # fmt: skip


def _statement(build: Build, ended: bool) -> str:
    """What came after the end of the range has to be left out, which only touchpoints can tell."""
    if not ended:
        return compose("lifecycle", lives="lives_as_folded")
    return compose("lifecycle", owned=build.identities.owned, touches="touches", lives="lives_before")


def _rows(found: Mapping[str, tuple[int, float]]) -> list[Row]:
    everybody = sum(count for count, _ in found.values())
    return [_row(name, *found.get(name, (0, 0.0)), everybody) for name in LIFECYCLE]


def _row(name: str, customers: int, value: float, everybody: int) -> Row:
    return {
        "segment": name,
        "customers": customers,
        "share": customers / everybody if everybody else 0.0,
        "value": value,
        "average_value": value / customers if customers else None,
    }

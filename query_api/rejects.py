"""Rejects: the events that were refused, or could not be read after they were accepted, for an operator to see."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from etappe.clock import iso
from etappe.errors import QueryLimit
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.common import COMMON, Range
from query_api.meta import range_meta
from query_api.pages import LIMIT
from query_api.parameters import LATEST, Parameter, Reader, one_of
from query_api.sql import text_of

MOST_BYTES = 64 << 20
"""Of the bodies in one answer."""

_ALL = 10_000_000
_COLUMNS: dict[str, Kind] = {
    "id": "text",
    "reason": "text",
    "detail": "text",
    "stamp": "text",
    "first_stamp": "text",
    "times": "whole",
    "state": "text",
    "replayed_at": "text",
    "replayed_by": "text",
    "stage": "text",
    "source": "text",
    "path": "text",
    "caller": "text",
    "import_id": "text",
    "body": "text",
    "encoding": "text",
    "outer": "text",
}
_BY_REASON: dict[str, Kind] = {
    "reason": "text",
    "count": "whole",
    "open": "whole",
    "replayed": "whole",
    "times": "whole",
    "first_stamp": "text",
    "stamp": "text",
}


class Cursor(NamedTuple):
    """The last row of the page before; what follows is older, or of the same time and a smaller id."""

    stamp: int = LATEST
    id: str = ""
    stage: str = ""

    def __str__(self) -> str:
        return urlsafe_b64encode(json.dumps(self).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Cursor:
        try:
            stamp, id_, stage = orjson.loads(
                urlsafe_b64decode(text.encode())
            )  # strict: no half pairs, no depth
        except TypeError as error:
            raise ValueError(text) from error
        if not (
            type(stamp) is int and abs(stamp) < 1 << 62 and isinstance(id_, str) and isinstance(stage, str)
        ):
            raise ValueError(text)
        return cls(stamp, id_, stage)


FIRST_PAGE = Cursor()


def _any(name: str, wanted: str) -> Parameter[str]:
    return Parameter(name, wanted, _not_empty, "", schema={"type": "string", "minLength": 1})


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


REASON = _any("reason", "a reason for refusing an event, like too_old; default any")
SOURCE = _any("source", "a protocol, like segment; log: unreadable in the log; default any")
ID = _any("id", "an event's id; default any")
STATE = one_of("state", ("open", "replayed", "any"), "any")
BY = one_of("by", ("event", "reason"), "event")
CURSOR = Parameter("cursor", "what meta.next gave", Cursor.parse, FIRST_PAGE)

PARAMETERS: tuple[Parameter[Any], ...] = (REASON, SOURCE, ID, STATE, BY, LIMIT, CURSOR, *COMMON)


@dataclass(frozen=True, slots=True)
class RejectsQuestion:
    """Which refused events: empty texts mean any."""

    range: Range
    reason: str = ""
    source: str = ""
    id: str = ""
    state: str = ""
    by: str = "event"
    limit: int | None = None
    cursor: Cursor = FIRST_PAGE

    def bound(self, workspace: Workspace) -> dict[str, Any]:
        return {
            "workspace": workspace.name,
            **self.range.bounds,
            "reason": self.reason,
            "source": self.source,
            "id": self.id,
            "state": self.state,
        }


def read_rejects_question(reader: Reader, asked: Range) -> RejectsQuestion:
    """The question; what is wrong with it is left with `reader`."""
    state = reader.take(STATE)
    return RejectsQuestion(
        range=asked,
        reason=reader.take(REASON),
        source=reader.take(SOURCE),
        id=reader.take(ID),
        state="" if state == "any" else state,
        by=reader.take(BY),
        limit=reader.take(LIMIT),
        cursor=reader.take(CURSOR),
    )


def answer_rejects(session: Session, workspace: Workspace, question: RejectsQuestion) -> Answer:
    """Newest first with their bodies, or counts by reason, most frequent first. QueryLimit: too much at once."""
    if question.by == "reason":
        return _counts(session, workspace, question)
    found = page(session, workspace, question)
    after = None
    if question.limit is not None and len(found) > question.limit:
        found = found[: question.limit]
        after = str(Cursor(found[-1]["stamp"], found[-1]["id"], found[-1]["stage"]))
    if sum(row["size"] for row in found) > MOST_BYTES:
        raise QueryLimit(f"Their bodies have over {MOST_BYTES >> 20} MB: give limit=, or ask for less.")
    texts = bodies(session, workspace, [row["id"] for row in found])
    rows = [_shown(row, texts.get((row["id"], row["stage"]))) for row in found]
    return Answer(_COLUMNS, rows, {**range_meta(question.range), "next": after})


def page(session: Session, workspace: Workspace, question: RejectsQuestion) -> list[Row]:
    """Rows without their bodies, times in ms; one more than `limit` where there are more."""
    bound = {
        **question.bound(workspace),
        "before": question.cursor.stamp,
        "before_id": question.cursor.id,
        "before_stage": question.cursor.stage,
        "limit": _ALL if question.limit is None else question.limit + 1,
    }
    return [dict(zip(_PAGE, row, strict=True)) for row in session.rows(text_of("rejects"), bound)]


_PAGE = (
    "id", "stage", "stamp", "first_stamp", "times", "reason", "detail", "state", "replayed_at", "replayed_by", "source",
    "path", "caller", "import_id", "size",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a replay needs of a refused event; `body` is as it was sent."""

    id: str
    stage: str
    body: str
    encoding: str
    outer: str
    marks: Sequence[str]
    agent: str
    country: str
    reason: str
    detail: str
    stamp: int
    source: str
    path: str
    caller: str
    import_id: str


def bodies(session: Session, workspace: Workspace, ids: Sequence[str]) -> dict[tuple[str, str], Whole]:
    """By id and stage; what is not there is left out."""
    if not ids:
        return {}
    rows = session.rows(text_of("reject_bodies"), {"workspace": workspace.name, "ids": list(set(ids))})
    return {(row[0], row[1]): Whole(*row) for row in rows}


def _shown(row: Row, whole: Whole | None) -> Row:
    texts = {
        "body": whole.body if whole and whole.body else None,
        "encoding": whole.encoding if whole and whole.encoding else None,
        "outer": whole.outer if whole and whole.outer else None,
    }
    times = {name: _time(row[name]) for name in ("stamp", "first_stamp", "replayed_at")}
    shown = {**row, **times, **texts, "replayed_by": row["replayed_by"] or None}
    return {name: shown[name] for name in _COLUMNS}


def _counts(session: Session, workspace: Workspace, question: RejectsQuestion) -> Answer:
    rows = [
        dict(zip(_BY_REASON, (*counts, _time(first), _time(last)), strict=True))
        for *counts, first, last in session.rows(text_of("rejects_by_reason"), question.bound(workspace))
    ]
    return Answer(_BY_REASON, rows, {**range_meta(question.range), "next": None})


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)

"""Replay: refused events are sent through the collector again, changed or as they were, each by itself.

The collector judges and stores them, since it alone writes the log they go to; it also notes what was replayed.
Doing it twice changes nothing: an event keeps its id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from etappe import exact_json
from etappe.errors import BadInput, Problem
from etappe.touchpoint import ABSENT, Reject, encode_record
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.collector import CollectorAway, ask_collector
from query_api.common import Range
from query_api.parameters import read_time
from query_api.rejects import RejectsQuestion, Whole, bodies, page
from query_api.sources import Sources

MOST_IDS = 10_000
_AT_ONCE = 1_000
ORDER_BYTES = 4 << 20
"""Of what an operator sends."""

_BATCH_BYTES = 3 << 20
"""Of one request to the collector, which takes 4 MB of an operator."""

_COLUMNS: dict[str, Kind] = {"id": "text", "outcome": "text", "reason": "text", "detail": "text"}

ACCEPTED, REFUSED, MISSING = "accepted", "refused", "missing"


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """Which events, by id or by reason; `merge` is a JSON Merge Patch for each of them (None: as they are)."""

    ids: Sequence[str]
    question: RejectsQuestion
    merge: exact_json.Members | None
    dry_run: bool


_NAMES = ("ids", "reason", "from", "to", "limit", "merge", "dry_run")


_TEXT = {"type": "string"}
ORDER_SCHEMA: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "description": "Either ids, or a reason; from, to and limit narrow a reason down.",
                "additionalProperties": False,
                "properties": {
                    "ids": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_IDS},
                    "reason": {**_TEXT, "minLength": 1},
                    "from": {**_TEXT, "format": "date-time"},
                    "to": {**_TEXT, "format": "date-time"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_IDS},
                    "merge": {
                        "type": "object",
                        "description": "A JSON Merge Patch for each event (RFC 7386).",
                    },
                    "dry_run": {"type": "boolean"},
                },
            }
        }
    },
}
"""The body in the OpenAPI document."""


def read_order(asked: Mapping[str, Any]) -> ReplayOrder:
    """What the body says; BadInput names everything that is wrong with it."""
    problems = [
        Problem(name, _short(value), f"one of the fields {', '.join(_NAMES)}")
        for name, value in asked.items()
        if name not in _NAMES
    ]
    problems += _which(asked)
    begin, end = _time("from", asked, problems), _time("to", asked, problems)
    if begin is not None and end is not None and begin >= end:
        problems.append(Problem("to", asked["to"], f"a time after from={asked['from']}"))
    if not isinstance(asked.get("merge", {}), dict):
        problems.append(Problem("merge", _short(asked["merge"]), "an object to merge into each event"))
    if not isinstance(asked.get("dry_run", False), bool):
        problems.append(Problem("dry_run", _short(asked["dry_run"]), "true or false"))
    if problems:
        raise BadInput(*problems)
    question = RejectsQuestion(
        Range(begin, end),
        reason=asked.get("reason") or "",
        state="open",
        limit=asked.get("limit") or MOST_IDS,
    )
    return ReplayOrder(asked.get("ids") or (), question, _merge(asked), asked.get("dry_run", False))


def _which(asked: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the events asked for."""
    ids, reason, limit = asked.get("ids"), asked.get("reason"), asked.get("limit")
    if (ids is None) == (reason is None):
        yield Problem("ids", _short(ids), "either ids or reason")
    if ids is not None and not _is_list_of_ids(ids):
        yield Problem("ids", _short(ids), f"a list of 1 to {MOST_IDS} ids")
    if ids is not None and any(asked.get(name) is not None for name in ("from", "to", "limit")):
        yield Problem("ids", "with from, to or limit", "ids alone")
    if reason is not None and not (isinstance(reason, str) and reason):
        yield Problem("reason", _short(reason), "a reason, like too_old")
    if limit is not None and not (type(limit) is int and 1 <= limit <= MOST_IDS):
        yield Problem("limit", _short(limit), f"a whole number, 1 to {MOST_IDS}")


def _is_list_of_ids(ids: object) -> bool:
    return isinstance(ids, list) and 0 < len(ids) <= MOST_IDS and all(isinstance(each, str) for each in ids)


def _time(field: str, asked: Mapping[str, Any], problems: list[Problem]) -> int | None:
    text = asked.get(field)
    try:
        return None if text is None else read_time(text)
    except (ValueError, TypeError):
        problems.append(Problem(field, _short(text), "an ISO 8601 time or date"))
        return None


def _short(value: object) -> object:
    if isinstance(value, list):
        return f"{len(value)} elements"
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:80]


def _merge(asked: Mapping[str, Any]) -> exact_json.Members | None:
    patch: exact_json.Members | None = None
    if "merge" in asked:
        patch = exact_json.loads(json.dumps(asked["merge"]).encode())
    return patch


async def answer_replay(
    sources: Sources, workspace: Workspace, order: ReplayOrder, authorization: str
) -> Answer:
    """One row an event: accepted, or refused again and why. CollectorAway where the collector is."""
    ids = order.ids or await sources.sessions.run(
        lambda session: [row["id"] for row in page(session, workspace, order.question)][
            : order.question.limit
        ]
    )
    rows: list[Row] = []
    position = ""
    for start in range(0, len(ids), _AT_ONCE):
        some = list(dict.fromkeys(ids[start : start + _AT_ONCE]))
        found = await sources.sessions.run(lambda session: bodies(session, workspace, some))  # noqa: B023 - awaited here
        known = {each.id for each in found.values()}
        rows += [
            _row(each, MISSING, "", "There is no such refused event.") for each in some if each not in known
        ]
        replays = [_prepared(workspace, whole, order.merge) for whole in found.values()]
        rows += [
            _row(each.id, REFUSED, each.reason, each.detail) for each in replays if isinstance(each, _Unfit)
        ]
        for batch in _batches([each for each in replays if isinstance(each, Reject)]):
            answer = await _send(sources, batch, order.dry_run, authorization)
            rows += _judged(batch, answer)
            position = str(answer.get("position") or position)
    return Answer(_COLUMNS, rows, _meta(rows, order, position))


@dataclass(frozen=True, slots=True)
class _Unfit:
    """One that need not be sent: nothing was kept that could be read."""

    id: str
    reason: str
    detail: str


def _prepared(workspace: Workspace, whole: Whole, merge: exact_json.Members | None) -> Reject | _Unfit:
    body = whole.body.encode()
    if not body:
        return _Unfit(whole.id, whole.reason, "Its body was not kept, so there is nothing to replay.")
    if whole.encoding:
        return _Unfit(
            whole.id, whole.reason, "Its bytes are no text, so no version of the log has written them."
        )
    try:
        content = exact_json.loads(body)
        if merge is not None:
            body = exact_json.dumps(exact_json.merge_patch(content, merge))
    except (ValueError, RecursionError) as error:
        return _Unfit(whole.id, whole.reason, f"Its body is no JSON: {error}.")
    return Reject(
        workspace=workspace.name,
        id=whole.id,
        reason=whole.reason,
        detail=whole.detail,
        stamp=whole.stamp,
        source=whole.source,
        path=whole.path,
        caller=whole.caller,
        agent=whole.agent,
        country=whole.country,
        import_id=whole.import_id,
        body=msgspec.Raw(body),
        outer=msgspec.Raw(whole.outer.encode()) if whole.outer else ABSENT,
        marks=list(whole.marks),
    )


def _batches(replays: Sequence[Reject]) -> Iterator[list[Reject]]:
    batch: list[Reject] = []
    size = 0
    for each in replays:
        length = len(encode_record(each)) + 1
        if batch and size + length > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += length
    if batch:
        yield batch


async def _send(
    sources: Sources, batch: Sequence[Reject], dry_run: bool, authorization: str
) -> Mapping[str, Any]:
    if sources.collector is None:
        raise CollectorAway("(This query API was given none.)")
    body = b"[" + b",".join(map(encode_record, batch)) + b"]"
    parameters = {"dry_run": "true"} if dry_run else {}
    return await ask_collector(sources.collector, "/v1/replay", body, authorization, **parameters)


def _judged(batch: Sequence[Reject], answer: Mapping[str, Any]) -> list[Row]:
    refused = {each["index"]: each for each in answer["rejected"]}
    return [
        _row(each.id, REFUSED, refused[n]["reason"], refused[n]["detail"])
        if n in refused
        else _row(each.id, ACCEPTED, "", "")
        for n, each in enumerate(batch)
    ]


def _row(event_id: str, outcome: str, reason: str, detail: str) -> Row:
    return {"id": event_id, "outcome": outcome, "reason": reason or None, "detail": detail or None}


def _meta(rows: Sequence[Row], order: ReplayOrder, position: str) -> dict[str, Any]:
    counts = {name: sum(row["outcome"] == name for row in rows) for name in (ACCEPTED, REFUSED, MISSING)}
    return {**counts, "dry_run": order.dry_run, "position": position or None}

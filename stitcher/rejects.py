"""Refused events as rows of table `rejects`: one per event, holding its latest refusal or that it was replayed.

Rows come from two topics: what the collector refused (`rejects`), and what nobody could read after it was
accepted (`touchpoints`). The same records again change nothing: a row knows how far it goes in either topic.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

import msgspec

from etappe.eventlog import Record
from etappe.touchpoint import Reject, decode_touchpoint
from etappe.warehouse import Session
from etappe.warehouse.statements import statement

Stage = Literal["door", "log"]
State = Literal["open", "replayed"]
Key = tuple[str, str, Stage]

MOST_BYTES = 64 * 1024
"""Of an unreadable record; the collector writes no larger ones. Of more, only the size is kept."""

_NOT_KEPT = b"null"


@dataclass(frozen=True, slots=True)
class RejectRow:
    """A row, in the names and units (ms) of the table's columns."""

    workspace: str
    id: str
    stage: Stage
    reason: str
    detail: str
    stamp: int
    position: int = 0
    log_position: int = 0
    version: int = 1
    state: State = "open"
    first: int = 0
    times: int = 1
    replayed_at: int | None = None
    replayed_by: str = ""
    source: str = ""
    path: str = ""
    caller: str = ""
    agent: str = ""
    country: str = ""
    import_id: str = ""
    body: str = ""
    encoding: str = ""
    outer: str = ""
    marks: Sequence[str] = ()
    size: int = 0

    @property
    def key(self) -> Key:
        return self.workspace, self.id, self.stage


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an event already."""

    version: int
    position: int
    log_position: int
    state: State
    first: int
    times: int
    replayed_at: int | None
    replayed_by: str


def row_of(reject: Reject, position: int) -> RejectRow:
    """The row of a record of topic `rejects` at `position`."""
    body, outer = bytes(reject.body), bytes(reject.outer)
    text, encoding = _as_text(b"" if body == _NOT_KEPT else body)
    replayed = reject.state == "replayed"
    return RejectRow(
        workspace=reject.workspace,
        id=reject.id,
        stage="log" if reject.source == "log" else "door",
        reason=reject.reason,
        detail=reject.detail,
        stamp=reject.stamp,
        position=position,
        state=reject.state,
        first=reject.stamp,
        times=0 if replayed else 1,
        replayed_at=reject.replayed_at if replayed else None,
        replayed_by=reject.replayed_by,
        source=reject.source,
        path=reject.path,
        caller=reject.caller,
        agent=reject.agent,
        country=reject.country,
        import_id=reject.import_id,
        body=text,
        encoding=encoding,
        outer=outer.decode(errors="replace"),
        marks=reject.marks,
        size=len(body) + len(outer),
    )


def row_of_unreadable(
    record: Record, position: int, workspace: str, reason: str, detail: str = ""
) -> RejectRow:
    """The row of a record of topic `touchpoints` that was accepted and cannot be read; the decoder says why, unless
    `detail` does."""
    kept = record.value if len(record.value) <= MOST_BYTES else b""
    body, encoding = _as_text(kept)
    name = record.key.partition(b"\0")[2].decode(errors="replace")
    return RejectRow(
        workspace=workspace,
        id=name or f"{record.topic}/{record.partition}/{record.offset}",
        stage="log",
        reason=reason,
        detail=detail or _why(record.value),
        stamp=record.stamp,
        log_position=position,
        first=record.stamp,
        source="log",
        body=body,
        encoding=encoding,
        size=len(kept),
    )


def store_rejects(session: Session, rows: Iterable[RejectRow]) -> None:
    """Store what `rows` (in the order of their topic) say beyond what is stored; again, it changes nothing."""
    found = list(rows)
    if found:
        last = latest(found, _known(session, found))
        if last:
            session.insert("rejects", _columns(last))


def latest(rows: Iterable[RejectRow], known: Mapping[Key, Known]) -> list[RejectRow]:
    """One row per event, which takes all of `rows` and what was known before into account. Pure."""
    made: dict[Key, RejectRow] = {}
    for row in rows:
        before = made.get(row.key) or known.get(row.key)
        if before is None:
            made[row.key] = row
        elif row.position > before.position or row.log_position > before.log_position:
            made[row.key] = _after(before, row)
    return list(made.values())


def _after(before: RejectRow | Known, row: RejectRow) -> RejectRow:
    """The event's next row. A sender who repeats an event that was replayed since does not open it again; a
    replay that nobody could read in the log either does."""
    row = replace(
        row,
        version=before.version + 1,
        position=max(before.position, row.position),
        log_position=max(before.log_position, row.log_position),
        first=min(before.first, row.first),
        times=before.times + row.times,
    )
    if before.state == "replayed" and row.state == "open" and row.stage == "door":
        return replace(row, state="replayed", replayed_at=before.replayed_at, replayed_by=before.replayed_by)
    return row


def _known(session: Session, rows: Sequence[RejectRow]) -> dict[Key, Known]:
    bound = {"workspaces": sorted({row.workspace for row in rows}), "ids": sorted({row.id for row in rows})}
    stored = session.rows(statement("stitcher.sql", "known_rejects"), bound)
    return {(workspace, id_, stage): Known(*rest) for workspace, id_, stage, *rest in stored}


_NAMES = tuple(field.name for field in fields(RejectRow))


def _columns(rows: Sequence[RejectRow]) -> dict[str, list[object]]:
    values = [asdict(row) for row in rows]
    return {name: [value[name] for value in values] for name in _NAMES}


def _as_text(body: bytes) -> tuple[str, str]:
    """Bytes as text, and how they were encoded where they are not UTF-8."""
    try:
        return body.decode(), ""
    except UnicodeDecodeError:
        return b64encode(body).decode(), "base64"


def _why(value: bytes) -> str:
    """What the decoder says of it."""
    if len(value) > MOST_BYTES:
        return f"It has {len(value):,} bytes; records over {MOST_BYTES:,} are not kept."
    try:
        decode_touchpoint(value)
    except msgspec.MsgspecError as error:
        return str(error)[:500]
    return "The touchpoint has no identifier."

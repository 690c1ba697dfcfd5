"""How fresh answers are: what was accepted, what became of it, how long the oldest unseen record waits.

The order of the steps makes the figures agree. Committed offsets and progress are read first, then receipts,
then the log's ends: so a lag of 0 means that every record in the log had its receipt counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etappe import lanes
from etappe.eventlog import TOUCHPOINTS, EventLog, Position
from etappe.warehouse import Session
from etappe.warehouse.session import Row as Found
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind
from query_api.meta import views_meta
from query_api.position import Reached, needed_log, reached
from query_api.sources import Sources
from query_api.sql import text_of

_CHUNK = 5_000

_COLUMNS: dict[str, Kind] = {
    "accepted": "whole",
    "stored": "whole",
    "duplicates": "whole",
    "rejected": "whole",
    "erased": "whole",
    "lag_seconds": "number",
    "positions": "text",
}


@dataclass(frozen=True, slots=True)
class Receipts:
    """Counted receipts: own by outcome, others' in the committed part of the log.

    `oldest` (ms) is the first of the own ones that not every answer includes; None: all are.
    """

    outcomes: Sequence[int]
    own_before: int
    others: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Tail:
    """A workspace's records not committed yet; `oldest` of those not in every answer, None: all are."""

    count: int
    oldest: int | None


async def answer_freshness(sources: Sources, workspace: Workspace) -> Answer:
    """The one row of /v1/freshness; LogUnavailable without a log."""
    log = needed_log(sources)
    log_id = await log.log_id(TOUCHPOINTS)
    committed = await lanes.committed(log)
    meta = await sources.sessions.run(lambda s: views_meta(s, workspace.name))
    done = await sources.sessions.run(lambda s: reached(s, workspace.name, log_id))
    receipts = await sources.sessions.run(lambda s: count_receipts(s, workspace.name, committed, done))
    tail = await read_tail(log, workspace.name, committed, done)
    row = _row(receipts, tail, committed, sources.clock())
    positions = _shown((await lanes.ends(log)).offsets, done)
    return Answer(_COLUMNS, [{**row, "positions": str(positions)}], meta)


def _shown(ends: Mapping[int, int], done: Reached) -> Position:
    """How far the answers reach; without the lane of imports as long as there never was one."""
    return Position({p: done.offset(p) for p, end in ends.items() if p < lanes.LANE or end})


def count_receipts(session: Session, workspace: str, committed: Position, done: Reached) -> Receipts:
    """Count the workspace's receipts by outcome, and the other workspaces' in what is committed."""
    partitions = sorted({*committed.offsets, *done.positions})
    values = {
        "workspace": workspace,
        "start": done.start,
        "partitions": partitions,
        "below": [done.start + committed.offsets.get(each, 0) for each in partitions],
        "included": [done.positions.get(each, 0) for each in partitions],
    }
    own = session.rows(text_of("outcomes"), values)
    ((others,),) = session.rows(text_of("receipts_of_others"), values)
    _, *outcomes, own_before, _ = _added(own)
    late = [partition for partition, *_, waiting in own if waiting]
    return Receipts(outcomes, own_before, others, _oldest(session, workspace, late, done) if late else None)


def _added(rows: Sequence[Found]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] or [0] * 7


def _oldest(session: Session, workspace: str, late: Sequence[int], done: Reached) -> int:
    """When the first receipt was stamped that waits in the partitions `late`; this scans them."""
    included = [done.positions.get(each, 0) for each in late]
    values = {"workspace": workspace, "partitions": late, "included": included, "least": min(included)}
    ((stamp,),) = session.rows(text_of("oldest_waiting"), values)
    return int(stamp)


async def read_tail(log: EventLog, workspace: str, committed: Position, done: Reached) -> Tail:
    """Read what is in the log and not committed, in chunks, and count the workspace's records."""
    ends = (await lanes.ends(log)).offsets
    starts = (await lanes.starts(log)).offsets
    at = {p: max(committed.offsets.get(p, 0), starts.get(p, 0)) for p in ends}
    prefix = f"{workspace}\0".encode()
    count, oldest = 0, None
    while left := {p: offset for p, offset in at.items() if offset < ends[p]}:
        records = await lanes.read(log, Position(left), _CHUNK)
        if not records:
            break
        for record in records:
            at[record.partition] = record.offset + 1
            if record.offset < ends[record.partition] and record.key.startswith(prefix):
                count += 1
                if record.offset >= done.offset(record.partition):
                    oldest = record.stamp if oldest is None else min(oldest, record.stamp)
    return Tail(count, oldest)


def _row(receipts: Receipts, tail: Tail, committed: Position, now: int) -> dict[str, float]:
    in_log = sum(committed.offsets.values()) - receipts.others
    stored, duplicates, rejected, erased = receipts.outcomes
    return {
        "accepted": receipts.own_before + in_log + tail.count,
        "stored": stored,
        "duplicates": duplicates,
        "rejected": rejected,
        "erased": erased,
        "lag_seconds": _lag(receipts, tail, now),
    }


def _lag(receipts: Receipts, tail: Tail, now: int) -> float:
    """Seconds since the oldest record that is not in every answer; exactly 0 when there is none."""
    waiting = [each for each in (receipts.oldest, tail.oldest) if each is not None]
    return max(now - min(waiting), 1) / 1000 if waiting else 0.0

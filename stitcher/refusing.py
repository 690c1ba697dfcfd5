"""The stitcher's third step: refused events from the log's topic `rejects` into a table, and out of it again.

It is beside the way of touchpoints: no answer about customers waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from etappe import telemetry
from etappe.clock import Clock
from etappe.eventlog import REJECTS, EventLog, Record
from etappe.touchpoint import decode_reject
from etappe.warehouse import Session, Sessions
from etappe.warehouse.statements import statement
from stitcher.epochs import compose, log_epoch
from stitcher.inbox import Inbox
from stitcher.rejects import RejectRow, row_of, store_rejects

IDLE_SECONDS = 0.5
"""As in the other steps."""

AT_ONCE = 1_000
"""Refused events have up to 32 KB each, and a batch's common part besides."""

SWEEP_MS = 60_000
SWEEP_BYTES = 64 << 20
"""Since the last sweep, until the next."""

_DAY = 86_400_000
_TO = 0.9
"""Of its bounds, what a sweep leaves: so that a flood is swept now and then, not all the time."""

log_line = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a workspace may keep of refused events. A write key is public, so anybody can fill its rejects."""

    days: float = 30
    rows: int = 1_000_000
    bytes: int = 1 << 30


class Refusing:
    """One tick handles one batch, and sweeps when that is due; a tick that fails has committed nothing."""

    def __init__(self, log: EventLog, sessions: Sessions, inbox: Inbox, bounds: Bounds, clock: Clock) -> None:
        self._log = log
        self._sessions = sessions
        self.inbox = inbox
        self._bounds = bounds
        self._clock = clock
        self._swept = 0
        self._stored = 0
        self._epochs: dict[str, int] = {}

    async def tick(self) -> None:
        records = await self.inbox.take(AT_ONCE, IDLE_SECONDS)
        if records:
            with telemetry.STEP_SECONDS.labels("refuse").time():
                await self._handle(records)
            self.inbox.done()
        await self._sweep_when_due()
        await self.inbox.commit_when_due()

    async def _handle(self, records: Sequence[Record]) -> None:
        epoch = await self._epoch()
        rows = read_rejects(records, epoch)
        await self._sessions.run(lambda session: store_rejects(session, rows))
        self._stored += sum(row.size for row in rows)

    async def _sweep_when_due(self) -> None:
        now = self._clock()
        if now - self._swept < SWEEP_MS and self._stored < SWEEP_BYTES:
            return
        await self._sessions.run(lambda session: sweep(session, self._bounds, now))
        self._swept, self._stored = now, 0

    async def _epoch(self) -> int:
        """Of the log as it is now: another log's offsets begin again."""
        log_id = await self._log.log_id(REJECTS)
        if log_id not in self._epochs:
            self._epochs[log_id] = await self._sessions.run(lambda session: log_epoch(session, log_id))
        return self._epochs[log_id]


def read_rejects(records: Sequence[Record], epoch: int) -> list[RejectRow]:
    """The rows of records; one that is no refused event is counted and logged with its place."""
    rows: list[RejectRow] = []
    for record in records:
        try:
            rows.append(row_of(decode_reject(record.value), compose(epoch, record.offset)))
        except msgspec.MsgspecError as error:
            telemetry.DROPPED_REJECTS.labels("unreadable").inc()
            place = {"partition": record.partition, "offset": record.offset}
            log_line.error("unreadable reject", reason=str(error), **place)
    return rows


def sweep(session: Session, bounds: Bounds, now: int) -> None:
    """Delete what is too old, and of workspaces that hold too much the oldest."""
    too_old = now - round(bounds.days * _DAY)
    for workspace, rows, size, oldest in session.rows(statement("stitcher.sql", "rejects_held")):
        if rows > bounds.rows or size > bounds.bytes:
            _forget(session, workspace, max(too_old, _kept_since(session, workspace, bounds)), "room")
        elif oldest < too_old:
            _forget(session, workspace, too_old, "age")


def _kept_since(session: Session, workspace: str, bounds: Bounds) -> int:
    bound = {"workspace": workspace, "rows": round(bounds.rows * _TO), "bytes": round(bounds.bytes * _TO)}
    ((since,),) = session.rows(statement("stitcher.sql", "oldest_reject_kept"), bound)
    return int(since)


def _forget(session: Session, workspace: str, before: int, why: str) -> None:
    bound = {"workspace": workspace, "before": before}
    ((count,),) = session.rows(statement("stitcher.sql", "rejects_before"), bound)
    session.execute(statement("stitcher.sql", "forget_rejects"), bound)
    telemetry.DROPPED_REJECTS.labels(why).inc(count)
    log_line.warning("rejects forgotten", workspace=workspace, count=count, why=why)

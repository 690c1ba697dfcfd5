"""The stitcher's two steps over the log: normalise touchpoints, apply changes. One tick handles one batch.

Touchpoints come in two topics. Those of imports are taken only when no others wait, and at a pace that lets a live
one through soon; one loop reads both, so that copies of an event meet whichever way they came.

A tick that fails has committed nothing; the next one takes the same records again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from etappe import telemetry
from etappe.changes import Batch, Change, decode_change, encode_change
from etappe.eventlog import CHANGES, TOUCHPOINTS, Entry, EventLog, Record
from etappe.warehouse import Sessions
from etappe.workspaces import RegisterFile
from stitcher.epochs import log_epoch
from stitcher.failing import AWAY, tried
from stitcher.inbox import Inbox
from stitcher.lane import Pace
from stitcher.normalise import NamedIdentifiers, normalise
from stitcher.poison import Poison
from stitcher.ratio import RatioLimit
from stitcher.retention import Retention
from stitcher.writers import Writers

IDLE_SECONDS = 0.5
"""How long a tick waits for records; a stop is noticed after that at the latest."""

BUSY_SECONDS = 0.05
"""The same while an import comes in; and between two looks at whether the lane is clear, less."""
_LOOK_SECONDS = 0.05

_CHANGES_AT_ONCE = 64

log_line = structlog.get_logger()


class Normalise:
    """Touchpoints from the log into tables, and what they change onto `changes`."""

    def __init__(
        self,
        log: EventLog,
        sessions: Sessions,
        inbox: Inbox,
        lane: Inbox,
        pace: Pace,
        *,
        register: RegisterFile,
        batch: int,
        reject_ratio: float = 1.0,
    ) -> None:
        self._log = log
        self.lane = lane
        self._pace = pace
        self._register = register
        self._patience = 0.0
        self._ratio = RatioLimit(reject_ratio)
        self._sessions = sessions
        self.inbox = inbox
        self._batch = batch
        self._named = NamedIdentifiers()
        self._epochs: dict[str, int] = {}
        self._poison = Poison(self._normalised)

    async def tick(self) -> None:
        live, _ = await self._serve(self.inbox, self._batch, self._patience)
        if live:
            self._pace.live_came()
        # A full batch says that more live ones wait; with fewer of them the lane has its turn.
        self._patience = 0.0 if live >= self._batch else await self._serve_lane()
        await self.inbox.commit_when_due()
        await self.lane.commit_when_due()

    async def _serve_lane(self) -> float:
        """Handle one batch of the lane if it may have one; how long to wait for live touchpoints after it."""
        if not await self._pace.is_clear():
            return _LOOK_SECONDS
        count, batches = await self._serve(self.lane, self._pace.size, 0.0)
        if count:
            self._pace.began(batches)
            return 0.0
        return BUSY_SECONDS if self._pace.is_busy else IDLE_SECONDS

    async def _serve(self, inbox: Inbox, count: int, seconds: float) -> tuple[int, Sequence[Batch]]:
        """Handle the next records of one topic: how many there were, and what they change, now on `changes`."""
        records = await inbox.take(count, seconds)
        if not records:
            return 0, ()
        with telemetry.STEP_SECONDS.labels("normalise").time():
            batches = await self._handle(records)
        inbox.done()
        return len(records), batches

    async def _handle(self, records: Sequence[Record]) -> Sequence[Batch]:
        batches = await self._poison.handle(records)
        entries = [Entry(batch.workspace.encode(), encode_change(batch)) for batch in batches]
        await self._log.append(CHANGES, entries)
        self._ratio.passed()
        return batches

    async def _normalised(self, records: Sequence[Record], aside: str) -> list[Batch]:
        epoch = await self._epoch()
        workspaces = self._register.current().workspaces
        return await self._sessions.run(
            lambda session: normalise(
                session, records, epoch, self._named, self._ratio.check, workspaces=workspaces, aside=aside
            )
        )

    async def _epoch(self) -> int:
        """Of the log as it is now: another log's offsets begin again."""
        log_id = await self._log.log_id(TOUCHPOINTS)
        if log_id not in self._epochs:
            self._epochs[log_id] = await self._sessions.run(lambda session: log_epoch(session, log_id))
        return self._epochs[log_id]


class Apply:
    """Changes from the log into identities and journeys; fills new builds between them."""

    def __init__(self, inbox: Inbox, writers: Writers, retention: Retention) -> None:
        self.inbox = inbox
        self._writers = writers
        self._retention = retention
        self._filling = True

    async def tick(self) -> None:
        records = await self.inbox.take(_CHANGES_AT_ONCE, 0.0 if self._filling else IDLE_SECONDS)
        await self._writers.follow(self.inbox.consumer)  # after the poll, which may have changed what is held
        for workspace, changes in by_workspace(records).items():
            await self._apply(workspace, changes)
        self.inbox.done()
        self._filling = await tried(self._writers.fill, "Filling of views")
        await self._retention.tick(self._writers.held)
        await self.inbox.commit_when_due()

    async def _apply(self, workspace: str, changes: Sequence[tuple[int, Change]]) -> None:
        """All at once; where that fails one after the other, so that the one which does is told."""
        try:
            await self._writers.apply(workspace, changes)
        except AWAY:
            raise
        except Exception:
            for offset, change in changes:
                kind = type(change).__name__.lower()
                what = f"The change at offset {offset} ({kind} of workspace {workspace})"
                await tried(partial(self._writers.apply, workspace, [(offset, change)]), what)


def by_workspace(records: Sequence[Record]) -> dict[str, list[tuple[int, Change]]]:
    """The changes of each workspace with their offsets, in order; a record that holds none is counted and left."""
    found: dict[str, list[tuple[int, Change]]] = {}
    for record in records:
        try:
            change = decode_change(record.value)
        except msgspec.MsgspecError as error:
            telemetry.UNREADABLE_CHANGES.inc()
            log_line.error(
                "unreadable change", partition=record.partition, offset=record.offset, reason=str(error)
            )
            continue
        found.setdefault(change.workspace, []).append((record.offset, change))
    return found

"""The stitcher's two steps over the log: normalise touchpoints, apply changes. One tick handles one batch.

A tick that fails has committed nothing; the next one takes the same records again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from etappe import telemetry
from etappe.changes import Change, decode_change, encode_change
from etappe.eventlog import CHANGES, TOUCHPOINTS, Entry, EventLog, Record
from etappe.warehouse import Sessions
from stitcher.epochs import log_epoch
from stitcher.inbox import Inbox
from stitcher.normalise import NamedIdentifiers, normalise
from stitcher.writers import Writers

IDLE_SECONDS = 0.5
"""How long a tick waits for records; a stop is noticed after that at the latest."""

_CHANGES_AT_ONCE = 64

log_line = structlog.get_logger()


class Normalise:
    """Touchpoints from the log into tables, and what they change onto `changes`."""

    def __init__(self, log: EventLog, sessions: Sessions, inbox: Inbox, batch: int) -> None:
        self._log = log
        self._sessions = sessions
        self.inbox = inbox
        self._batch = batch
        self._named = NamedIdentifiers()
        self._epochs: dict[str, int] = {}

    async def tick(self) -> None:
        records = await self.inbox.take(self._batch, IDLE_SECONDS)
        if records:
            with telemetry.STEP_SECONDS.labels("normalise").time():
                await self._handle(records)
            self.inbox.done()
        await self.inbox.commit_when_due()

    async def _handle(self, records: Sequence[Record]) -> None:
        epoch = await self._epoch()
        batches = await self._sessions.run(lambda session: normalise(session, records, epoch, self._named))
        entries = [Entry(batch.workspace.encode(), encode_change(batch)) for batch in batches]
        await self._log.append(CHANGES, entries)

    async def _epoch(self) -> int:
        """Of the log as it is now: another log's offsets begin again."""
        log_id = await self._log.log_id(TOUCHPOINTS)
        if log_id not in self._epochs:
            self._epochs[log_id] = await self._sessions.run(lambda session: log_epoch(session, log_id))
        return self._epochs[log_id]


class Apply:
    """Changes from the log into identities and journeys; fills new builds between them."""

    def __init__(self, inbox: Inbox, writers: Writers) -> None:
        self.inbox = inbox
        self._writers = writers
        self._filling = True

    async def tick(self) -> None:
        records = await self.inbox.take(_CHANGES_AT_ONCE, 0.0 if self._filling else IDLE_SECONDS)
        await self._writers.follow(self.inbox.consumer)  # after the poll, which may have changed what is held
        for workspace, changes in by_workspace(records).items():
            await self._writers.apply(workspace, changes)
        self.inbox.done()
        self._filling = await self._writers.fill()
        await self.inbox.commit_when_due()


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

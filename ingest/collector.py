"""What all writes share: who sends, and where it is stored."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from etappe.clock import Clock
from etappe.errors import LogUnavailable
from etappe.eventlog import REJECTS, TOUCHPOINTS, Entry, EventLog, Position
from etappe.touchpoint import Touchpoint, encode_record, record_key
from ingest import counts
from ingest.drafts import Sender
from ingest.keys import Keys
from ingest.pipeline import Refused, Sorted
from ingest.rejects import reject_entries

logger = structlog.get_logger()


class Collector:
    """The log, the keys, the clock, and how far the log is."""

    def __init__(self, log: EventLog, keys: Keys, clock: Clock) -> None:
        self.keys = keys
        self.clock = clock
        self._log = log
        self._ends: dict[int, int] = {}

    async def keep(self, result: Sorted, sender: Sender, protocol: str) -> str:
        """Store what was accepted and what was refused; the log's position after it.

        Returns once the accepted ones are durable. Raises LogUnavailable, LogFull.
        """
        workspace = sender.caller.workspace.name
        if result.refused:
            await self._keep_refused(result.refused, sender, protocol)
            counts.refused(workspace, result.refused)
        if not result.accepted:
            return await self.position()
        position = await self._store(result.accepted)
        counts.accepted(workspace, protocol, len(result.accepted))
        return str(position)

    async def position(self) -> str:
        """How far the log is, for replies to writes that stored nothing; empty while the log is away."""
        try:
            if not self._ends:
                self._ends.update((await self._log.ends(TOUCHPOINTS)).offsets)
        except LogUnavailable:
            return ""
        return str(Position(self._ends))

    async def check(self) -> None:
        """Raises LogUnavailable or SettingsError where no write could succeed now."""
        self.keys.check()
        await self._log.check()

    async def _store(self, touchpoints: Sequence[Touchpoint]) -> Position:
        entries = [Entry(record_key(each.workspace, each.id), encode_record(each)) for each in touchpoints]
        position = await self._log.append(TOUCHPOINTS, entries)
        for partition, offset in position.offsets.items():
            self._ends[partition] = max(offset, self._ends.get(partition, 0))
        return position

    async def _keep_refused(self, refused: Sequence[Refused], sender: Sender, protocol: str) -> None:
        """Best effort: the sender hears of them in any case."""
        try:
            await self._log.append(REJECTS, reject_entries(refused, sender, protocol))
        except LogUnavailable as error:
            logger.warning("rejects_not_kept", count=len(refused), error=str(error))

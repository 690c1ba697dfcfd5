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
        self._found = False

    async def keep(self, result: Sorted, sender: Sender, protocol: str) -> str:
        """Store what was accepted and what was refused; the log's position after it.

        Returns once the accepted ones are durable. Raises LogUnavailable, LogFull.
        """
        workspace = sender.caller.workspace.name
        stored = ""
        if result.accepted:
            stored = str(await self._store(result.accepted))
            counts.accepted(workspace, protocol, len(result.accepted))
        if result.refused:
            await self._keep_refused(result.refused, sender, protocol)
            counts.refused(workspace, result.refused)
        return stored or await self.position()

    async def position(self) -> str:
        """How far the log is, for replies to writes that stored nothing; empty while the log is away."""
        try:
            if not self._found:
                self._pass(await self._log.ends(TOUCHPOINTS))
                self._found = True
        except LogUnavailable:
            return ""
        return str(Position(self._ends))

    async def check(self) -> None:
        """Raises LogUnavailable or SettingsError where no write could succeed now."""
        self.keys.check()
        await self._log.check()

    async def _store(self, touchpoints: Sequence[Touchpoint]) -> Position:
        keys = [record_key(each.workspace, each.id) for each in touchpoints]
        entries = list(map(Entry, keys, map(encode_record, touchpoints)))
        position = await self._log.append(TOUCHPOINTS, entries)
        self._pass(position)
        return position

    def _pass(self, position: Position) -> None:
        """The log is at least this far."""
        for partition, offset in position.offsets.items():
            self._ends[partition] = max(offset, self._ends.get(partition, 0))

    async def _keep_refused(self, refused: Sequence[Refused], sender: Sender, protocol: str) -> None:
        """Best effort: the sender hears of them in any case."""
        try:
            await self._log.append(REJECTS, reject_entries(refused, sender, protocol))
        except LogUnavailable as error:
            logger.warning("rejects_not_kept", count=len(refused), error=str(error))

"""What all writes share: who sends, and where it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from etappe.clock import Clock
from etappe.errors import LogUnavailable
from etappe.eventlog import IMPORTS, REJECTS, TOUCHPOINTS, Entry, EventLog, Position
from etappe.lanes import named
from etappe.rates import Rates
from etappe.touchpoint import Reject, Touchpoint
from ingest import counts
from ingest.bodies import Room
from ingest.keys import Keys
from ingest.records import Records, touchpoint_entries
from ingest.rejects import reject_entry
from ingest.visitors import NO_PROXY, ProxyHeaders

logger = structlog.get_logger()

BEGINNING = {0: 0}
"""A position that every reader has reached."""


class Collector:
    """The log, the keys, the clock, and how far each workspace has come."""

    def __init__(self, log: EventLog, keys: Keys, clock: Clock, proxy: ProxyHeaders = NO_PROXY) -> None:
        self.keys = keys
        self.clock = clock
        self.proxy = proxy
        self.rates = Rates()
        self.room = Room()
        self._log = log
        self._reached: dict[str, dict[int, int]] = {}

    async def keep(self, records: Records) -> str:
        """Store a request's records; the log's position after the accepted ones, where there are any.

        Returns once those are durable. Raises LogUnavailable, LogFull.
        """
        workspace, stored = records.workspace, ""
        if records.accepted:
            stored = self.kept(records, await self._log.append(records.topic, records.accepted))
        if records.refused:
            await self._keep_refused(records.rejects)
            counts.refused(workspace, records.refused)
        return stored or self.position(workspace)

    def keeping(self, records: Records) -> asyncio.Future[Position]:
        """The accepted ones on their way into the log, for whoever does not `keep`; then they are `kept`."""
        try:
            return asyncio.ensure_future(self._log.append(records.topic, records.accepted))
        except LogUnavailable as error:
            failed: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
            failed.set_exception(error)
            return failed

    def kept(self, records: Records, position: Position) -> str:
        """The accepted ones are durable: count them; the log's position after them."""
        counts.accepted(records.workspace, records.protocol, len(records.accepted))
        return self._reach(records.workspace, records.topic, position)

    def position(self, workspace: str) -> str:
        """For replies to writes that stored nothing: after what this process stored for the workspace.

        The ends of the log would tell each workspace of the others, and might never be reached by its own.
        """
        return str(Position(self._reached.get(workspace) or BEGINNING))

    async def check(self) -> None:
        """Raises LogUnavailable or SettingsError where no write could succeed now."""
        self.keys.check()
        await self._log.check()

    def _reach(self, workspace: str, topic: str, stored: Position) -> str:
        position = named(topic, stored)
        reached = self._reached.setdefault(workspace, {})
        for partition, offset in position.offsets.items():
            if offset > reached.get(partition, 0):
                reached[partition] = offset
        return str(position)

    async def keep_replayed(self, replayed: Sequence[tuple[Reject, Touchpoint]], workspace: str) -> str:
        """Store refused events that are accepted now, then note that they are; the position after them.

        Killed between the two, they stay open in the list of rejects; replaying them again stores nothing more.
        Raises LogUnavailable, LogFull.
        """
        stored = ""
        for topic in (TOUCHPOINTS, IMPORTS):
            some = [each for _, each in replayed if (IMPORTS if each.import_id else TOUCHPOINTS) == topic]
            if some:
                stored = self._reach(
                    workspace, topic, await self._log.append(topic, touchpoint_entries(some))
                )
        for _, touchpoint in replayed:
            counts.accepted(workspace, touchpoint.source, 1)
        await self._log.append(REJECTS, [reject_entry(record) for record, _ in replayed])
        return stored or self.position(workspace)

    async def _keep_refused(self, entries: Sequence[Entry]) -> None:
        """Best effort: the sender hears of them in any case."""
        try:
            await self._log.append(REJECTS, entries)
        except LogUnavailable as error:
            logger.warning("rejects_not_kept", count=len(entries), error=str(error))

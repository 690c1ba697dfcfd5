"""Retention: once a day, for every workspace that keeps touchpoints for some time only, the order to let older ones go.

An order on `changes` like any operator's, so that a replay of the log repeats it in its place.
"""

from __future__ import annotations

from collections.abc import Iterable

from etappe.changes import Expire, encode_change
from etappe.clock import Clock
from etappe.eventlog import CHANGES, Entry, EventLog
from etappe.warehouse import Sessions
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace

DAY_MS = 86_400_000
_LOOK_EVERY_MS = 60_000


class Retention:
    """Looked at by the holder of the workspaces' changes; keeps nothing that it cannot read again."""

    def __init__(self, log: EventLog, sessions: Sessions, clock: Clock) -> None:
        self._log = log
        self._sessions = sessions
        self._clock = clock
        self._looked = 0

    async def tick(self, held: Iterable[Workspace]) -> None:
        """Order what is due; looked at once a minute."""
        now = self._clock()
        if now - self._looked < _LOOK_EVERY_MS:
            return
        self._looked = now
        for workspace in held:
            if workspace.retention_days is not None:
                await self._order(workspace, due(now, workspace.retention_days), now)

    async def _order(self, workspace: Workspace, before: int, now: int) -> None:
        bound = {"workspace": workspace.name}
        text = statement("stitcher.sql", "retention_of")
        ((latest, _),) = await self._sessions.run(lambda session: session.rows(text, bound))
        if before > latest:
            order = Expire(workspace.name, before, now)
            await self._log.append(CHANGES, [Entry(workspace.name.encode(), encode_change(order))])


def due(now: int, days: float) -> int:
    """Touchpoints of before this time (ms) are too old: the midnight (UTC) that is `days` behind us."""
    return (now - int(days * DAY_MS)) // DAY_MS * DAY_MS

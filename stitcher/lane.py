"""The pace of the lane of imports: how much of it may be taken between live touchpoints."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from etappe.changes import Batch
from etappe.clock import Clock
from etappe.warehouse import Session, Sessions
from etappe.warehouse.statements import statement

SMALLEST, LARGEST = 500, 2_000
"""Touchpoints taken at once while live ones come: what a live one may have to wait for."""

AIM_MS = 1_000
"""How long such a batch may take until it is in the answers; the next one is smaller after a longer time."""

QUIET_MS = 10_000
"""After so long without a live touchpoint the lane may have whole batches, which cost less each."""

MOST_UNDERWAY = 1
"""Batches of the lane that may be on their way when another is begun: one is read while one is folded.

While live touchpoints come, none.
"""

GIVE_UP_MS = 60_000
"""A batch that is not in the answers after so long holds the lane up no more: its changes may have been unreadable."""

Place = tuple[str, int]


class Pace:
    """Knows when live touchpoints came last, and which batches of the lane the answers do not include yet.

    Asked by `Normalise` before it takes from the lane. A look at the progress costs a few milliseconds, and
    there is one only while a batch is on its way.
    """

    def __init__(self, sessions: Sessions, whole_batch: int, clock: Clock) -> None:
        self._sessions = sessions
        self._whole_batch = whole_batch
        self._clock = clock
        self._live_at = -QUIET_MS
        self._lane_at = 0
        self._small = SMALLEST
        self._underway: deque[tuple[int, Mapping[Place, int]]] = deque()

    @property
    def size(self) -> int:
        """How many touchpoints the lane may have at once now."""
        return self._whole_batch if self._is_quiet else min(self._small, self._whole_batch)

    @property
    def _is_quiet(self) -> bool:
        return self._clock() - self._live_at >= QUIET_MS

    @property
    def is_busy(self) -> bool:
        """Whether the lane had something lately, so that more may be near."""
        return self._clock() - self._lane_at < QUIET_MS

    def live_came(self) -> None:
        self._live_at = self._clock()

    def began(self, batches: Sequence[Batch]) -> None:
        """A batch of the lane is on `changes`."""
        self._lane_at = self._clock()
        reached = {(batch.workspace, p): at for batch in batches for p, at in batch.positions.items()}
        self._underway.append((self._lane_at, reached))

    async def is_clear(self) -> bool:
        """Whether the lane may be taken from: what it had before is in the answers, or nearly."""
        most = MOST_UNDERWAY if self._is_quiet else 0
        if len(self._underway) <= most:
            return True
        wanted = sorted({workspace for _, reached in self._underway for workspace, _ in reached})
        done = await self._sessions.run(lambda session: _progress(session, wanted))
        too_old = self._clock() - GIVE_UP_MS
        while self._underway and (self._underway[0][0] < too_old or _is_in(self._underway[0][1], done)):
            began, _ = self._underway.popleft()
            self._learn(self._clock() - began)
        return len(self._underway) <= most

    def _learn(self, took: int) -> None:
        """Batches that take too long become smaller, quick ones larger."""
        size = self._small // 2 if took > AIM_MS else self._small * 2 if took < AIM_MS // 2 else self._small
        self._small = max(SMALLEST, min(size, LARGEST))


def _is_in(reached: Mapping[Place, int], done: Mapping[Place, int]) -> bool:
    return all(done.get(place, 0) >= position for place, position in reached.items())


def _progress(session: Session, workspaces: Sequence[str]) -> dict[Place, int]:
    rows = session.rows(statement("stitcher.sql", "progress_of"), {"workspaces": list(workspaces)})
    return {(workspace, partition): position for workspace, partition, position in rows}

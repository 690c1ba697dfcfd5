"""An inbox: what one consumer gave out and is not done with, and the commits behind what is done."""

from __future__ import annotations

from collections.abc import Sequence

from etappe.clock import Clock
from etappe.eventlog import Consumer, Position, Record
from etappe.warehouse import Session, Sessions


class Inbox:
    """Hands the same records out until they are done; commits about once a second.

    What was done is committed only after it survives a power cut.
    """

    def __init__(self, consumer: Consumer, sessions: Sessions, commit_seconds: float, clock: Clock) -> None:
        self.consumer = consumer
        self._sessions = sessions
        self._commit_ms = commit_seconds * 1000
        self._clock = clock
        self._open: Sequence[Record] = ()
        self._generation = consumer.generation
        self._done: dict[int, int] = {}
        self._committed_at = clock()

    @property
    def oldest(self) -> int | None:
        """When the oldest record in hand was appended (ms); None when there is none."""
        return min((record.stamp for record in self._open), default=None)

    async def take(self, count: int, seconds: float) -> Sequence[Record]:
        """The records in hand, else up to `count` new ones; none after `seconds` without one.

        After partitions changed hands, what was in hand is given up: its holder gets it from the log.
        """
        if self._generation != self.consumer.generation:
            self._open = ()
        if not self._open:
            self._open = await self.consumer.poll(count, seconds)
            self._generation = self.consumer.generation
        return self._open

    def done(self) -> None:
        """Everything in hand is in the tables and need not come again."""
        for record in self._open:
            self._done[record.partition] = record.offset + 1
        self._open = ()

    async def commit_when_due(self) -> None:
        if self._clock() - self._committed_at >= self._commit_ms:
            await self.commit()

    async def commit(self) -> None:
        """Commit what is done; on an error it stays to be committed."""
        self._committed_at = self._clock()
        if not self._done:
            return
        position = Position(dict(self._done))
        await self._sessions.run(Session.sync)
        await self.consumer.commit(position)
        self._done = {}

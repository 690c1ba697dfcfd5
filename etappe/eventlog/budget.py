"""How many bytes may wait in memory at once, and for how long others wait for room."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain

from etappe.errors import LogFull
from etappe.eventlog import Entry, Lines

ENTRY_BYTES = 200
"""What a waiting entry costs beside its key and value: tuple, bytes headers, list slot."""


def size_of(entries: Sequence[Entry]) -> int:
    """What these entries occupy while they wait, in bytes."""
    if isinstance(entries, Lines):
        return len(entries.text) + sum(map(len, entries.keys)) + ENTRY_BYTES * len(entries)
    return sum(map(len, chain.from_iterable(entries))) + ENTRY_BYTES * len(entries)


class Budget:
    """A number of bytes, taken and given back by tasks of one event loop, first come first served.

    More than the whole budget is let in when nothing else is: a large append waits, it is not impossible.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used(self) -> int:
        return self._used

    def admits(self, size: int) -> bool:
        """Take it if there is room now, and nobody was first."""
        if self._queue or not self._fits(size):
            return False
        self._used += size
        return True

    async def wait(self, size: int, deadline: float) -> None:
        """Take it as soon as there is room, which it waits for up to `deadline` seconds; LogFull after that."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((size, turn))
        try:
            async with asyncio.timeout(deadline):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            self._leave(size, turn)
            if isinstance(error, TimeoutError):
                raise LogFull(
                    f"{self._used} bytes wait to be written, no room within {deadline:g} s."
                ) from None
            raise

    def give(self, size: int) -> None:
        """Return what was taken."""
        self._used -= size
        self._admit()

    def _fits(self, size: int) -> bool:
        return self._used == 0 or self._used + size <= self._total

    def _leave(self, size: int, turn: asyncio.Future[None]) -> None:
        """A waiter that gives up may have got its turn in the same moment."""
        if turn.done() and not turn.cancelled():
            self._used -= size
        turn.cancel()
        self._admit()

    def _admit(self) -> None:
        while self._queue:
            size, turn = self._queue[0]
            if not turn.cancelled():
                if not self._fits(size):
                    return
                self._used += size
                turn.set_result(None)
            self._queue.popleft()

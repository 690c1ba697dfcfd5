"""How long those who wait are kept waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

Waiter = asyncio.Future[Any]


class Deadlines:
    """Ends waiting that takes too long, with one timer for all who wait: `asyncio.timeout` for each of them costs
    as much as all else that the event loop does for a small append. For one event loop.
    """

    def __init__(self, failure: Callable[[], Exception]) -> None:
        """`failure` makes what those get who have waited too long."""
        self._failure = failure
        self._heap: list[tuple[float, int, Waiter]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, until: float, waiter: Waiter) -> None:
        """`until` by the clock of the loop."""
        heap = self._heap
        while heap and heap[0][2].done():
            heappop(heap)
        heappush(heap, (until, next(self._numbers), waiter))
        if self._timer is None or until < self._timer.when():
            self._set_timer()

    def __len__(self) -> int:
        """How many are kept; of those answered none that would have been the next."""
        return len(self._heap)

    def close(self) -> None:
        """Nobody is ended any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        self.close()
        self._timer = asyncio.get_running_loop().call_at(self._heap[0][0], self._look)

    def _look(self) -> None:
        """The timer: it stays set for one that was answered in time, which costs less than to set another."""
        self._timer = None
        now, heap = asyncio.get_running_loop().time(), self._heap
        while heap and (heap[0][0] <= now or heap[0][2].done()):
            waiter = heappop(heap)[2]
            if not waiter.done():
                waiter.set_exception(self._failure())
        if heap:
            self._set_timer()

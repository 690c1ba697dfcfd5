"""Waking those who wait for new records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from etappe.errors import LogUnavailable

LOOK_SECONDS = 0.02
IDLE_SECONDS = 0.05
SLOWER = 1.2


class Bell:
    """Rung when a log file has grown. For one event loop.

    Take `count` before looking for records; when there are none, `wait` for a ring after that count.
    """

    def __init__(self, look: Callable[[], Awaitable[object]] | None = None) -> None:
        """`look` tells a value that changes when another process has written; None for an own file."""
        self.count = 0
        self._look = look
        self._seen: object = None
        self._watch: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        self.count += 1
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)

    async def wait(self, count: int, timeout: float) -> bool:  # noqa: ASYNC109 - ends with False
        """True as soon as the bell was rung after `count`, False after `timeout` seconds without."""
        if self.count > count:
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(turn)
        self._start_watch()
        try:
            async with asyncio.timeout(timeout):
                await turn
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(turn)
        return True

    async def close(self) -> None:
        self.ring()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])

    def _start_watch(self) -> None:
        if self._look is not None and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._watch_file(self._look))

    async def _watch_file(self, look: Callable[[], Awaitable[object]]) -> None:
        """Look often at first, less often while nothing happens, and not at all when nobody waits."""
        pause = LOOK_SECONDS
        while self._waiting:
            await asyncio.sleep(pause)
            try:
                seen = await look()
            except LogUnavailable:
                # The reader who is woken meets the same trouble and reports it.
                seen = object()
            changed = seen != self._seen
            pause = LOOK_SECONDS if changed else min(pause * SLOWER, IDLE_SECONDS)
            self._seen = seen
            if changed:
                self.ring()

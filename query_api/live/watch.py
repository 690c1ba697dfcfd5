"""Watches: one task per workspace and model that somebody listens to, and what it tells its listeners."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from etappe.errors import EtappeError
from query_api.errors import TooManyListeners
from query_api.live.changes import Changes, Mark, read_changes
from query_api.questions import Questions

EVERY_SECONDS = 1.0
MOST_LISTENERS = 200
"""In one process: each holds a connection open."""
_BEHIND = 20
"""Rounds that a listener may lag before it is let go; it may come again."""

logger = structlog.get_logger()


class Listener:
    """What one connection hears: rounds of changes, then None when it is over."""

    def __init__(self) -> None:
        self._rounds: asyncio.Queue[Changes | None] = asyncio.Queue(_BEHIND + 1)

    async def next(self) -> Changes | None:
        return await self._rounds.get()

    def tell(self, changes: Changes) -> bool:
        """False where it does not keep up, and is told that it is over."""
        if self._rounds.qsize() >= _BEHIND:
            self.end()
            return False
        self._rounds.put_nowait(changes)
        return True

    def end(self) -> None:
        if not self._rounds.full():
            self._rounds.put_nowait(None)


@dataclass
class _Watch:
    """The listeners of one workspace and model, and the task that reads for them."""

    listeners: set[Listener] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has looked: what changes from then on is told."""


class Watches:
    """All of a process. A watch lives as long as it has listeners."""

    def __init__(self, sessions: Questions, every: float = EVERY_SECONDS, most: int = MOST_LISTENERS) -> None:
        self._sessions = sessions
        self._every = every
        self._most = most
        self._watches: dict[tuple[str, str], _Watch] = {}
        self._closed = False

    @property
    def listeners(self) -> int:
        return sum(len(each.listeners) for each in self._watches.values())

    async def join(self, workspace: str, model: str) -> Listener:
        """A new listener, which hears of everything from then on.

        TooManyListeners where there are enough, and when the service stops.
        """
        if self._closed or self.listeners >= self._most:
            raise TooManyListeners(self._most)
        watch = self._watches.setdefault((workspace, model), _Watch())
        listener = Listener()
        watch.listeners.add(listener)
        if watch.task is None:
            watch.task = asyncio.create_task(self._run(workspace, model, watch))
        await watch.begun.wait()
        return listener

    def leave(self, workspace: str, model: str, listener: Listener) -> None:
        watch = self._watches.get((workspace, model))
        if watch is None:
            return
        watch.listeners.discard(listener)
        if not watch.listeners:
            self._end(workspace, model)

    def close(self) -> None:
        """Every listener hears that it is over: a service that stops does not wait for them."""
        self._closed = True
        for workspace, model in list(self._watches):
            self._end(workspace, model)

    def _end(self, workspace: str, model: str) -> None:
        watch = self._watches.pop((workspace, model))
        watch.begun.set()
        for listener in watch.listeners:
            listener.end()
        if watch.task is not None:
            watch.task.cancel()

    async def _run(self, workspace: str, model: str, watch: _Watch) -> None:
        mark: Mark | None = None
        while watch.listeners:
            mark = await self._round(workspace, model, watch, mark)
            watch.begun.set()
            await asyncio.sleep(self._every)
        self._watches.pop((workspace, model), None)  # the last of them did not keep up

    async def _round(self, workspace: str, model: str, watch: _Watch, mark: Mark | None) -> Mark | None:
        """One look. Where it fails the next one catches up: what was not told stays after the mark."""
        try:
            found = await self._sessions.run(lambda session: read_changes(session, workspace, model, mark))
        except EtappeError as error:
            logger.warning("live_not_read", workspace=workspace, error=str(error))
            return mark
        if found is None:
            return mark
        if found.changes:
            watch.listeners = {each for each in watch.listeners if each.tell(found)}
        return found.mark

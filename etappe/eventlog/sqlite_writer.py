"""The thread that writes one log file: takes all that is queued, writes one transaction, then answers."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from etappe.errors import EtappeError, LogUnavailable
from etappe.eventlog.sqlite_bell import Bell
from etappe.eventlog.sqlite_errors import in_our_words, is_full
from etappe.eventlog.sqlite_file import LogFile
from etappe.eventlog.sqlite_retention import Retention

T = TypeVar("T")

IDLE_SECONDS = 1.0
"""How often an idle writer looks whether retention is due."""

ROOM_STEPS = 20
"""How many steps of retention a full file gets before an append is refused."""

Work = Callable[[LogFile], T]


class Job(NamedTuple):
    """Work to do inside a transaction, who waits for its result, and the memory it holds until then."""

    work: Work[Any]
    waiter: asyncio.Future[Any]
    size: int


Outcome = tuple[Job, Any, Exception | None]


class Writer:
    """Owns a file from `start` to `close`. `submit` may be called by tasks of one event loop."""

    def __init__(
        self,
        path: Path,
        open_file: Callable[[], LogFile],
        retention: Retention,
        bell: Bell,
        give: Callable[[int], None],
    ) -> None:
        """`give` takes back the memory of jobs that are done, in the event loop."""
        self._path = path
        self._open_file = open_file
        self._retention = retention
        self._bell = bell
        self._give = give
        self._queue: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._fresh: list[Job] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._closed = False
        self.transactions = 0

    async def start(self) -> None:
        """Return when the file is open; LogUnavailable otherwise."""
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._thread.start()
        await self._opened

    def submit(self, work: Work[T], size: int = 0) -> asyncio.Future[T]:
        """Do `work`, settled once it is on disk; all submitted together share one transaction.

        The writer goes on with what it has begun, also when the future is cancelled.
        """
        if self._closed:
            raise LogUnavailable("It has been closed.")
        waiter: asyncio.Future[T] = self._loop.create_future()
        if not self._fresh:
            self._loop.call_soon(self._hand_over)
        self._fresh.append(Job(work, waiter, size))
        return waiter

    async def close(self) -> None:
        """Write what is queued, then let the file go."""
        if self._closed or self._thread.ident is None:
            return
        self._closed = True
        self._hand_over()
        self._queue.put(None)
        await self._ended.wait()
        self._thread.join()

    def _hand_over(self) -> None:
        """What came up in one turn of the event loop wakes the thread once and shares a transaction."""
        if self._fresh:
            self._queue.put(self._fresh)
            self._fresh = []

    def _run(self) -> None:
        """The thread: open, write until told to end, close."""
        try:
            file = self._open()
        except EtappeError as error:
            self._tell(self._opened.set_exception, error)
            self._tell(self._ended.set)
            return
        self._tell(self._opened.set_result, None)
        more, ending = True, False
        while not ending:
            jobs, ending = self._take(0 if more else IDLE_SECONDS)
            if jobs:
                self._tell(self._settle, self._write(file, jobs))
            more = self._retain(file)
        file.close()
        self._tell(self._ended.set)

    def _open(self) -> LogFile:
        try:
            return self._open_file()
        except sqlite3.Error as error:
            raise in_our_words(error, self._path) from error
        except OSError as error:
            raise LogUnavailable(f"{self._path} cannot be made: {error.strerror}.") from error

    def _take(self, wait: float) -> tuple[list[Job], bool]:
        """Everything queued, after waiting up to `wait` seconds for a first job; True when told to end."""
        jobs: list[Job] = []
        try:
            more = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            while more is not None:
                jobs += more
                more = self._queue.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _write(self, file: LogFile, jobs: Sequence[Job]) -> list[Outcome]:
        """All in one transaction; when that fails each in its own, so that one harms only itself."""
        try:
            return self._commit(file, jobs)
        except Exception as error:
            # Whatever it is belongs to whoever waits; the thread goes on for the others.
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in self._write(file, [job])]
            return [self._try_again(file, jobs[0], error)]

    def _commit(self, file: LogFile, jobs: Sequence[Job]) -> list[Outcome]:
        with file.transaction():
            outcomes: list[Outcome] = [(job, job.work(file), None) for job in jobs]
        self.transactions += 1
        return outcomes

    def _try_again(self, file: LogFile, job: Job, error: Exception) -> Outcome:
        """A full file may have something to forget."""
        if not isinstance(error, sqlite3.Error):
            return job, None, error
        if not is_full(error):
            return job, None, in_our_words(error, file.path)
        self._make_room(file)
        try:
            return self._commit(file, [job])[0]
        except sqlite3.Error as again:
            return job, None, in_our_words(again, file.path)

    def _make_room(self, file: LogFile) -> None:
        self._retention.hurry()
        for _ in range(ROOM_STEPS):
            if not self._retain(file):
                return

    def _retain(self, file: LogFile) -> bool:
        try:
            return self._retention.step(file)
        except sqlite3.Error:
            # The next append meets the same trouble and reports it; retention has its next turn.
            return False

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """In the event loop: answer everybody who still waits."""
        for (_, waiter, _), result, error in outcomes:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(result)
            else:
                waiter.set_exception(error)
        self._give(sum(job.size for job, _, _ in outcomes))
        self._bell.ring()

    def _tell(self, call: Callable[..., object], *values: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *values)
        except RuntimeError:
            # The loop was closed without closing the log; nobody waits any more.
            self._closed = True

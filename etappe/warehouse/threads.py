"""Sessions for async code: worker threads that each own one session."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from etappe.errors import EtappeError, WarehouseBusy, WarehouseUnavailable
from etappe.warehouse.asking import Asking
from etappe.warehouse.limits import Limits
from etappe.warehouse.session import Session, Warehouse
from etappe.warehouse.statements import statement

T = TypeVar("T")

_CANCELS, _PAUSE = 200, 0.05
"""How often the engine is told that a question is given up, and seconds between: its limit of time does the rest."""


@dataclass(frozen=True, slots=True)
class _Task(Generic[T]):
    job: Callable[[Session], T]
    future: Future[T]
    asking: Asking = field(default_factory=Asking)


class Sessions:
    """`count` daemon threads, each with a session of its own, taking jobs from one queue.

    With `limits` they read, and a question that is given up is cancelled in the engine. `waiting`: jobs that may
    wait for a thread; None: any number.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        count: int,
        limits: Limits | None = None,
        name: str = "warehouse",
        waiting: int | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._limits = limits
        self._waiting = waiting
        self._closed = False
        self._cancellers: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[_Task[Any] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, job: Callable[[Session], T]) -> T:
        """Run `job` on one of the threads; what it raises is raised here. WarehouseUnavailable if closed.

        WarehouseBusy where too many wait already. A caller who is cancelled cancels the question.
        """
        if self._closed:
            raise WarehouseUnavailable("It is being closed.")
        if self._waiting is not None and self._jobs.qsize() >= self._waiting:
            raise WarehouseBusy(f"{self._waiting} questions wait already (query_waiting).")
        task = _Task(job, Future[T]())
        self._jobs.put(task)
        try:
            return await asyncio.wrap_future(task.future)
        except asyncio.CancelledError:
            if not task.future.cancel():
                self._give_up(task.asking)
            raise

    async def close(self) -> None:
        """Finish what was asked, close every session, end the threads."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        for thread in self._cancellers:
            await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        session: Session | None = None
        while (task := self._jobs.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                session = session or self._warehouse.session(self._limits)
                task.future.set_result(self._run(task, session))
            except BaseException as error:  # whatever a job raises belongs to its caller
                task.future.set_exception(error)
            task.asking.ended.set()
        if session:
            session.close()

    def _run(self, task: _Task[T], session: Session) -> T:
        if self._limits is None:
            return task.job(session)
        session.begin(task.asking)
        try:
            return task.job(session)
        finally:
            session.end()

    def _give_up(self, asking: Asking) -> None:
        """Another session has to tell the engine, since that of the question is taken by it."""
        asking.cancelled.set()
        if self._limits is not None and not asking.ended.is_set():
            canceller = threading.Thread(target=self._cancel, args=(asking,), daemon=True, name="canceller")
            self._cancellers = [each for each in self._cancellers if each.is_alive()] + [canceller]
            canceller.start()

    def _cancel(self, asking: Asking) -> None:
        """Until the question has ended: it may be between two statements, or about to begin one."""
        with suppress(EtappeError):
            session = self._warehouse.session(self._limits)
            try:
                for _ in range(_CANCELS):
                    if asking.ended.wait(_PAUSE):
                        return
                    session.execute(statement("etappe.warehouse", "cancel"), {"mark": asking.mark})
            finally:
                session.close()

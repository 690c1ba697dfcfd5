"""Sessions for async code: worker threads that each own one session."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from etappe.errors import WarehouseUnavailable
from etappe.warehouse.session import Limits, Session, Warehouse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task(Generic[T]):
    job: Callable[[Session], T]
    future: Future[T]


class Sessions:
    """`count` daemon threads, each with a session of its own, taking jobs from one queue."""

    def __init__(
        self, warehouse: Warehouse, count: int, limits: Limits | None = None, name: str = "warehouse"
    ) -> None:
        self._warehouse = warehouse
        self._limits = limits
        self._closed = False
        self._jobs: queue.SimpleQueue[_Task[Any] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, job: Callable[[Session], T]) -> T:
        """Run `job` on one of the threads; what it raises is raised here. WarehouseUnavailable if closed."""
        if self._closed:
            raise WarehouseUnavailable("It is being closed.")
        future: Future[T] = Future()
        self._jobs.put(_Task(job, future))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish what was asked, close every session, end the threads."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        session: Session | None = None
        while (task := self._jobs.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                session = session or self._warehouse.session(self._limits)
                task.future.set_result(task.job(session))
            except BaseException as error:  # whatever a job raises belongs to its caller
                task.future.set_exception(error)
        if session:
            session.close()

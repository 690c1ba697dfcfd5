"""`Sessions`: async callers, worker threads, one session each; on both engines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from etappe.errors import QueryLimit, WarehouseUnavailable
from etappe.warehouse import Limits, Session, Sessions, connect_warehouse
from etappe.warehouse.session import Row


@pytest.fixture
async def sessions(warehouse_url: str) -> AsyncIterator[Sessions]:
    sessions = Sessions(connect_warehouse(warehouse_url), 8, Limits(seconds=2))
    yield sessions
    await sessions.close()


async def test_two_thousand_questions_at_once_each_get_their_own_rows(sessions: Sessions) -> None:
    def job(number: int) -> Callable[[Session], list[Row]]:
        return lambda session: session.rows(
            "SELECT {n:UInt64}, {s:String}", {"n": number, "s": f"row {number}"}
        )

    answers = await asyncio.gather(*(sessions.run(job(number)) for number in range(2000)))
    assert answers == [[(number, f"row {number}")] for number in range(2000)]


async def test_jobs_run_side_by_side(sessions: Sessions) -> None:
    meeting = threading.Barrier(4, timeout=20)  # breaks unless four jobs are in it at once

    def job(session: Session) -> int:
        return meeting.wait()

    assert sorted(await asyncio.gather(*(sessions.run(job) for _ in range(4)))) == [0, 1, 2, 3]


async def test_what_a_job_raises_is_raised_at_its_caller_and_the_thread_goes_on(sessions: Sessions) -> None:
    def fail(session: Session) -> None:
        raise LookupError("mine")

    for _ in range(9):
        with pytest.raises(LookupError, match="mine"):
            await sessions.run(fail)
    assert await sessions.run(lambda session: session.rows("SELECT 1")) == [(1,)]


async def test_a_limit_reaches_the_caller_as_one(sessions: Sessions) -> None:
    with pytest.raises(QueryLimit):
        await sessions.run(
            lambda session: session.rows("SELECT sum(sipHash64(number)) FROM numbers(100000000000)")
        )


async def test_a_caller_who_gives_up_does_not_hurt_the_next(sessions: Sessions) -> None:
    release = threading.Event()
    blockers = [asyncio.create_task(sessions.run(lambda _: release.wait(20))) for _ in range(8)]
    waiting = asyncio.create_task(sessions.run(lambda session: session.rows("SELECT 1")))
    await asyncio.sleep(0)
    waiting.cancel()
    release.set()
    assert await asyncio.gather(*blockers) == [True] * 8
    assert await sessions.run(lambda session: session.rows("SELECT 2")) == [(2,)]


async def test_after_close_a_job_is_refused_instead_of_waiting_for_ever(sessions: Sessions) -> None:
    await sessions.close()
    with pytest.raises(WarehouseUnavailable):
        await asyncio.wait_for(sessions.run(lambda session: session.rows("SELECT 1")), timeout=5)

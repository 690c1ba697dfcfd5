"""Questions that nobody waits for, that take too long, or are too many: the engine is free of them, on both engines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from etappe.errors import Cancelled, QueryLimit, WarehouseBusy
from etappe.warehouse import Limits, Session, Sessions, connect_warehouse

ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
RUNNING = (
    "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'"
)


@pytest.fixture
async def sessions(warehouse_url: str) -> AsyncIterator[Sessions]:
    """One thread, so that the next question needs the session of the one before."""
    sessions = Sessions(connect_warehouse(warehouse_url), 1, Limits(seconds=60, rows=200_000), waiting=2)
    yield sessions
    await sessions.close()


@pytest.fixture
async def watching(warehouse_url: str) -> AsyncIterator[Sessions]:
    """A way of its own to see what the engine is doing."""
    sessions = Sessions(connect_warehouse(warehouse_url), 1, Limits())
    yield sessions
    await sessions.close()


async def running(watching: Sessions, wanted: int) -> bool:
    """Whether the engine comes to run that many of the endless questions."""
    for _ in range(400):
        ((count,),) = await watching.run(lambda session: session.rows(RUNNING))
        if count == wanted:
            return True
        await asyncio.sleep(0.02)
    return False


async def asked(sessions: Sessions, sql: str) -> list[tuple[object, ...]]:
    return await sessions.run(lambda session: session.rows(sql))


@pytest.mark.timeout(60)
async def test_a_question_that_nobody_waits_for_is_cancelled_in_the_engine(
    sessions: Sessions, watching: Sessions
) -> None:
    for _ in range(3):
        asking = asyncio.create_task(asked(sessions, ENDLESS))
        assert await running(watching, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await running(watching, 0)
        assert await asked(sessions, "SELECT 1") == [(1,)]


@pytest.mark.timeout(60)
async def test_it_is_cancelled_between_two_statements_too(sessions: Sessions) -> None:
    begun, go_on = threading.Event(), threading.Event()
    found: list[BaseException] = []

    def job(session: Session) -> None:
        begun.set()
        go_on.wait(20)
        try:
            session.rows(ENDLESS)
        except BaseException as error:
            found.append(error)

    asking = asyncio.create_task(sessions.run(job))
    await asyncio.to_thread(begun.wait, 20)
    asking.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert await asked(sessions, "SELECT 1") == [(1,)]
    assert [type(error) for error in found] == [Cancelled]


@pytest.mark.timeout(60)
async def test_one_that_waits_for_a_thread_is_never_begun(sessions: Sessions) -> None:
    release, began = threading.Event(), threading.Event()
    blocking = asyncio.create_task(sessions.run(lambda _: release.wait(20)))
    waiting = asyncio.create_task(sessions.run(lambda _: began.set()))
    await asyncio.sleep(0.05)
    waiting.cancel()
    release.set()
    assert await blocking
    assert await asked(sessions, "SELECT 1") == [(1,)]
    assert not began.is_set()


@pytest.mark.timeout(60)
async def test_one_that_takes_too_long_is_stopped_in_the_engine(
    warehouse_url: str, watching: Sessions
) -> None:
    hasty = Sessions(connect_warehouse(warehouse_url), 1, Limits(seconds=1))
    with pytest.raises(QueryLimit, match=r"query_seconds is 1: a question that takes less time"):
        await asked(hasty, ENDLESS)
    assert await running(watching, 0)
    assert await asked(hasty, "SELECT 1") == [(1,)]
    await hasty.close()


async def test_more_than_may_wait_are_told_to_come_again(sessions: Sessions) -> None:
    release = threading.Event()
    first = asyncio.create_task(sessions.run(lambda _: release.wait(20)))
    await asyncio.sleep(0.1)
    waiting = [asyncio.create_task(asked(sessions, f"SELECT {n}")) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(WarehouseBusy, match=r"2 questions wait already \(query_waiting\)"):
        await asked(sessions, "SELECT 9")
    release.set()
    assert await first
    assert await asyncio.gather(*waiting) == [[(0,)], [(1,)]]
    assert await asked(sessions, "SELECT 9") == [(9,)]


async def test_a_stream_gives_blocks_and_then_frees_the_session(sessions: Sessions) -> None:
    def job(session: Session) -> tuple[int, int, list[tuple[object, ...]]]:
        sizes = [
            len(block)
            for block in session.stream("SELECT number, {x:String} FROM numbers(150000)", {"x": "a"})
        ]
        return len(sizes), sum(sizes), session.rows("SELECT 7")

    blocks, rows, after = await sessions.run(job)
    assert (blocks >= 2, rows, after) == (True, 150_000, [(7,)])


async def test_a_stream_without_rows_has_no_blocks(sessions: Sessions) -> None:
    sql = "SELECT number FROM numbers(10) WHERE number > 20"
    assert await sessions.run(lambda s: [row for block in s.stream(sql) for row in block]) == []


async def test_a_stream_that_is_left_open_does_not_hold_up_the_next_question(sessions: Sessions) -> None:
    def job(session: Session) -> int:
        return len(next(iter(session.stream("SELECT number FROM numbers(150000)"))))

    assert await sessions.run(job) > 0
    assert await asked(sessions, "SELECT 1") == [(1,)]


async def test_a_stream_past_a_limit_says_which(sessions: Sessions) -> None:
    sql = "SELECT number, toString(number) FROM numbers(10000000)"
    with pytest.raises(QueryLimit, match=r"query_rows is 200000: fewer rows: pages with limit= and cursor="):
        await sessions.run(lambda s: sum(len(block) for block in s.stream(sql)))
    assert await asked(sessions, "SELECT 1") == [(1,)]


@pytest.mark.timeout(60)
async def test_a_stream_that_nobody_reads_on_is_cancelled(sessions: Sessions, watching: Sessions) -> None:
    sql = "SELECT max(sipHash64(number, n)) FROM numbers(1000000000000) GROUP BY number % 2 AS n"
    asking = asyncio.create_task(sessions.run(lambda s: list(s.stream(sql))))
    assert await running(watching, 1)
    asking.cancel()
    assert await running(watching, 0)
    assert await asked(sessions, "SELECT 1") == [(1,)]

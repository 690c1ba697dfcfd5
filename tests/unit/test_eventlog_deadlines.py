"""Deadlines: who waits too long is told so, by one timer for all."""

from __future__ import annotations

import asyncio

import pytest

from etappe.eventlog.deadlines import Deadlines


def deadlines() -> Deadlines:
    return Deadlines(lambda: TimeoutError("too late"))


async def test_each_is_ended_at_its_own_time_whichever_came_first() -> None:
    loop = asyncio.get_running_loop()
    late, early, never = (loop.create_future() for _ in range(3))
    ending = deadlines()
    ending.add(loop.time() + 60, never)
    ending.add(loop.time() + 0.05, late)
    ending.add(loop.time() + 0.01, early)
    with pytest.raises(TimeoutError, match="too late"):
        await early
    assert not late.done()
    with pytest.raises(TimeoutError, match="too late"):
        await late
    assert not never.done()
    ending.close()


async def test_who_was_answered_or_has_gone_is_left_alone() -> None:
    loop = asyncio.get_running_loop()
    answered, gone, waiting = (loop.create_future() for _ in range(3))
    ending = deadlines()
    for each in (answered, gone, waiting):
        ending.add(loop.time() + 0.01, each)
    answered.set_result("in time")
    gone.cancel()
    with pytest.raises(TimeoutError):
        await waiting
    assert answered.result() == "in time"


async def test_those_who_were_answered_are_not_kept() -> None:
    loop = asyncio.get_running_loop()
    ending = deadlines()
    for _ in range(100):
        each = loop.create_future()
        ending.add(loop.time() + 60, each)
        each.set_result(None)
    assert len(ending) == 1
    ending.close()

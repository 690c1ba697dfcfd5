"""What has begun: it is done at once, or it goes on where it waits."""

from __future__ import annotations

import asyncio

import pytest

from ingest.begun import Begun


async def test_what_waits_for_nothing_is_done_at_once() -> None:
    async def at_once() -> int:
        return 5

    begun = Begun(at_once())
    assert (begun.is_done, begun.result) == (True, 5)
    assert await begun == 5


async def test_what_waits_several_times_goes_on_after_each() -> None:
    events = [asyncio.Event() for _ in range(3)]

    async def one_after_the_other() -> str:
        for event in events:
            await event.wait()
        return "done"

    begun = Begun(one_after_the_other())
    assert not begun.is_done
    for number, event in enumerate(events):
        asyncio.get_running_loop().call_later(0.001 * number, event.set)
    assert await begun == "done"


async def test_an_error_comes_when_it_happens() -> None:
    async def fails(first: asyncio.Event) -> None:
        await first.wait()
        raise ValueError("late")

    with pytest.raises(ValueError, match="now"):
        Begun(_fails_at_once())
    event = asyncio.Event()
    begun = Begun(fails(event))
    event.set()
    with pytest.raises(ValueError, match="late"):
        await begun


async def _fails_at_once() -> None:
    raise ValueError("now")


async def test_cancelled_while_it_waits_it_is_closed() -> None:
    ended = False

    async def waits() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await Begun(waits())
    assert ended

"""Several supervised processes as one: ready when all are, stopped together by a signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from etappe.cli.child import Child


async def supervise(children: Sequence[Child], announce: Callable[[], None]) -> None:
    """Run the children until a signal comes; call `announce` once, when all of them are ready.

    ServiceFailed where one refuses to start; the others are stopped then too.
    """
    asked = _asked_to_stop()
    lives = [asyncio.create_task(child.run()) for child in children]
    greeting = asyncio.create_task(_greet(children, announce))
    try:
        await asyncio.wait({asked, *lives}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        greeting.cancel()
        await asyncio.gather(*(child.stop() for child in children))
        ends = await asyncio.gather(*lives, return_exceptions=True)
        for child in children:
            child.close()
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def _asked_to_stop() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[None] = loop.create_future()

    def ask() -> None:
        if not asked.done():
            asked.set_result(None)

    for each in _signals():
        loop.add_signal_handler(each, ask)
    return asked


def _signals() -> list[signal.Signals]:
    """What stops us: a hang-up too, unless nohup said to ignore it."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGTERM, signal.SIGINT, *hangup]


async def _greet(children: Sequence[Child], announce: Callable[[], None]) -> None:
    for child in children:
        await child.ready.wait()
    announce()

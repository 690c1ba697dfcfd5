"""A small TCP proxy between a service and what it talks to: it can be slow, silent, or forget its connections."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

CHUNK = 1 << 16


class Proxy:
    """Listens on a free port from `start` to `stop` and passes bytes on to 127.0.0.1:`target`, on a thread of its own.

    `delay` seconds are added to every chunk in both directions (each of at most 64 KB, so that it bounds the rate,
    too).
    """

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._open: set[Pair] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def be_silent(self) -> None:
        """Nothing passes on any connection, new ones included, which are taken all the same."""
        self._do(lambda pair: pair.passing.clear())
        self.delay = -1.0

    def be_well(self) -> None:
        self.delay = 0.0
        self._do(lambda pair: None if pair.forgotten else pair.passing.set())

    def forget(self) -> None:
        """Half-open connections: the far end is gone, and the near end never hears of it. New ones work."""
        self._do(Pair.forget)

    def _do(self, what: Callable[[Pair], None]) -> None:
        async def done() -> None:
            for pair in set(self._open):
                what(pair)

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        for pair in set(self._open):
            pair.end()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(writer, far_writer)
        if self.delay < 0:
            pair.passing.clear()
        self._open.add(pair)
        ways = (self._pass(pair, reader, far_writer), self._pass(pair, far_reader, writer))
        try:
            with contextlib.suppress(asyncio.CancelledError):  # by `stop`; the server would report it
                await asyncio.gather(*ways)
        finally:
            self._open.discard(pair)
            pair.end()

    async def _pass(self, pair: Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.delay > 0:
                    await asyncio.sleep(self.delay)
                await pair.passing.wait()
                writer.write(data)
                await writer.drain()
        await pair.passing.wait()
        if not pair.forgotten:
            pair.end()


class Pair:
    """Two connections that are one to those who talk."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.passing = asyncio.Event()
        self.passing.set()
        self.forgotten = False
        self._near = near
        self._far = far

    def forget(self) -> None:
        self.passing.clear()
        self.forgotten = True
        self._far.transport.abort()

    def end(self) -> None:
        for each in (self._near, self._far):
            each.transport.abort()

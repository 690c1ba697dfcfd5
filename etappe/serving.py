"""The HTTP server of every service: how it runs, and how it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from etappe.heads import LimitedHeads

SIGNALS = (signal.SIGINT, signal.SIGTERM)
DRAIN_SECONDS = 6
"""How long requests in flight may take after a signal: less than `etappe up` waits before it kills."""


class Server(uvicorn.Server):
    """uvicorn, but leaving signals to us: it raises them again after a clean stop, and exit 0 is lost."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """No new connections; requests in flight are finished."""
        self.should_exit = True
        self._on_stop()


def make_server(
    app: Any,
    drain_seconds: int = DRAIN_SECONDS,
    on_stop: Callable[[], None] = lambda: None,
    connections: type[LimitedHeads] = LimitedHeads,
) -> Server:
    """A server for an ASGI application; it listens on the socket that `serve` is given.

    `on_stop` is called when it is told to stop: replies that would never end are ended there.
    """
    config = uvicorn.Config(
        app,
        http=connections,
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=drain_seconds,
    )
    return Server(config, on_stop)


async def serve_until(stop: asyncio.Event, server: Server, listener: socket.socket) -> None:
    """Serve until `stop` is set, then finish what is in flight and return."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        server.stop()
        await serving


@contextmanager
def stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop` instead of ending the process."""
    loop = asyncio.get_running_loop()
    for each in SIGNALS:
        loop.add_signal_handler(each, stop.set)
    try:
        yield
    finally:
        for each in SIGNALS:
            loop.remove_signal_handler(each)

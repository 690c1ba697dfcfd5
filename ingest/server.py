"""The HTTP server around the collector: its socket, and how it stops."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from etappe.errors import SettingsError
from ingest.http import App

SIGNALS = (signal.SIGINT, signal.SIGTERM)
DRAIN_SECONDS = 20
"""How long requests in flight may take after a signal."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; SettingsError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SettingsError(_advice(host, port, error)) from error
    return listener


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"collect_port {port} on {host} is taken: stop what holds it, or choose another (--collect-port)."
        )
    return f"host {host}, collect_port {port} cannot be bound: {error.strerror or error}."


class Server(uvicorn.Server):
    """uvicorn, but leaving signals to us: it raises them again after a clean stop, and exit 0 is lost."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """No new connections; requests in flight are finished."""
        self.should_exit = True


def make_server(app: App) -> Server:
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return Server(config)


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

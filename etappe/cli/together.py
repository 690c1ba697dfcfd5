"""Stitcher and query API in one event loop: both run until a signal, or until one of them fails."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from etappe.eventlog import CHANGES, EventLog, connect_log
from etappe.settings import Settings
from etappe.warehouse import Sessions, Warehouse
from etappe.workspaces import RegisterFile
from query_api.app import create_app, question_sessions
from stitcher.service import Stitcher

_GRACE_SECONDS = 3
"""How long questions in hand may take when the service is told to stop."""


class _Server(uvicorn.Server):
    """A server that leaves signals to us: they stop the stitcher too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run_together(settings: Settings, warehouse: Warehouse, writing: Sessions) -> None:
    """Stitch with the sessions given, answer with read-only ones beside them."""
    log = await connect_log(settings.log, (CHANGES,), settings.log_options)
    try:
        reading = question_sessions(settings, warehouse)
        try:
            await _run(settings, log, writing, reading)
        finally:
            await reading.close()
    finally:
        await log.close()


async def _run(settings: Settings, log: EventLog, writing: Sessions, reading: Sessions) -> None:
    register = RegisterFile(settings.workspaces)
    stitcher = Stitcher(settings, log, writing, register)
    server = _server(create_app(reading, log, register.current), settings)

    def stop() -> None:
        stitcher.stop()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    async with asyncio.TaskGroup() as tasks:
        for work in (stitcher.run(), server.serve()):
            tasks.create_task(work).add_done_callback(lambda _: stop())


def _server(app: FastAPI, settings: Settings) -> _Server:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.query_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config)

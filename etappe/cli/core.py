"""`etappe core`: stitcher and query API around the one embedded engine, in one process and one event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from etappe.cli.options import DataDir
from etappe.cli.service import Supervised, run_service
from etappe.cli.up import Host, QueryPort
from etappe.eventlog import CHANGES, LogOptions, connect_log
from etappe.settings import Settings
from etappe.warehouse import Sessions, connect_warehouse
from etappe.warehouse.migrate import Layout, migrate
from etappe.workspaces import RegisterFile
from query_api.app import create_app, question_sessions
from stitcher.service import Stitcher

_GRACE_SECONDS = 3
"""How long questions in hand may take when the service is told to stop."""


def core(
    data_dir: DataDir = None, host: Host = None, port: QueryPort = None, supervised: Supervised = False
) -> None:
    """Run stitcher and query API around one embedded engine.

    `etappe up` starts it; by itself it serves whoever runs the collector elsewhere.
    """
    run_service(serve, supervised=supervised, data_dir=data_dir, host=host, query_port=port)


class _Server(uvicorn.Server):
    """A server that leaves signals to us: they stop the stitcher too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings) -> None:
    """Migrate, then stitch and answer until SIGTERM or SIGINT."""
    warehouse = connect_warehouse(settings.warehouse)
    log = await connect_log(settings.log, (CHANGES,), _log_options(settings))
    writing = Sessions(warehouse, 2, name="stitch")
    reading = question_sessions(settings, warehouse)
    try:
        await writing.run(lambda session: migrate(session, Layout(settings.warehouse_cluster)))
        register = RegisterFile(settings.workspaces)
        stitcher = Stitcher(settings, log, writing, register)
        app = create_app(reading, log, register.current)
        await _both(stitcher, _server(app, settings))
    finally:
        await reading.close()
        await writing.close()
        await log.close()


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


async def _both(stitcher: Stitcher, server: _Server) -> None:
    """Until a signal stops both, or one of them ends and takes the other with it."""

    def stop() -> None:
        stitcher.stop()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    async with asyncio.TaskGroup() as tasks:
        for work in (stitcher.run(), server.serve()):
            tasks.create_task(work).add_done_callback(lambda _: stop())


def _log_options(settings: Settings) -> LogOptions:
    return LogOptions(
        partitions=settings.log_partitions,
        retain_seconds=settings.log_retain_days * 86400,
        retain_bytes=settings.log_retain_bytes,
        max_bytes=settings.log_max_bytes,
        buffer_bytes=settings.log_buffer_bytes,
        deadline=settings.log_deadline,
    )

"""Stitcher and query API in one event loop: both run until a signal, or until one of them fails."""

from __future__ import annotations

import asyncio
import signal
import socket

from etappe.eventlog import CHANGES, EventLog, connect_log
from etappe.register import RegisterFileEditor
from etappe.serving import make_server
from etappe.settings import Settings
from etappe.warehouse import Sessions, Warehouse
from etappe.workspaces import RegisterFile
from query_api.app import create_app, question_sessions
from query_api.collector import collector_client
from stitcher.service import Stitcher

_DRAIN_SECONDS = 3
"""How long questions in hand may take when the service is told to stop: the stitcher stops besides."""


async def run_together(
    settings: Settings, warehouse: Warehouse, writing: Sessions, listener: socket.socket
) -> None:
    """Stitch with the sessions given; answer on the socket given, with read-only sessions beside them."""
    log = await connect_log(settings.log, (CHANGES,), settings.log_options)
    try:
        reading = question_sessions(settings, warehouse)
        try:
            await _run(settings, log, writing, reading, listener)
        finally:
            await reading.close()
    finally:
        await log.close()


async def _run(
    settings: Settings, log: EventLog, writing: Sessions, reading: Sessions, listener: socket.socket
) -> None:
    register = RegisterFile(settings.workspaces)
    stitcher = Stitcher(settings, log, writing, register)
    stitcher.models()  # a broken file ends the start before anybody is answered
    app = create_app(
        reading,
        log,
        register.current,
        check=stitcher.halt.check,
        collector=collector_client(settings.collector),
        editor=RegisterFileEditor(settings.workspaces),
        rate_limits=settings.rate_limits,
    )
    server = make_server(app, _DRAIN_SECONDS)

    def stop() -> None:
        stitcher.stop()
        server.stop()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    async with asyncio.TaskGroup() as tasks:
        for work in (stitcher.run(), server.serve(sockets=[listener])):
            tasks.create_task(work).add_done_callback(lambda _: stop())

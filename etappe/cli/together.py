"""Stitcher and query API in one event loop: both run until a signal, or until one of them fails."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from etappe.clock import system_clock
from etappe.eventlog import CHANGES, EventLog, connect_log
from etappe.register import RegisterFileEditor
from etappe.serving import make_server
from etappe.settings import Settings
from etappe.warehouse import Session, Sessions, Warehouse
from etappe.warehouse.frozen import FrozenTable, freeze, frozen_names, thaw
from etappe.workspaces import RegisterFile
from query_api.app import create_app, question_sessions
from query_api.collector import collector_client
from query_api.errors import NoEngineHere
from stitcher.service import Stitcher

_HOLD_MS = 86_400_000
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
            await _run(settings, log, Engine(warehouse, writing, reading), listener)
        finally:
            await reading.close()
    finally:
        await log.close()


@dataclass(frozen=True, slots=True)
class Engine:
    """The one engine of this process, and the sessions on it."""

    warehouse: Warehouse
    writing: Sessions
    reading: Sessions

    async def freeze(self) -> Sequence[FrozenTable]:
        """All tables as they are now, for a backup; what backups that never ended held is let go after a day."""
        if self.warehouse.folder is None:
            raise NoEngineHere()
        return await self.writing.run(partial(_freeze, folder=self.warehouse.folder, now=system_clock()))


def _freeze(session: Session, *, folder: Path, now: int) -> Sequence[FrozenTable]:
    for name in frozen_names(folder):
        if name.isdigit() and int(name) < now - _HOLD_MS:
            thaw(folder, name)
    return freeze(session, folder, str(now))


async def _run(settings: Settings, log: EventLog, engine: Engine, listener: socket.socket) -> None:
    register = RegisterFile(settings.workspaces)
    stitcher = Stitcher(settings, log, engine.writing, register)
    stitcher.models()  # a broken file ends the start before anybody is answered
    app = create_app(
        engine.reading,
        log,
        register.current,
        check=stitcher.halt.check,
        collector=collector_client(settings.collector),
        editor=RegisterFileEditor(settings.workspaces),
        rate_limits=settings.rate_limits,
        answer_bytes=settings.query_bytes,
        freeze=engine.freeze,
    )
    server = make_server(app, _DRAIN_SECONDS, app.state.on_stop)

    watching = asyncio.create_task(app.state.reconciling.run())

    def stop() -> None:
        watching.cancel()
        stitcher.stop()
        server.stop()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    async with asyncio.TaskGroup() as tasks:
        for work in (stitcher.run(), server.serve(sockets=[listener])):
            tasks.create_task(work).add_done_callback(lambda _: stop())
    await asyncio.wait([watching])

"""`etappe core`: stitcher and query API around the one embedded engine, in one process and one event loop."""

from __future__ import annotations

import asyncio
import socket

from etappe.cli.options import DataDir
from etappe.cli.service import Supervised, run_service
from etappe.cli.up import Host, QueryPort
from etappe.listening import listen
from etappe.settings import Settings
from etappe.warehouse import Sessions, Warehouse, connect_warehouse
from etappe.warehouse.damage import check_parts
from etappe.warehouse.migrate import Layout, migrate


def core(
    data_dir: DataDir = None, host: Host = None, port: QueryPort = None, supervised: Supervised = False
) -> None:
    """Run stitcher and query API around one embedded engine.

    `etappe up` starts it; by itself it serves whoever runs the collector elsewhere.
    """
    run_service(serve, supervised=supervised, data_dir=data_dir, host=host, query_port=port)


async def serve(settings: Settings) -> None:
    """Migrate, then stitch and answer until SIGTERM or SIGINT. Questions that come early wait."""
    with listen(settings.host, settings.query_port, "query_port") as listener:
        warehouse = connect_warehouse(settings.warehouse, settings.warehouse_cluster)
        writing = Sessions(warehouse, 2, name="stitch")
        try:
            await _serve(settings, warehouse, writing, listener)
        finally:
            await writing.close()


async def _serve(
    settings: Settings, warehouse: Warehouse, writing: Sessions, listener: socket.socket
) -> None:
    layout = Layout(settings.warehouse_cluster)
    migrating = asyncio.create_task(writing.run(lambda session: migrate(session, layout)))
    await asyncio.sleep(0)  # the engine opens on its thread from here on
    from etappe.cli.together import run_together  # noqa: PLC0415 - takes as long as the engine does

    await migrating
    await writing.run(check_parts)
    await run_together(settings, warehouse, writing, listener)

"""`etappe stitch`: one stitcher, watched on a small port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from etappe.cli.options import DataDir
from etappe.cli.service import run_service
from etappe.cli.up import Host
from etappe.eventlog import connect_log
from etappe.listening import listen
from etappe.probes import Check, probes
from etappe.serving import make_server
from etappe.settings import Settings
from etappe.warehouse import Limits, Sessions, connect_warehouse
from query_api.sql import text_of
from stitcher.ratio import Halt
from stitcher.service import serve as stitch_until_signal

StitchPort = Annotated[
    int | None,
    typer.Option(help="Port of /healthz, /readyz, /metrics; 0: a free one.", show_default="8082"),
]


def stitch(data_dir: DataDir = None, host: Host = None, port: StitchPort = None) -> None:
    """Run one stitcher.

    Configured by ETAPPE_* variables or etappe.toml; as many as there are partitions may share the work, on one
    machine each with a port of its own.
    """
    run_service(serve, data_dir=data_dir, host=host, stitch_port=port)


async def serve(settings: Settings) -> None:
    """Stitch until SIGTERM or SIGINT; EtappeError where port, log or database cannot be had."""
    halt = Halt()
    with listen(settings.host, settings.stitch_port, "stitch_port") as listener:
        async with _checking(settings, halt) as check:
            await check()
            server = make_server(probes("Etappe stitcher", check))
            async with asyncio.TaskGroup() as tasks:
                stitching = tasks.create_task(stitch_until_signal(settings, halt))
                stitching.add_done_callback(lambda _: server.stop())
                tasks.create_task(server.serve(sockets=[listener]))


@asynccontextmanager
async def _checking(settings: Settings, halt: Halt) -> AsyncIterator[Check]:
    """What /readyz asks: log and database by ways of its own, so that a long batch does not hold it up."""
    log = await connect_log(settings.log, (), settings.log_options)
    sessions = Sessions(
        connect_warehouse(settings.warehouse, settings.warehouse_cluster), 1, Limits(), "probe"
    )

    async def check() -> None:
        await sessions.run(lambda session: session.rows(text_of("readable")))
        await log.check()
        await halt.check()

    try:
        yield check
    finally:
        await sessions.close()
        await log.close()

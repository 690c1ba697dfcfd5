"""`etappe up`: the collector and the core under one supervisor, which itself never opens log or database."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Annotated

import typer

from etappe.cli.child import Child, Role
from etappe.cli.first_start import prepare
from etappe.cli.folder import DataFolder, Service
from etappe.cli.options import DataDir
from etappe.cli.ports import address_of, claim_ports, reachable
from etappe.cli.screen import Greeting
from etappe.cli.show import console
from etappe.cli.supervisor import supervise
from etappe.settings import Settings, read_settings

CollectPort = Annotated[
    int | None, typer.Option(help="Port of the collector; 0: a free one.", show_default="8080")
]
QueryPort = Annotated[
    int | None, typer.Option(help="Port of the query API; 0: a free one.", show_default="8081")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]


def up(
    data_dir: DataDir = None,
    collect_port: CollectPort = None,
    query_port: QueryPort = None,
    host: Host = None,
) -> None:
    """Start everything on this machine.

    Collector, stitcher and query API, with the data in one folder. The first start makes a workspace and its
    keys. Ctrl-C or SIGTERM stops it; a service that dies is started again.
    """
    started = time.monotonic()
    settings = read_settings(data_dir=data_dir, collect_port=collect_port, query_port=query_port, host=host)
    os.umask(0o077)  # also where the folder was there before: what is written is its owner's alone
    folder = DataFolder(settings.data_dir)
    with folder.hold() as lock:
        ports = claim_ports(settings.host, settings.collect_port, settings.query_port)
        keys, first = prepare(settings, folder)
        service = _service(settings.host, ports)
        greeting = Greeting(service, keys, folder.path, started, first)
        folder.announce(service)
        try:
            asyncio.run(_run(settings, folder, ports, lock, greeting))
        finally:
            folder.withdraw()


def _service(host: str, ports: tuple[int, int]) -> Service:
    collect, query = ports
    return Service(address_of(host, collect), address_of(host, query), os.getpid())


async def _run(
    settings: Settings, folder: DataFolder, ports: tuple[int, int], lock: int, greeting: Greeting
) -> None:
    collect, query = ports
    environment = {
        "ETAPPE_DATA_DIR": str(folder.path),
        "ETAPPE_HOST": settings.host,
        "ETAPPE_COLLECT_PORT": str(collect),
        "ETAPPE_QUERY_PORT": str(query),
    }
    host = reachable(settings.host)
    roles = (
        Role("collector", ("collect", "--supervised"), host, collect),
        Role("core", ("core", "--supervised"), host, query),
    )
    children = [Child(role, environment, folder.logs, lock) for role in roles]
    await supervise(children, lambda: greeting.print_to(console()))

"""Row 7: resident memory of both processes after load, against a bare application and a bare engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench import events, load
from bench.figures import Pair, Row
from bench.ingest import bare, collector
from bench.load import Request
from bench.places import Place, place
from bench.processes import Server, free_port, server
from bench.scale import Scale

ENGINE = """
import sys, uvicorn
from etappe.warehouse import connect_warehouse
from bench.bare import app
session = connect_warehouse(sys.argv[1]).session()
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", lifespan="off")
"""


@contextmanager
def core(at: Place) -> Iterator[Server]:
    """A real `etappe core`: stitcher and query API around one engine."""
    port = free_port()
    arguments = ["-m", "etappe", "core", "--port", str(port)]
    with server(arguments, port, at.output, at.environment) as running:
        yield running


@contextmanager
def engine(at: Place) -> Iterator[Server]:
    """The core's reference: the bare application in a process that also has an engine open."""
    port = free_port()
    arguments = ["-c", ENGINE, f"chdb:///{at.folder}/bare", str(port)]
    with server(arguments, port, at.output, ready="/") as running:
        yield running


def rows(scale: Scale) -> Iterator[Row]:
    """VmRSS of collector and core after the same load, and of their references."""
    with place() as at, collector(at) as ours, core(at) as behind, bare(at) as plain, engine(at) as empty:
        for running in (ours, plain):
            headers = {"Authorization": f"Bearer {at.keys.secret_key}"}
            load.post(
                Request(f"{running.url}/v1/touchpoints", events.batch_bodies(50), headers), scale.seconds
            )
        yield Row(
            "memory, collector",
            "MB",
            [Pair(ours.resident, plain.resident)],
            "the bare application, same load",
        )
        yield Row(
            "memory, core", "MB", [Pair(behind.resident, empty.resident)],
            "the bare application with an engine connected, idle",
            notes=["while the core stitches what the load left in the log"],
        )  # fmt: skip

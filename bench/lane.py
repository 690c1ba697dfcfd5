"""Row 6: how much longer a live touchpoint takes to be in the funnel while an import comes in.

The import is sent by a process of its own (`python -m bench.lane URL KEY COUNT`), as fast as the collector takes it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import orjson

from bench import events
from bench.figures import Pair, Row, percentile
from bench.ingest import collector
from bench.memory import core
from bench.places import Place, place
from bench.processes import ROOT
from bench.scale import Scale
from bench.visible import EVENTS_A_SECOND, watch
from etappe.importing.batches import MAX_EVENTS, Batch
from etappe.sending import Collector, send_in_order

_BEGUN_SECONDS = 60


def rows(scale: Scale) -> Iterator[Row]:
    """p50 and p95 of the time that `after=` waits during an import, against the same without one."""
    with place() as at, collector(at) as ours, core(at) as behind:
        alone, _ = asyncio.run(watch(at, ours.url, behind.url, scale.watched))
        with _import(at, ours.url, scale.imported) as sending:
            before = _until_begun(at, behind.url)
            began = time.monotonic()
            beside, _ = asyncio.run(watch(at, ours.url, behind.url, scale.watched))
            rate = (_imported(at, behind.url) - before) / (time.monotonic() - began)
            sent = "all sent by the end" if sending.poll() is not None else "still being sent at the end"
    for share in (0.5, 0.95):
        yield Row(
            f"accepted to visible during an import, p{share * 100:.0f}",
            "s",
            [Pair(percentile(beside, share), percentile(alone, share))],
            "the same without an import",
            notes=[_note(scale, rate, sent)] if share == 0.5 else [],
        )


def _note(scale: Scale, rate: float, sent: str) -> str:
    return f"{EVENTS_A_SECOND} events/s beside {scale.imported:,} rows, {sent}; {rate:,.0f} of them stitched a second"


@contextmanager
def _import(at: Place, url: str, count: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "bench.lane", url, at.keys.secret_key, str(count)]
    with subprocess.Popen(command, cwd=ROOT) as sending:
        try:
            yield sending
        finally:
            sending.terminate()


def _until_begun(at: Place, query: str) -> int:
    """How much of the import is stored, as soon as something is."""
    until = time.monotonic() + _BEGUN_SECONDS
    while time.monotonic() < until:
        if count := _imported(at, query):
            return count
        time.sleep(0.2)
    raise RuntimeError(f"nothing of the import was stored within {_BEGUN_SECONDS} s")


def _imported(at: Place, query: str) -> int:
    headers = {"Authorization": f"Bearer {at.keys.admin_token}"}
    rows = httpx.get(f"{query}/v1/imports", headers=headers, timeout=60).raise_for_status().json()["rows"]
    return sum(row["touchpoints"] for row in rows)


def requests(count: int) -> Iterator[Batch]:
    """`count` touchpoints, none like those that are watched, in requests as an import sends them."""
    batch = Batch()
    for number, event in enumerate(events.stream(count, 77)):
        batch.bodies.append(orjson.dumps({**event, "id": f"imported-{number}"}))
        if len(batch.bodies) == MAX_EVENTS:
            yield batch
            batch = Batch()
    if batch.bodies:
        yield batch


def main(url: str, key: str, count: int) -> None:
    with httpx.Client(timeout=60) as client:
        for _ in send_in_order(Collector(client, url, key, import_id="bench"), requests(count)):
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

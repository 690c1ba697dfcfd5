"""Rows 1 and 2: requests of one event and of 50, against a bare uvicorn application; time to the reply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from bench import events, load
from bench.figures import Pair, Row
from bench.load import Load, Request
from bench.places import Place, place
from bench.processes import Server, cores, free_port, server
from bench.scale import Scale

BARE = "uvicorn with a bare ASGI application: reads the body, orjson.loads, answers 200 (bench/bare.py)"


@contextmanager
def collector(at: Place) -> Iterator[Server]:
    """A real `etappe collect` with its log in SQLite, on the server's core."""
    port = free_port()
    arguments = ["-m", "etappe", "collect", "--port", str(port)]
    with server(arguments, port, at.output, at.environment, cores()[0]) as running:
        yield running


@contextmanager
def bare(at: Place) -> Iterator[Server]:
    """The reference, on the same core."""
    port = free_port()
    with server(["-m", "bench.bare", str(port)], port, at.output, core=cores()[0], ready="/") as running:
        yield running


def rows(scale: Scale) -> Iterator[Row]:
    """Single events, batches of 50, and the 99th percentile of the time to the reply."""
    with place() as at, collector(at) as ours, bare(at) as reference:
        for name, body, target in (
            ("ingest, 1 event a request", events.single_body(), 0.30),
            ("ingest, 50 events a request", events.batch_body(50), 0.30),
        ):
            headers = {"Authorization": f"Bearer {at.keys.secret_key}", "Content-Type": "application/json"}
            own = Request(f"{ours.url}/v1/touchpoints", body, headers)
            beside = Request(f"{reference.url}/v1/touchpoints", body, headers)
            yield from _compare(name, (ours, own), (reference, beside), scale, f"≥ {target:.2f}")


def _compare(
    name: str, ours: tuple[Server, Request], reference: tuple[Server, Request], scale: Scale, target: str
) -> Iterator[Row]:
    for each in (ours, reference):
        load.post(each[1], 1)  # imports, caches, the log's first file
    rates, lates, costs = [], [], []
    for number in range(scale.rounds):
        sides = [ours, reference] if number % 2 == 0 else [reference, ours]
        found = {id(side): _measured(side, scale.seconds) for side in sides}
        (own, own_cost), (beside, beside_cost) = found[id(ours)], found[id(reference)]
        rates.append(Pair(own.rate, beside.rate))
        lates.append(Pair(own.p99, beside.p99))
        costs.append(Pair(own_cost, beside_cost))
    notes = [f"load by {load.client_name()}, {load.CONNECTIONS} connections, servers on one core"]
    yield Row(name, "requests/s", rates, BARE, target, notes)
    yield Row(f"{name}: reply p99", "ms", lates, BARE, notes=["includes waiting behind 31 other requests"])
    yield Row(
        f"{name}: processor time", "ms/request", costs, BARE, notes=["what a busy machine changes least"]
    )


def _measured(side: tuple[Server, Request], seconds: float) -> tuple[Load, float]:
    """The load, and the processor time in ms that each request cost the server."""
    running, request = side
    before = running.cpu_seconds
    found = load.post(request, seconds)
    if found.failed:
        raise RuntimeError(f"{found.failed} requests to {request.url} failed")
    return found, (running.cpu_seconds - before) / (found.rate * ceil(seconds)) * 1000

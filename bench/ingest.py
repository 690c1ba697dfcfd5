"""Rows 1 and 2: requests of one event and of 50, against a bare uvicorn application; time to the reply; what the
disk costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ctypes.util import find_library
from math import ceil
from pathlib import Path
from statistics import median

from bench import events, load
from bench.figures import Pair, Row, in_turns
from bench.load import Load, Request
from bench.places import Place, place
from bench.processes import Server, cores, free_port, server
from bench.scale import Scale

BARE = "uvicorn with a bare ASGI application: reads the body, orjson.loads, answers 200 (bench/bare.py)"

CARELESS = "the same collector with an fsync that does nothing (libeatmydata)"


@contextmanager
def collector(at: Place, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A real `etappe collect` with its log in SQLite, on the server's core."""
    port = free_port()
    arguments = ["-m", "etappe", "collect", "--port", str(port)]
    with server(arguments, port, at.output, {**at.environment, **(environment or {})}, cores()[0]) as running:
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
            ("ingest, 1 event a request", events.single_bodies(), 0.40),
            ("ingest, 50 events a request", events.batch_bodies(50), 0.40),
        ):
            headers = {"Authorization": f"Bearer {at.keys.secret_key}", "Content-Type": "application/json"}
            own = Request(f"{ours.url}/v1/touchpoints", body, headers)
            beside = Request(f"{reference.url}/v1/touchpoints", body, headers)
            yield from _compare(name, (ours, own), (reference, beside), scale, f"≥ {target:.2f}")
            yield _half_rate(name, (ours, own), (reference, beside), scale)
    yield from _durability(scale)


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


def _half_rate(
    name: str, ours: tuple[Server, Request], reference: tuple[Server, Request], scale: Scale
) -> Row:
    """Each at half of what it can do itself, so that what is seen is the work and not the queue."""
    found = {}
    for _, request in (ours, reference):
        top = load.post(request, scale.seconds).rate
        found[request.url] = [load.post(request, scale.seconds, top / 2) for _ in range(scale.rounds)]
    pairs = [
        Pair(own.p99, beside.p99)
        for own, beside in zip(found[ours[1].url], found[reference[1].url], strict=True)
    ]
    rates = [median(each.rate for each in found[side[1].url]) for side in (ours, reference)]
    notes = [f"at {rates[0]:,.0f} and {rates[1]:,.0f} requests/s"]
    return Row(f"{name}: reply p99 at half its top rate", "ms", pairs, BARE, "≤ 6", notes)


def _durability(scale: Scale) -> Iterator[Row]:
    """The same collector with fsync and without: libeatmydata (Debian's package) makes it return at once."""
    library = find_library("eatmydata") or next(map(str, Path("/usr/lib").rglob("libeatmydata.so*")), None)
    if library is None:
        raise RuntimeError(
            "durability not measured: libeatmydata is not installed (apt install libeatmydata1)"
        )
    preload = {"LD_PRELOAD": library}
    with place() as at, place() as other, collector(at) as durable, collector(other, preload) as careless:
        kept, lost = _request(durable, at), _request(careless, other)
        load.post(kept, 1), load.post(lost, 1)
        pairs = in_turns(
            scale.rounds,
            lambda: load.post(kept, scale.seconds).rate,
            lambda: load.post(lost, scale.seconds).rate,
        )
    yield Row("durable log, 50 events a request", "requests/s", pairs, CARELESS, "≥ 0.70")


def _request(running: Server, at: Place) -> Request:
    headers = {"Authorization": f"Bearer {at.keys.secret_key}", "Content-Type": "application/json"}
    return Request(f"{running.url}/v1/touchpoints", events.batch_bodies(50), headers)


def _measured(side: tuple[Server, Request], seconds: float) -> tuple[Load, float]:
    """The load, and the processor time in ms that each request cost the server."""
    running, request = side
    before = running.cpu_seconds
    found = load.post(request, seconds)
    if found.failed:
        raise RuntimeError(f"{found.failed} requests to {request.url} failed")
    return found, (running.cpu_seconds - before) / (found.rate * ceil(seconds)) * 1000

"""Row 5: from the collector's reply until the touchpoint is in the funnel, at a modest rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx

from bench import events
from bench.figures import Pair, Row, percentile
from bench.ingest import collector
from bench.memory import core
from bench.places import Place, place
from bench.scale import Scale

EVENTS_A_SECOND = 20
_WATCHED_EVERY = 10
"""Chosen by number and never left out: also those that come while others wait, when it takes longest."""


def rows(scale: Scale) -> Iterator[Row]:
    """p50 and p95 of the time that `after=` waits, against the same question without `after=`."""
    with place() as at, collector(at) as ours, core(at) as behind:
        waited, plain = asyncio.run(watch(at, ours.url, behind.url, scale.watched))
    for share, target in ((0.5, ""), (0.95, "≤ 2 s")):
        yield Row(
            f"accepted to visible, p{share * 100:.0f}",
            "s",
            [Pair(percentile(waited, share), percentile(plain, share))],
            "the same funnel asked without after=",
            target,
            notes=[_note(waited)] if share == 0.5 else [],
        )


def _note(waited: list[float]) -> str:
    return f"{EVENTS_A_SECOND} events/s, every {_WATCHED_EVERY}th watched: {len(waited)}"


async def watch(at: Place, collect: str, query: str, count: int) -> tuple[list[float], list[float]]:
    """Send at a steady rate; `count` of the events are followed until they are visible."""
    waited: list[float] = []
    plain: list[float] = []
    send_key = {"Authorization": f"Bearer {at.keys.secret_key}"}
    read_key = {"Authorization": f"Bearer {at.keys.read_token}"}
    async with httpx.AsyncClient(timeout=60) as client:

        async def ask(parameters: dict[str, str]) -> float:
            begun = time.perf_counter()
            answer = await client.get(f"{query}/v1/funnel", params=parameters, headers=read_key)
            answer.raise_for_status()
            return time.perf_counter() - begun

        async def follow(number: int) -> None:
            reply = await client.post(
                f"{collect}/v1/touchpoints", json=events.single(number), headers=send_key
            )
            reply.raise_for_status()
            if number % _WATCHED_EVERY == 0:
                waited.append(await ask({"after": reply.headers["X-Etappe-Position"], "timeout": "30"}))
                plain.append(await ask({}))

        await _until_built(client, query, read_key)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(count * _WATCHED_EVERY):
                tasks.create_task(follow(number))
                await asyncio.sleep(begun + (number + 1) / EVENTS_A_SECOND - time.monotonic())
    return waited, plain


async def _until_built(client: httpx.AsyncClient, query: str, key: dict[str, str]) -> None:
    """The stitcher needs a moment to begin with a new workspace."""
    for _ in range(100):
        if (await client.get(f"{query}/v1/funnel", headers=key)).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the stitcher has made no active build within 10 s")

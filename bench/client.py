"""The load client: reads its task as JSON from stdin, posts over keep-alive connections, says what came."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.figures import percentile

_LENGTH = b"content-length: "


class Connection(asyncio.Protocol):
    """One request at a time, the next as soon as the answer is complete."""

    def __init__(self, requests: Iterator[bytes], until: float, seen: Seen, pause: float) -> None:
        self._requests = requests
        self._pause = pause
        self._until = until
        self._seen = seen
        self._answer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_complete(self._answer):
            return
        now = time.perf_counter()
        self._seen.add(now - self._sent, self._answer[9:10] == b"2")
        self._answer = b""
        if now < self._until:
            self._go_on()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _go_on(self) -> None:
        if self._pause:
            asyncio.get_running_loop().call_later(random.uniform(0, 2 * self._pause), self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


class Seen:
    """How long each answer took, and how many were not 2xx."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.failed = 0

    def add(self, seconds: float, good: bool) -> None:
        self.seconds.append(seconds)
        self.failed += not good


def _is_complete(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    lowered = answer[:head].lower()
    start = lowered.find(_LENGTH) + len(_LENGTH)
    end = lowered.find(b"\r\n", start)
    length = int(lowered[start : end if end > 0 else head])
    return len(answer) >= head + 4 + length


def _request(lines: list[str], body: bytes) -> bytes:
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


async def run(task: dict[str, Any]) -> dict[str, float]:
    """Post for the task's time over its connections."""
    parts = urlsplit(task["url"])
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in task["headers"].items()]
    requests = cycle([_request(lines, body.encode()) for body in task["bodies"]])
    seen, begun = Seen(), time.perf_counter()
    until = begun + task["seconds"]
    loop = asyncio.get_running_loop()
    connections = [
        (
            await loop.create_connection(
                lambda: Connection(requests, until, seen, task["pause"] / 1000),
                parts.hostname,
                parts.port,
            )
        )[1]
        for _ in range(task["connections"])
    ]
    await asyncio.gather(*(connection.done for connection in connections))
    elapsed = time.perf_counter() - begun
    late = percentile(seen.seconds, 0.99) * 1000
    return {"rate": len(seen.seconds) / elapsed, "p99": late, "failed": seen.failed}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(json.load(sys.stdin)))))

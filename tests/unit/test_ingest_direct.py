"""When a connection on which nothing comes is closed; the clock of its loop is the test's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from ingest.direct import DirectConnection, direct_connections
from ingest.http import Head
from ingest.receipts import Reply
from ingest.writes import Done, WriteRoute

IDLE = 5.0
REQUEST = b"POST /w HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


class Timer:
    def __init__(self, at: float, call: Callable[..., None], values: tuple[Any, ...]) -> None:
        self.at, self.call, self.values = at, call, values
        self.gone = False

    def cancel(self) -> None:
        self.gone = True


class Loop:
    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[..., None], *values: Any) -> Timer:
        self.timers.append(Timer(self.now + seconds, call, values))
        return self.timers[-1]

    @property
    def waiting(self) -> list[Timer]:
        return [each for each in self.timers if not each.gone]

    def go_on(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [each for each in self.waiting if each.at <= until]:
            timer = min(due, key=lambda each: each.at)
            self.now, timer.gone = timer.at, True
            timer.call(*timer.values)
        self.now = until


class Transport:
    def __init__(self) -> None:
        self.closed = False
        self.written: list[bytes] = []

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


class Route:
    """Replies when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Done] = []

    def answer(self, head: Head, body: bytes, done: Done) -> None:
        self.waiting.append(done)

    def reply(self) -> None:
        self.waiting.pop()(Reply(202, b"{}"))


class Visit:
    """One connection."""

    def __init__(self) -> None:
        self.loop, self.transport, self.route = Loop(), Transport(), Route()
        config = uvicorn.Config(
            cast(Any, self.route), log_config=None, lifespan="off", timeout_keep_alive=int(IDLE)
        )
        kind = direct_connections({b"/w": cast(WriteRoute, self.route)})
        self.connection: DirectConnection = kind(config, ServerState(), {}, cast(Any, self.loop))
        self.connection.connection_made(cast(Any, self.transport))

    def request(self) -> None:
        self.connection.data_received(REQUEST)

    def answered(self) -> None:
        self.request()
        self.route.reply()


def test_an_idle_connection_is_closed_after_its_time() -> None:
    visit = Visit()
    visit.answered()
    visit.loop.go_on(IDLE - 0.1)
    assert not visit.transport.closed
    visit.loop.go_on(0.1)
    assert visit.transport.closed


def test_its_time_begins_with_the_last_reply() -> None:
    visit = Visit()
    visit.answered()
    visit.loop.go_on(IDLE - 1)
    visit.answered()
    visit.loop.go_on(IDLE - 0.1)
    assert not visit.transport.closed
    visit.loop.go_on(0.1)
    assert visit.transport.closed


def test_a_request_may_take_longer_than_that() -> None:
    visit = Visit()
    visit.answered()
    visit.request()
    visit.loop.go_on(3 * IDLE)
    assert not visit.transport.closed
    visit.route.reply()
    visit.loop.go_on(IDLE - 0.1)
    assert not visit.transport.closed
    visit.loop.go_on(0.1)
    assert visit.transport.closed


def test_many_requests_need_one_timer() -> None:
    visit = Visit()
    visit.answered()
    timers = visit.loop.waiting
    for _ in range(10):
        visit.answered()
    assert len(visit.transport.written) == 11
    assert visit.loop.waiting == timers


def test_a_connection_that_is_lost_leaves_no_timer() -> None:
    for reason in (None, ConnectionResetError()):
        visit = Visit()
        visit.answered()
        visit.connection.connection_lost(reason)
        assert visit.loop.waiting == []

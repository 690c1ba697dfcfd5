"""/v1/live: journeys as they change, over HTTP as a client reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from asking.world import DAY, NOON, World, journey_rows, model_of
from fastapi import Request
from reference.journeys import Journey, Touch, journeys_of
from starlette.responses import StreamingResponse

from query_api.errors import TooManyListeners
from query_api.live.changes import Change, Changes, Mark
from query_api.live.routes import LiveCall
from query_api.live.watch import Listener, Watches
from query_api.sources import Sources

Event = tuple[str, dict[str, Any]]


class Stream:
    """One listener, without a socket between: the events of a reply as they come."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self.parts = parts
        self.ids: list[str] = []
        self.comments = 0

    async def next(self) -> Event:
        """The next event; StopAsyncIteration when the stream is over."""
        while not (waiting := self._held()):
            await self._read()
        return waiting.pop(0)

    _events: list[Event] | None = None

    def _held(self) -> list[Event]:
        self._events = self._events or []
        return self._events

    async def _read(self) -> None:
        text = (await anext(self.parts)).decode()
        self.comments += sum(line.startswith(":") for line in text.splitlines())
        for block in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in fields:
                self._held().append((fields["event"], json.loads(fields["data"])))
                self.ids.append(fields.get("id", ""))

    async def close(self) -> None:
        await self.parts.aclose()  # type: ignore[attr-defined]  # it is a generator


@pytest.fixture
def live(world: World) -> LiveCall:
    """The call with a watch that looks often."""
    sources = Sources(world._sessions, None, lambda: world.register, lambda: world.now)
    return LiveCall(sources, Watches(world._sessions, every=0.02), heartbeat=0.05)


async def open_stream(
    live: LiveCall, world: World, last: str = "", token: str = "read", **asked: Any
) -> Stream:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    headers = [
        (b"authorization", f"Bearer {world.tokens[token]}".encode()),
        (b"last-event-id", last.encode()),
    ]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/live",
        "query_string": query.encode(),
        "headers": headers,
    }
    reply = await live.listen(Request(scope))
    return Stream(cast("AsyncIterator[bytes]", cast(StreamingResponse, reply).body_iterator))


def journeys(customer: int, *phases: int, channel: str = "email") -> list[Journey]:
    touches = [
        Touch(customer, NOON + n * DAY, phase, channel=channel, value=10.0, id=f"{customer}-{n}")
        for n, phase in enumerate(phases)
    ]
    return journeys_of(touches, 90 * DAY)


def fold(world: World, version: int, *phases: int, customer: int = 7, gone: bool = False) -> None:
    """The row that the fold would write, with this version."""
    rows = journey_rows(journeys(customer, *phases), 3)
    world.insert("journeys", [{**row, "version": version, "gone": gone} for row in rows])


async def test_a_journey_is_told_of_when_it_changes(live: LiveCall, world: World) -> None:
    fold(world, 1, 1)
    stream = await open_stream(live, world)

    fold(world, 2, 1, 2)
    assert await stream.next() == (
        "journey",
        {
            "customer": f"{7:016x}",
            "journey": 1,
            "started_at": "2026-01-01T12:00:00.000Z",
            "ended_at": "2026-01-02T12:00:00.000Z",
            "touchpoints": 2,
            "value": 20.0,
            "phase": "p2",
            "furthest_phase": "p2",
            "channel": "email",
        },
    )
    await stream.close()


async def test_all_listeners_hear_it_and_one_task_reads_for_them(live: LiveCall, world: World) -> None:
    streams = [await open_stream(live, world) for _ in range(3)]
    assert live.watches.listeners == 3

    fold(world, 5, 1, 2)
    told = [await stream.next() for stream in streams]

    assert told[0] == told[1] == told[2]
    for stream in streams:
        await stream.close()
    assert live.watches.listeners == 0


async def test_a_customer_who_became_part_of_another_is_told_as_gone(live: LiveCall, world: World) -> None:
    fold(world, 1, 1)
    stream = await open_stream(live, world)

    fold(world, 2, 1, gone=True)

    assert await stream.next() == ("gone", {"customer": f"{7:016x}"})
    await stream.close()


async def test_recent_begins_with_the_latest_oldest_first(live: LiveCall, world: World) -> None:
    for version in range(1, 5):
        fold(world, version, 1, customer=version)
    stream = await open_stream(live, world, recent=2)

    told = [(await stream.next())[1]["customer"] for _ in range(2)]

    assert told == [f"{3:016x}", f"{4:016x}"]
    await stream.close()


async def test_whoever_comes_back_hears_what_was_missed(live: LiveCall, world: World) -> None:
    stream = await open_stream(live, world)
    fold(world, 2, 1)
    await stream.next()
    await stream.close()
    fold(world, 3, 1, 2)

    again = await open_stream(live, world, last=stream.ids[-1])

    assert (await again.next())[1]["phase"] == "p2"
    await again.close()


async def test_of_very_many_changes_the_latest_are_told_and_the_rest_counted(
    live: LiveCall, world: World
) -> None:
    fold(world, 1, 1)
    stream = await open_stream(live, world)
    rows = [row for each in range(100, 170) for row in journey_rows(journeys(each, 1), 3)]
    world.insert("journeys", [{**row, "version": 2} for row in rows])

    told = [await stream.next() for _ in range(51)]

    assert [kind for kind, _ in told] == ["journey"] * 50 + ["left_out"]
    assert told[-1][1] == {"customers": 20}
    await stream.close()


async def test_a_new_build_is_not_told_as_a_change(live: LiveCall, world: World) -> None:
    fold(world, 1, 1)
    stream = await open_stream(live, world)
    rows = [row for each in range(1, 4) for row in journey_rows(journeys(each, 1, 2), 3, build=2)]
    world.insert("journeys", [{**row, "version": 9} for row in rows])
    world.add_build(model_of(3), number=1, state="retired")
    world.insert("builds", [])
    world.add_build(model_of(3), number=2)
    await asyncio.sleep(0.1)
    world.insert("journeys", [{**row, "version": 10} for row in journey_rows(journeys(99, 3), 3, build=2)])

    assert (await stream.next())[1]["customer"] == f"{99:016x}"
    await stream.close()


async def test_it_is_quiet_but_alive(live: LiveCall, world: World) -> None:
    stream = await open_stream(live, world)
    await anext(stream.parts)

    assert await anext(stream.parts) == b": still here\n\n"
    await stream.close()


async def test_it_ends_when_the_service_stops(live: LiveCall, world: World) -> None:
    stream = await open_stream(live, world)
    live.watches.close()

    with pytest.raises(StopAsyncIteration):
        await stream.next()
    with pytest.raises(TooManyListeners):
        await live.watches.join("any", "acpl")


async def test_it_ends_when_its_token_is_revoked(live: LiveCall, world: World) -> None:
    stream = await open_stream(live, world)
    (key,) = [each for each in world.register.keys if each.kind == "read"]
    world.register = world.register.without_key(key.id)

    with pytest.raises(StopAsyncIteration):
        await stream.next()


async def test_listeners_are_limited(world: World) -> None:
    watches = Watches(world._sessions, every=0.02, most=2)
    for _ in range(2):
        await watches.join(world.workspace.name, "acpl")

    with pytest.raises(TooManyListeners, match="It takes 2"):
        await watches.join(world.workspace.name, "acpl")
    watches.close()


async def test_a_listener_that_does_not_keep_up_is_let_go() -> None:
    listener = Listener()
    round_ = Changes(Mark(1, 1), [Change(1, "gone", {})])

    told = [listener.tell(round_) for _ in range(25)]

    assert told.index(False) == 20
    heard = [await listener.next() for _ in range(21)]
    assert heard[-1] is None


@pytest.mark.parametrize(
    ("asked", "status"), [({"model": "nope"}, 422), ({"recent": "51"}, 422), ({"x": "1"}, 422)]
)
async def test_bad_questions_are_refused(world: World, asked: dict[str, str], status: int) -> None:
    reply = await world.get("/v1/live", **asked)

    assert reply.status_code == status
    assert [each["field"] for each in reply.json()["problems"]] == list(asked)


async def test_without_a_token_nothing_is_told(world: World) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://query") as client:
        assert (await client.get("/v1/live")).status_code == 401

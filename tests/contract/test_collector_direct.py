"""Writes that come in one piece are answered by their connection, as the application would answer them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from etappe.errors import LogFull
from etappe.eventlog import COLLECTOR_TOPICS, REJECTS, TOUCHPOINTS, Entry, EventLog, Position, connect_log
from etappe.listening import listen
from etappe.serving import make_server, serve_until
from etappe.settings import read_settings
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from ingest import writes
from ingest.app import create_app
from ingest.direct import DirectConnection, direct_connections

NOW = 1_700_000_000_000
GOOD = {"id": "i", "event": "Order Paid", "identifiers": {"user_id": "u-42"}}

pytestmark = pytest.mark.timeout(60)


class Log:
    """The real one; appends may be made to fail, or to wait until `open` is set."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()

    def append(self, topic: str, entries: Sequence[Entry]) -> Awaitable[Position]:
        self.asked.set()
        return (
            self._append(topic, entries)
            if self.error or not self.open.is_set()
            else self.log.append(topic, entries)
        )

    async def _append(self, topic: str, entries: Sequence[Entry]) -> Position:
        await self.open.wait()
        if self.error:
            raise self.error
        return await self.log.append(topic, entries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)


@dataclass
class Site:
    log: Log
    keys: dict[str, str]
    address: tuple[str, int]
    asgi: list[str] = field(default_factory=list)
    """Paths of the requests that the application has seen."""

    def request(
        self,
        body: Any,
        path: str = "/v1/touchpoints",
        key: str = "secret",
        more: str = "",
        method: str = "POST",
    ) -> bytes:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", "Host: c", f"Content-Length: {len(content)}"]
        lines += [f"Authorization: Bearer {self.keys.get(key, key)}"] if key else []
        return "\r\n".join([*lines, *more.splitlines()]).encode() + b"\r\n\r\n" + content

    async def replies(self, *parts: bytes, count: int = 1) -> list[Reply]:
        """To what is written at once."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(b"".join(parts))
            return [await read_reply(reader) for _ in range(count)]
        finally:
            writer.close()

    async def stored(self, topic: str = TOUCHPOINTS) -> int:
        return sum((await self.log.ends(topic)).offsets.values())


Reply = tuple[int, dict[str, str], bytes]


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


def lasting(reply: Reply) -> Reply:
    """Without what is another one each time."""
    status, headers, body = reply
    return (
        status,
        {name: value for name, value in headers.items() if name not in ("date", "x-etappe-position")},
        body,
    )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as site:
        yield site


@asynccontextmanager
async def collecting(folder: Path) -> AsyncIterator[Site]:
    settings = read_settings(data_dir=folder)
    register, keys = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "secret", "read", "admin"):
        register, _, keys[kind] = register.with_key(kind, "shop", NOW)
    write_register(settings.workspaces, register)
    log = Log(await connect_log(settings.log, COLLECTOR_TOPICS, settings.log_options))
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: NOW)

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        site.asgi.append(scope["path"])
        await app(scope, receive, send)

    stop = asyncio.Event()
    with listen("127.0.0.1", 0, "port") as listener:
        server = make_server(noting, connections=direct_connections(app.writes))
        serving = asyncio.create_task(serve_until(stop, server, listener))
        site = Site(log, keys, listener.getsockname()[:2])
        try:
            yield site
        finally:
            stop.set()
            await serving
            await log.close()


@pytest.mark.parametrize(
    "what",
    [
        {"body": GOOD},
        {"body": [GOOD, {**GOOD, "id": "j"}]},
        {"body": [GOOD, {"id": "j", "event": "A"}]},
        {"body": {"id": "j", "event": "A"}},
        {"body": GOOD, "more": "Origin: https://shop.example.ch"},
        {"body": GOOD, "more": "Connection: close"},
        {"body": gzip.compress(orjson.dumps(GOOD), mtime=0), "more": "Content-Encoding: gzip"},
        {"body": GOOD, "more": "Content-Encoding: rot13"},
        {"body": b"{"},
        {"body": b""},
        {"body": GOOD, "key": "read"},
        {"body": GOOD, "key": "nobody's"},
        {"body": GOOD, "key": ""},
        {"body": {**GOOD, "at": "2001-01-01"}, "key": "write"},
        {"body": {"userId": "u", "event": "A", "messageId": "i"}, "path": "/v1/track"},
        {
            "body": {"userId": "u", "event": "A", "messageId": "i", "writeKey": "nobody's"},
            "path": "/v1/track",
            "key": "",
        },
        {"body": GOOD, "path": "/b.gif"},
    ],
    ids=lambda what: (
        f"{what.get('path', '')} {what.get('key', '')} {what.get('more', '')} {str(what['body'])[:40]}"
    ),
)
async def test_the_answer_is_that_of_the_application(site: Site, what: dict[str, Any]) -> None:
    path = what.pop("path", "/v1/touchpoints")
    (direct,) = await site.replies(site.request(path=path, **what))
    assert site.asgi == []
    (usual,) = await site.replies(
        site.request(path=f"{path}?", **what)
    )  # with a query it is the application's
    assert site.asgi == [path]
    assert lasting(direct) == lasting(usual)
    assert direct[1].keys() == usual[1].keys()


async def test_what_is_answered_is_in_the_log_and_the_reply_says_where(site: Site) -> None:
    ((status, headers, body),) = await site.replies(site.request([GOOD, {"id": "j"}]))
    assert (status, orjson.loads(body)["accepted"], headers["x-etappe-position"]) == (202, 1, "0-1")
    assert (await site.stored(), await site.stored(REJECTS), site.asgi) == (1, 1, [])


async def test_a_key_in_the_body_is_enough_where_the_protocol_has_one(site: Site) -> None:
    call = {"userId": "u", "event": "A", "writeKey": site.keys["write"]}
    assert [each[0] for each in await site.replies(site.request(call, "/v1/track", key=""))] == [200]
    assert (await site.stored(), site.asgi) == (1, [])


async def test_requests_that_come_together_are_answered_one_by_one(site: Site) -> None:
    alive = b"GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n"
    wrong = site.request({"event": "A"})
    found = await site.replies(site.request(GOOD), wrong, alive, site.request(GOOD), alive, wrong, count=6)
    assert [each[0] for each in found] == [202, 400, 200, 202, 200, 400]
    assert await site.stored() == 2


async def test_a_connection_is_used_again_and_closed_when_its_client_says_so(site: Site) -> None:
    reader, writer = await asyncio.open_connection(*site.address)
    for _ in range(3):
        writer.write(site.request(GOOD))
        assert (await read_reply(reader))[0] == 202
    writer.write(site.request(GOOD, more="Connection: close"))
    assert (await read_reply(reader))[1]["connection"] == "close"
    assert await reader.read() == b""
    writer.close()


async def test_a_body_that_comes_in_pieces_is_left_to_the_application(site: Site) -> None:
    reader, writer = await asyncio.open_connection(*site.address)
    request = site.request(GOOD)
    writer.write(request[:-20])
    while not site.asgi:
        await asyncio.sleep(0.01)
    writer.write(request[-20:])
    assert (await read_reply(reader))[0] == 202
    writer.write(site.request(GOOD))
    assert (await read_reply(reader))[0] == 202
    writer.close()
    assert (await site.stored(), site.asgi) == (2, ["/v1/touchpoints"])


async def test_the_reply_waits_for_the_log(site: Site) -> None:
    site.log.open.clear()
    waiting = asyncio.create_task(site.replies(site.request(GOOD)))
    await site.log.asked.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    site.log.open.set()
    assert (await waiting)[0][0] == 202


async def test_no_room_in_the_log_is_503(site: Site) -> None:
    site.log.error = LogFull()
    ((status, headers, _),) = await site.replies(site.request(GOOD))
    assert (status, headers["retry-after"], site.asgi) == (503, "30", [])


async def test_a_client_that_leaves_before_its_reply_hinders_nobody(site: Site) -> None:
    site.log.open.clear()
    _, writer = await asyncio.open_connection(*site.address)
    writer.write(site.request(GOOD) * 2)
    await site.log.asked.wait()
    writer.close()
    site.log.open.set()
    assert [each[0] for each in await site.replies(site.request(GOOD))] == [202]


async def test_a_mistake_of_ours_is_500_and_ends_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(writes, "sort_events", lambda wire, sender: 1 / 0)
        ((status, _, body),) = await site.replies(site.request(GOOD))
    assert (status, orjson.loads(body)) == (500, {"error": "The collector failed.", "problems": []})
    assert [each[0] for each in await site.replies(site.request(GOOD))] == [202]


async def test_requests_in_flight_are_finished_when_the_collector_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting(tmp_path) as site:
        site.log.open.clear()
        shut_down = DirectConnection.shutdown

        def noted(connection: DirectConnection) -> None:
            shut_down(connection)
            site.log.open.set()

        monkeypatch.setattr(DirectConnection, "shutdown", noted)
        waiting = asyncio.create_task(site.replies(site.request(GOOD)))
        await site.log.asked.wait()
    ((status, headers, _),) = await waiting
    assert (status, headers["connection"]) == (202, "close")

"""Clients that would rather speak HTTP/2, as Java's does by default, are answered in HTTP/1.1 with nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from test_collector_direct import GOOD, Site, collecting, read_reply

UPGRADE = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as site:
        yield site


async def test_the_body_is_read_and_what_follows_it_too(site: Site) -> None:
    asking, plain = site.request(GOOD, more=UPGRADE), site.request({"event": "A"})
    found = await site.replies(plain, asking, asking, plain, count=4)
    assert [each[0] for each in found] == [400, 202, 202, 400]
    assert orjson.loads(found[1][2]) == {"accepted": 1, "rejected": []}
    assert await site.stored() == 2


async def test_also_where_it_comes_in_pieces(site: Site) -> None:
    request = site.request(GOOD, more=UPGRADE)
    for cut in (10, request.index(b"Upgrade: "), request.index(b"\r\n\r\n") + 2, len(request) - 9):
        reader, writer = await asyncio.open_connection(*site.address)
        writer.write(request[:cut])
        await asyncio.sleep(0.05)
        writer.write(request[cut:] + site.request(GOOD))
        assert [(await read_reply(reader))[0] for _ in range(2)] == [202, 202], cut
        writer.close()
    assert await site.stored() == 8


async def test_also_in_chunks_and_for_leave_to_send_it(site: Site) -> None:
    body = orjson.dumps(GOOD)
    head = f"POST /v1/touchpoints HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {site.keys['secret']}\r\n"
    asking = head + UPGRADE.replace("\n", "\r\n") + "\r\nTransfer-Encoding: chunked\r\n"
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(asking.encode() + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert (await read_reply(reader))[0] == 202
    writer.write(asking.encode() + b"Expect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert (await read_reply(reader))[0] == 202
    writer.close()


@pytest.mark.parametrize("wish", ["Connection: Upgrade\nUpgrade: websocket", "Upgrade: h2c", UPGRADE])
async def test_a_request_without_a_body_is_answered_as_always(site: Site, wish: str) -> None:
    lines = "GET /healthz HTTP/1.1\nHost: c\n" + wish
    alive = lines.replace("\n", "\r\n").encode() + b"\r\n\r\n"
    assert [each[0] for each in await site.replies(alive, alive, count=2)] == [200, 200]

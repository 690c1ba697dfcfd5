"""Replies leave the server in one piece, whatever they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from etappe.heads import WholeReply
from etappe.listening import listen
from etappe.serving import make_server, serve_until

PLAIN = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
CHUNKED = {"type": "http.response.start", "status": 200, "headers": []}


class Writes:
    """A transport that notes what is written."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.seen.append(data)

    def close(self) -> None:
        self.seen.append(b"closed")


def written(*parts: bytes, closed: bool = False) -> list[bytes]:
    transport = Writes()
    reply = WholeReply(transport)  # type: ignore[arg-type]  # what it uses of one
    for part in parts:
        reply.write(part)
    if closed:
        reply.close()
    return transport.seen


def test_a_head_and_the_first_part_of_its_body_are_one_write() -> None:
    assert written(b"head", b"one", b"two") == [b"headone", b"two"]
    assert written(b"head", b"") == [b"head"]


def test_parts_of_a_body_that_look_like_heads_do_not_wait() -> None:
    assert written(b"head", b"HTTP/1.1 200 OK\r\n\r\n", b"") == [b"headHTTP/1.1 200 OK\r\n\r\n", b""]


def test_leave_to_send_the_body_does_not_wait_for_the_reply() -> None:
    assert written(b"HTTP/1.1 100 Continue\r\n\r\n", b"head", b"body") == [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"headbody",
    ]


def test_a_head_that_nothing_follows_is_sent_before_the_connection_ends() -> None:
    assert written(b"head", closed=True) == [b"head", b"closed"]
    assert written(b"head", b"body", closed=True) == [b"headbody", b"closed"]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers as its path says."""
    if scope["path"] == "/echo":
        body = (await receive())["body"]
        await send(PLAIN)
        await send({"type": "http.response.body", "body": body})
        return
    await send(CHUNKED if scope["path"] == "/parts" else PLAIN)
    if scope["path"] == "/fails":
        raise RuntimeError("after the head")
    if scope["path"] == "/parts":
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"last"})


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a real server of `app`."""
    stop = asyncio.Event()
    with listen("127.0.0.1", 0, "port") as listener:
        serving = asyncio.create_task(serve_until(stop, make_server(app), listener))
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        try:
            yield reader, writer
        finally:
            writer.close()
            stop.set()
            await serving


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("request_line", "end"),
    [
        (b"GET /plain", b"\r\n\r\nlast"),
        (b"GET /parts", b"\r\n\r\n3\r\none\r\n4\r\nlast\r\n0\r\n\r\n"),
        (b"HEAD /plain", b"content-length: 4\r\nconnection: close\r\n\r\n"),
        (b"HEAD /parts", b"\r\n\r\n"),
        (b"GET /fails", b"content-length: 4\r\nconnection: close\r\n\r\n"),
    ],
)
async def test_every_kind_of_reply_arrives(request_line: bytes, end: bytes) -> None:
    async with talking() as (reader, writer):
        writer.write(request_line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = await reader.read()
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.endswith(end)


@pytest.mark.timeout(30)
async def test_requests_that_come_together_are_answered_one_by_one() -> None:
    async with talking() as (reader, writer):
        writer.write(
            b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + b"HEAD /plain HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        writer.write(b"GET /parts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        replies = await reader.read()
    assert replies.count(b"HTTP/1.1 200 OK") == 4
    assert replies.endswith(b"3\r\none\r\n4\r\nlast\r\n0\r\n\r\n")


@pytest.mark.timeout(30)
async def test_who_asks_before_sending_a_body_is_told_to_go_on() -> None:
    async with talking() as (reader, writer):
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
        writer.write(head + b"Connection: close\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.read()).endswith(b"\r\n\r\nbody")

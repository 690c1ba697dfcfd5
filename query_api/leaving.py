"""Clients that leave before their answer: what is done for them is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query_api.errors import ClientLeft

T = TypeVar("T")

_WITHOUT_BODY = ("GET", "HEAD")


class Client:
    """Who asked, seen by what arrives from there; of one request, and of the task that answers it."""

    def __init__(self, method: str, receive: Receive) -> None:
        self.task = asyncio.current_task()
        self._receive = receive
        self._told_all = asyncio.Event()
        if method in _WITHOUT_BODY:
            self._told_all.set()

    async def receive(self) -> Message:
        """For the application: the body."""
        message = await self._receive()
        if not message.get("more_body"):
            self._told_all.set()
        return message

    async def left(self) -> None:
        """Return when the client is gone. While its body is not read to the end, nobody can tell."""
        await self._told_all.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


_CLIENT: ContextVar[Client | None] = ContextVar("client", default=None)


def this_client() -> Client | None:
    """The client that this very task answers; None in the background, whoever began it."""
    client = _CLIENT.get()
    return client if client is not None and client.task is asyncio.current_task() else None


async def unless_left(client: Client | None, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; ClientLeft, and `work` is cancelled, where the client leaves before that."""
    if client is None:
        return await work
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(client.left())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft()
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


class Leaving:
    """ASGI middleware: lets what is done for a request know its client."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = Client(scope["method"], receive)
        known = _CLIENT.set(client)
        try:
            await self._app(scope, client.receive, send)
        finally:
            _CLIENT.reset(known)

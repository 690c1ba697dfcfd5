"""Counts requests and their seconds around the application."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from etappe.telemetry import REQUEST_SECONDS, REQUESTS

_SERVICE = "query"


class Measured:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(_SERVICE, str(message["status"])).inc()
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, counted)
        finally:
            REQUEST_SECONDS.labels(_SERVICE).observe(time.perf_counter() - began)

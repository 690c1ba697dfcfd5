"""Counts requests and their seconds around the application, and gives each an id that its log lines have, too."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from etappe.logs import request_id
from etappe.telemetry import REQUEST_SECONDS, REQUESTS

_SERVICE = "query"
_ID = b"x-request-id"

log_line = structlog.get_logger()


class Measured:
    """ASGI middleware. The id is the one that the client gave, else a new one; the reply has it, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = request_id(dict(scope["headers"]).get(_ID, b""))
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                REQUESTS.labels(_SERVICE, str(status)).inc()
                message = {**message, "headers": [*message.get("headers", ()), (_ID, name.encode())]}
            await send(message)

        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=name):
            try:
                await self._app(scope, receive, counted)
            finally:
                seconds = time.perf_counter() - began
                REQUEST_SECONDS.labels(_SERVICE).observe(seconds)
                log_line.debug(
                    "answered",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    seconds=round(seconds, 3),
                )

"""`GET /v1/live`: server-sent events, and how the OpenAPI document describes them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from starlette.responses import Response, StreamingResponse

from etappe.errors import EtappeError
from query_api.asked import first_builds
from query_api.auth import Asker, admit, identify
from query_api.builds import wanted_model
from query_api.common import TIMEOUT
from query_api.live.changes import Changes, Mark, read_changes, read_recent
from query_api.live.watch import Listener, Watches
from query_api.openapi import in_query
from query_api.parameters import Parameter, Reader, whole_number
from query_api.routes import Responses
from query_api.sources import Sources

HEARTBEAT_SECONDS = 15.0
_AGAIN_MS = 3_000

MODEL = Parameter("model", "the name of an active phase model; default acpl", str, "acpl")
RECENT = Parameter(
    "recent", "how many journeys of before to begin with, 0 to 50; default 0", whole_number(0, 50), 0,
    schema={"type": "integer", "minimum": 0, "maximum": 50, "default": 0},
)  # fmt: skip
LIVE_PARAMETERS: tuple[Parameter[Any], ...] = (MODEL, RECENT)

_EVENT_ID = re.compile(r"(\d{1,9})-(\d{1,19})", re.ASCII)


def add_live_routes(app: FastAPI, sources: Sources, responses: Responses) -> Callable[[], None]:
    """What it gives back is to be called when the service stops: it ends every stream."""
    live = LiveCall(sources, Watches(sources.sessions))
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    answers = {**responses, 200: {"description": "Events, until either side ends them", "content": content}}
    app.add_api_route(
        "/v1/live",
        live.listen,
        summary="Journeys as they change, as server-sent events",
        methods=["GET"],
        response_class=Response,
        dependencies=[Depends(HTTPBearer(auto_error=False, description="A read or admin token"))],
        openapi_extra={"parameters": in_query(LIVE_PARAMETERS)},
        responses=answers,
    )
    return live.watches.close


@dataclass
class LiveCall:
    sources: Sources
    watches: Watches
    heartbeat: float = HEARTBEAT_SECONDS

    async def listen(self, request: Request) -> Response:
        asker = admit(self.sources, request)
        reader = Reader(request.query_params.multi_items(), LIVE_PARAMETERS)
        model, recent = reader.take(MODEL), reader.take(RECENT)
        builds = await first_builds(self.sources, asker.workspace.name, TIMEOUT.default)
        if model not in builds:
            reader.refuse("model", model, wanted_model(builds))
        reader.finish()
        workspace = asker.workspace.name
        listener = await self.watches.join(
            workspace, model
        )  # before reading what was, so that nothing falls between
        try:
            before = await self._before(request, workspace, model, recent)
        except BaseException:
            self.watches.leave(workspace, model, listener)
            raise
        stream = self._stream(request, asker, model, listener, before)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _before(self, request: Request, workspace: str, model: str, recent: int) -> Changes | None:
        """What was missed since `Last-Event-ID`; without one, the latest journeys if they were asked for."""
        seen = _EVENT_ID.fullmatch(request.headers.get("last-event-id", ""))
        if seen is not None:
            mark = Mark(int(seen.group(1)), int(seen.group(2)))
            return await self.sources.sessions.run(lambda s: read_changes(s, workspace, model, mark))
        if recent:
            return await self.sources.sessions.run(lambda s: read_recent(s, workspace, model, recent))
        return None

    async def _stream(
        self, request: Request, asker: Asker, model: str, listener: Listener, before: Changes | None
    ) -> AsyncIterator[bytes]:
        try:
            yield f"retry: {_AGAIN_MS}\n\n".encode()
            if before is not None:
                yield _events(before)
            async for part in self._heard(request, listener):
                yield part
        finally:
            self.watches.leave(asker.workspace.name, model, listener)

    async def _heard(self, request: Request, listener: Listener) -> AsyncIterator[bytes]:
        while True:
            try:
                changes = await asyncio.wait_for(listener.next(), self.heartbeat)
            except TimeoutError:
                if not self._still_allowed(request):
                    return
                yield b": still here\n\n"
                continue
            if changes is None or not self._still_allowed(request):
                return
            yield _events(changes)

    def _still_allowed(self, request: Request) -> bool:
        """A token may be revoked while its stream is open."""
        header = request.headers.get("authorization", "")
        try:
            identify(self.sources.register(), header, clock=self.sources.clock)
        except EtappeError:
            return False
        return True


def _events(changes: Changes) -> bytes:
    """In the form of server-sent events (WHATWG HTML, section 9.2). `id` is what `Last-Event-ID` gives back."""
    parts = [
        b"event: %s\nid: %d-%d\ndata: %s\n\n"
        % (each.kind.encode(), changes.mark.build, each.version, orjson.dumps(each.data))
        for each in changes.changes
    ]
    if changes.left_out:
        parts.append(b'event: left_out\ndata: {"customers":%d}\n\n' % changes.left_out)
    return b"".join(parts)

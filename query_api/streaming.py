"""Answers that are written while the engine still makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from etappe.errors import EtappeError
from etappe.warehouse import Session
from query_api.answer import Answer, LongAnswer, Row
from query_api.common import Format
from query_api.errors import ClientLeft
from query_api.formats import headers, media_type, pieces
from query_api.leaving import this_client
from query_api.sources import Sources
from query_api.spool import Spool

SEND_SECONDS = 60
"""A client that takes nothing for so long has left."""

log_line = structlog.get_logger()


async def answered(
    sources: Sources, job: Callable[[Session], Answer | LongAnswer], wanted: Format
) -> Response:
    """The reply to a question: in one piece where the answer is small, else while it is being made.

    `job` runs on a session, and so does the iterator of a LongAnswer. What goes wrong before the first bytes is raised
    here; later, the connection is broken off.
    """
    writing = _Writing(sources, job, wanted)
    try:
        await writing.begun()
        if writing.spool.whole:
            await writing.ended()  # else the end of the reply would look like the client's leaving
            return Response(await _all(writing.spool), media_type=media_type(wanted), headers=writing.headers)
        return _Streamed(writing, media_type(wanted))
    except BaseException:
        writing.stop()
        raise


class _Writing:
    """An answer on its way from a session into a spool."""

    def __init__(
        self, sources: Sources, job: Callable[[Session], Answer | LongAnswer], wanted: Format
    ) -> None:
        self.spool = Spool(sources.answer_bytes)
        self.headers: dict[str, str] = {}
        self._job = job
        self._wanted = wanted
        self._task = asyncio.ensure_future(sources.sessions.run_for(this_client(), self._write))

    async def begun(self) -> None:
        """Return once there are bytes to send; raise what went wrong before."""
        beginning = asyncio.ensure_future(self.spool.begun())
        try:
            await asyncio.wait((beginning, self._task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            beginning.cancel()
        if self._task.done() or self.spool.failed:
            await self._task

    async def ended(self) -> None:
        """Raise what went wrong, if anything did."""
        await self._task

    def stop(self) -> None:
        self._task.cancel()
        self._task.add_done_callback(_looked_at)
        self.spool.close()

    def _write(self, session: Session) -> None:
        failed = True
        try:
            answer = self._job(session)
            if isinstance(answer, LongAnswer):
                answer = LongAnswer(answer.columns, _limited(answer.rows, session), answer.meta)
            self.headers = headers(answer, self._wanted)
            for piece in pieces(answer, self._wanted):
                self.spool.write(piece)
            failed = False
        finally:
            self.spool.end(failed)


class _Streamed(Response):
    """Sends what a session writes. An answer that breaks off has no end, and its connection is closed."""

    def __init__(self, writing: _Writing, media: str) -> None:
        self.status_code, self.background = 200, None
        self.media_type = media
        self._writing = writing
        self.init_headers(writing.headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while data := await self._writing.spool.read():
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            await self._writing.ended()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except ClientLeft:
            pass
        except (EtappeError, TimeoutError) as error:
            # Without its last message the server closes the connection, so that nobody takes a part for the whole.
            log_line.error(
                "answer broken off", path=scope["path"], error=str(error) or "the client takes nothing"
            )
        finally:
            self._writing.stop()


def _limited(rows: Iterable[Row], session: Session) -> Iterator[Row]:
    """No more than an answer may have, also where the rows come from several statements."""
    for number, row in enumerate(rows):
        if number >= session.limits.rows:
            raise session.limits.reached("rows")
        yield row


async def _all(spool: Spool) -> bytes:
    body = b""
    while data := await spool.read():
        body += data
    spool.close()
    return body


def _looked_at(task: asyncio.Future[None]) -> None:
    if not task.cancelled():
        task.exception()

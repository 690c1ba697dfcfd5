"""The route of customers by lifecycle."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from query_api.asked import builds_asked, model_asked, read_asked
from query_api.formats import reply
from query_api.routes import Responses, Route, add_route
from query_api.segments.answer import PARAMETERS, answer_segments, read_segments_question
from query_api.sources import Sources


class SegmentsCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def segments(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, PARAMETERS)
        question = read_segments_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        build = model_asked(builds, question.model, asked.reader)
        now = self._sources.clock()
        answer = await self._sources.sessions.run(
            lambda session: answer_segments(session, asked.workspace, build, question, now)
        )
        return reply(answer, asked.common.format)


def add_segments_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = SegmentsCalls(sources)
    add_route(
        app,
        Route("GET", "/v1/segments", calls.segments, "Customers by lifecycle", parameters=PARAMETERS),
        responses,
    )

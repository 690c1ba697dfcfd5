"""The routes of journeys."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from query_api.asked import builds_asked, model_asked, read_asked
from query_api.formats import reply
from query_api.identity.names import read_customer
from query_api.journeys.answer import answer_journeys
from query_api.journeys.phase import answer_phase
from query_api.journeys.question import (
    JOURNEYS,
    PHASE_AT,
    check_phase,
    read_journeys_question,
    read_phase_question,
)
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources
from query_api.streaming import answered


class JourneysCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def journeys(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, JOURNEYS)
        question = read_journeys_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        check_phase(question, builds, asked.reader)
        build, now = model_asked(builds, question.model, asked.reader), self._sources.clock()
        return await answered(
            self._sources,
            lambda session: answer_journeys(session, asked.workspace, build, question, now),
            asked.common.format,
        )

    async def phase(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, PHASE_AT)
        question = read_phase_question(asked.reader, read_customer(request.path_params["customer"]))
        builds = await builds_asked(self._sources, asked)
        build, now = model_asked(builds, question.model, asked.reader), self._sources.clock()
        answer = await self._sources.sessions.run(
            lambda session: answer_phase(session, asked.workspace, build, question, now)
        )
        return reply(answer, asked.common.format)


def add_journeys_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = JourneysCalls(sources)
    for route in (
        Route("GET", "/v1/journeys", calls.journeys, "Journeys, newest first", parameters=JOURNEYS),
        Route(
            "GET",
            "/v1/customers/{customer}/phase",
            calls.phase,
            "The phase on a date",
            parameters=PHASE_AT,
        ),
    ):
        add_route(app, route, responses)

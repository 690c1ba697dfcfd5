"""The routes of the journey map."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from query_api.asked import builds_asked, model_asked, read_asked
from query_api.formats import reply
from query_api.map.answer import answer_cell, answer_map
from query_api.map.question import (
    MAP_PARAMETERS,
    PEOPLE_PARAMETERS,
    check_phase,
    read_cell_question,
    read_map_question,
)
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources


class MapCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def cells(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, MAP_PARAMETERS)
        question = read_map_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        build = model_asked(builds, question.model, asked.reader)
        answer = await self._sources.sessions.run(lambda s: answer_map(s, asked.workspace, build, question))
        return reply(answer, asked.common.format)

    async def people(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, PEOPLE_PARAMETERS)
        question = read_cell_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        build = model_asked(builds, question.map.model, asked.reader)
        check_phase(question, build, asked.reader)
        answer = await self._sources.sessions.run(lambda s: answer_cell(s, asked.workspace, build, question))
        return reply(answer, asked.common.format)


def add_map_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = MapCalls(sources)
    for route in (
        Route(
            "GET",
            "/v1/map",
            calls.cells,
            "Channels by phases: the journey map",
            parameters=MAP_PARAMETERS,
        ),
        Route(
            "GET",
            "/v1/map/people",
            calls.people,
            "The customers behind one of its cells",
            parameters=PEOPLE_PARAMETERS,
        ),
    ):
        add_route(app, route, responses)

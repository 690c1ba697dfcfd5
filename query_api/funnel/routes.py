"""The route of the people behind a number of the phase funnel; the funnel itself is in calls.py."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from query_api.asked import builds_asked, model_asked, read_asked
from query_api.funnel.people import PARAMETERS, answer_people, check_phase, read_people_question
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources
from query_api.streaming import answered


class PeopleCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def people(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, PARAMETERS)
        question = read_people_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        build = model_asked(builds, question.funnel.model, asked.reader)
        check_phase(question, build, asked.reader)
        now = self._sources.clock()
        return await answered(
            self._sources,
            lambda session: answer_people(session, asked.workspace, build, question, now),
            asked.common.format,
        )


def add_people_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = PeopleCalls(sources)
    people = "The customers behind a number of the phase funnel"
    add_route(app, Route("GET", "/v1/funnel/people", calls.people, people, parameters=PARAMETERS), responses)

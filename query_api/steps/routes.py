"""The routes of the step funnel and of the people behind its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from starlette.responses import Response

from etappe.errors import BadInput
from query_api.asked import Asked, builds_asked, read_asked
from query_api.bodies import read_object
from query_api.builds import Build, Builds
from query_api.common import AFTER, FORMAT, TIMEOUT
from query_api.errors import NoViews
from query_api.identity.as_of import IDENTITY_AT
from query_api.parameters import Parameter, Reader
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources
from query_api.steps.answer import answer_steps
from query_api.steps.people import answer_people, read_people
from query_api.steps.read import read_steps
from query_api.steps.schema import FUNNEL_BODY, PEOPLE_BODY
from query_api.streaming import answered

T = TypeVar("T")

PARAMETERS: tuple[Parameter[Any], ...] = (FORMAT, AFTER, TIMEOUT, IDENTITY_AT)
_MODEL = "acpl"
"""Whose build says where journeys begin, and what segments are made of, where there are several models."""


class StepCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def funnel(self, request: Request) -> Response:
        asked, question, build = await self._read(request, read_steps)
        return await answered(
            self._sources,
            lambda session: answer_steps(session, asked.workspace, build, question),
            asked.common.format,
        )

    async def people(self, request: Request) -> Response:
        asked, question, build = await self._read(request, read_people)
        return await answered(
            self._sources,
            lambda session: answer_people(session, asked.workspace, build, question),
            asked.common.format,
        )

    async def _read(
        self, request: Request, read: Callable[[Mapping[str, object], Callable[[str, object, str], None]], T]
    ) -> tuple[Asked, T, Build]:
        """Who asks, what, and the build that answers; BadInput with every problem of parameters and body."""
        asked = read_asked(self._sources, request, PARAMETERS)
        try:
            body = await read_object(request)
        except BadInput as error:
            raise BadInput(*asked.reader.problems, *error.problems) from None
        question = read(body, asked.reader.refuse)
        builds = await builds_asked(self._sources, asked)
        return asked, question, _build(builds, asked.reader)


def _build(builds: Builds, reader: Reader) -> Build:
    """One of those that answer: all rest on the same identities and the same journeys."""
    reader.finish()
    if not builds:
        raise NoViews(0)
    return builds.get(_MODEL) or builds[min(builds)]


def add_step_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = StepCalls(sources)
    routes: Sequence[Route] = (
        Route(
            "POST", "/v1/funnel/steps", calls.funnel, "The step funnel", FUNNEL_BODY, parameters=PARAMETERS
        ),
        Route(
            "POST",
            "/v1/funnel/steps/people",
            calls.people,
            "The customers behind a number of the step funnel",
            PEOPLE_BODY,
            parameters=PARAMETERS,
        ),
    )
    for route in routes:
        add_route(app, route, responses)

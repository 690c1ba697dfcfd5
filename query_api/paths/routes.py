"""The routes of paths and sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, LongAnswer
from query_api.asked import builds_asked, model_asked, read_asked
from query_api.builds import Build
from query_api.parameters import Parameter
from query_api.paths.answer import answer_paths, answer_sequences
from query_api.paths.question import PATHS, SEQUENCES, PathQuestion, check_nodes, read_path_question
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources
from query_api.streaming import answered

Parameters = Sequence[Parameter[Any]]
Shape = Callable[[Session, Workspace, Build, PathQuestion], Answer | LongAnswer]


class PathCalls:
    """One method a call."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def paths(self, request: Request) -> Response:
        return await self._answered(request, PATHS, answer_paths)

    async def sequences(self, request: Request) -> Response:
        return await self._answered(request, SEQUENCES, answer_sequences)

    async def _answered(self, request: Request, known: Parameters, shape: Shape) -> Response:
        asked = read_asked(self._sources, request, known)
        question = read_path_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked)
        build = model_asked(builds, question.model, asked.reader)
        check_nodes(question, build, asked.reader)
        return await answered(
            self._sources, lambda s: shape(s, asked.workspace, build, question), asked.common.format
        )


def add_path_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = PathCalls(sources)
    for route in (
        Route(
            "GET", "/v1/paths", calls.paths, "Which way journeys go, and where they leave", parameters=PATHS
        ),
        Route("GET", "/v1/sequences", calls.sequences, "The most frequent whole paths", parameters=SEQUENCES),
    ):
        add_route(app, route, responses)

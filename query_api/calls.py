"""The calls: each walks from a request to an answer, and shows the steps in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from etappe.warehouse import Session
from etappe.workspaces import KeyKind, Workspace
from query_api import coverage, customers, journey, rejects
from query_api.answer import Answer
from query_api.asked import Asked, builds_asked, model_asked
from query_api.auth import OPERATORS, READERS, admit
from query_api.bodies import read_object
from query_api.builds import Builds
from query_api.common import COMMON, FORMAT, Common, read_common, read_format
from query_api.formats import reply
from query_api.freshness import answer_freshness
from query_api.funnel import question as funnel
from query_api.funnel.answer import answer_funnel
from query_api.identity import explain
from query_api.imports import answer_imports, order_undo, read_import_id
from query_api.parameters import Parameter, Reader
from query_api.position import wait_until_included
from query_api.rebuild import answer_rebuild, order_rebuild
from query_api.replay import ORDER_BYTES, answer_replay, read_order
from query_api.sources import Sources
from query_api.streaming import answered

T = TypeVar("T")


class Calls:
    """One method a call. EtappeError where there is no answer; nothing is kept between two calls."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def funnel(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, funnel.PARAMETERS)
        question = funnel.read_question(reader, common.range)
        builds = await self._builds(workspace, reader, common, by_model=True)
        build = model_asked(builds, question.model, reader)
        return await answered(
            self._sources, lambda s: answer_funnel(s, workspace, build, question), common.format
        )

    async def coverage(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, coverage.PARAMETERS)
        question = coverage.read_coverage_question(reader, common.range)
        builds = await self._builds(workspace, reader, common, by_model=True)
        build = model_asked(builds, question.model, reader)
        return await answered(
            self._sources, lambda s: coverage.answer_coverage(s, workspace, build, question), common.format
        )

    async def customer(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, customers.PARAMETERS)
        question = customers.read_customer_question(reader)
        builds = await self._builds(workspace, reader, common)
        reader.finish()
        now = self._sources.clock()
        answer = await self._run(lambda s: customers.answer_customer(s, workspace, builds, question, now))
        return reply(_of_all_time(answer), common.format)

    async def journey(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, journey.PARAMETERS)
        question = journey.read_journey_question(reader, request.path_params["customer"], common.range)
        builds = await self._builds(workspace, reader, common)
        reader.finish()
        return await answered(
            self._sources, lambda s: journey.answer_journey(s, workspace, builds, question), common.format
        )

    async def identity(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, explain.PARAMETERS)
        question = explain.read_identity_question(reader, request.path_params["customer"])
        builds = await self._builds(workspace, reader, common)
        reader.finish()
        return await answered(
            self._sources, lambda s: explain.answer_identity(s, workspace, builds, question), common.format
        )

    async def freshness(self, request: Request) -> Response:
        workspace = self._authorise(request)
        reader, common = _read(request, COMMON)
        reader.finish()
        await self._wait(workspace, common)
        return reply(_of_all_time(await answer_freshness(self._sources, workspace)), common.format)

    async def rejects(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader, common = _read(request, rejects.PARAMETERS)
        question = rejects.read_rejects_question(reader, common.range)
        reader.finish()
        await self._wait(workspace, common)
        return await answered(
            self._sources, lambda s: rejects.answer_rejects(s, workspace, question), common.format
        )

    async def replay(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader = Reader(request.query_params.multi_items(), (FORMAT,))
        wanted = read_format(reader, request.headers.get("accept", ""))
        reader.finish()
        order = read_order(await read_object(request, most=ORDER_BYTES))
        token = request.headers["authorization"]
        return reply(await answer_replay(self._sources, workspace, order, token), wanted)

    async def rebuild(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader, common = _read(request, COMMON)
        reader.finish()
        await self._wait(workspace, common)
        return reply(_of_all_time(await answer_rebuild(self._sources, workspace)), common.format)

    async def order_rebuild(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader, common = _read(request, COMMON)
        reader.finish()
        await self._wait(workspace, common)
        return reply(_of_all_time(await order_rebuild(self._sources, workspace)), common.format)

    async def imports(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader, common = _read(request, COMMON)
        reader.finish()
        await self._wait(workspace, common)
        return reply(_of_all_time(await answer_imports(self._sources, workspace)), common.format)

    async def undo_import(self, request: Request) -> Response:
        workspace = self._authorise(request, OPERATORS)
        reader = Reader(request.query_params.multi_items(), (FORMAT,))
        wanted = read_format(reader, request.headers.get("accept", ""))
        import_id = read_import_id(reader, request.path_params["import_id"])
        reader.finish()
        return reply(await order_undo(self._sources, workspace, import_id), wanted)

    def _authorise(self, request: Request, kinds: Sequence[KeyKind] = READERS) -> Workspace:
        return admit(self._sources, request, kinds).workspace

    async def _builds(
        self, workspace: Workspace, reader: Reader, common: Common, by_model: bool = False
    ) -> Builds:
        return await builds_asked(self._sources, Asked(workspace, reader, common), by_model)

    async def _wait(self, workspace: Workspace, common: Common) -> None:
        if common.after is not None:
            await wait_until_included(self._sources, workspace.name, common.after, common.timeout)

    async def _run(self, job: Callable[[Session], T]) -> T:
        return await self._sources.sessions.run(job)


def _read(request: Request, known: Sequence[Parameter[Any]]) -> tuple[Reader, Common]:
    reader = Reader(request.query_params.multi_items(), known)
    return reader, read_common(reader, request.headers.get("accept", ""))


def _of_all_time(answer: Answer) -> Answer:
    """Every call takes `from` and `to`; this answer says that it does not depend on them."""
    return replace(answer, meta={**answer.meta, "range": "not applied: of all time"})

"""The query API as an application, and the service that `etappe query` runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.responses import JSONResponse, PlainTextResponse, Response

from etappe.clock import Clock, system_clock
from etappe.errors import EtappeError
from etappe.eventlog import CHANGES, EventLog, connect_log
from etappe.listening import listen
from etappe.probes import Check
from etappe.rates import NO_LIMITS, RateLimits, Rates
from etappe.register import RegisterEditor, RegisterFileEditor
from etappe.serving import make_server, serve_until, stopping_on_signals
from etappe.settings import Settings
from etappe.telemetry import metrics_page
from etappe.warehouse import Limits, Sessions, Warehouse, connect_warehouse
from etappe.workspaces import Register, RegisterFile
from query_api import coverage, customers, journey, rejects
from query_api.backups import FreezeAll, add_backup_route
from query_api.calls import Calls
from query_api.collector import ConnectCollector, collector_client
from query_api.common import COMMON, FORMAT
from query_api.dashboard.routes import add_dashboard_routes
from query_api.funnel import question as funnel
from query_api.funnel.routes import add_people_routes
from query_api.identity import explain
from query_api.identity.routes import add_identity_routes
from query_api.journeys.routes import add_journeys_routes
from query_api.leaving import Leaving
from query_api.live.routes import add_live_routes
from query_api.map.routes import add_map_routes
from query_api.measured import Measured
from query_api.models.routes import add_model_routes
from query_api.openapi import answers, errors, in_path, in_query
from query_api.paths.routes import add_path_routes
from query_api.questions import Questions
from query_api.reconciling import Reconciling
from query_api.refusals import add_refusals
from query_api.register.routes import add_register_routes
from query_api.replay import ORDER_SCHEMA
from query_api.routes import BODY_ERRORS
from query_api.segments.routes import add_segments_routes
from query_api.sources import Sources
from query_api.sql import text_of
from query_api.steps.routes import add_step_routes


def create_app(
    sessions: Sessions,
    log: EventLog | None,
    register: Callable[[], Register],
    clock: Clock = system_clock,
    *,
    takes_orders: bool = True,
    check: Check | None = None,
    collector: ConnectCollector | None = None,
    editor: RegisterEditor | None = None,
    rate_limits: RateLimits = NO_LIMITS,
    freeze: FreezeAll | None = None,
    answer_bytes: int = 4 << 30,
) -> FastAPI:
    """The query API on read-only sessions. Whoever makes it closes what it was given.

    `takes_orders`: whether `log` was opened to write operators' orders too. `editor` changes the register, and
    `rate_limits` are those of keys which have none of their own. `check` says whether
    what runs beside it works; `collector` makes a client for the collector, which replays need; `freeze`
    holds all tables of the engine beside it, for backups. `answer_bytes`: an answer may have so many.
    """
    app = FastAPI(
        title="Etappe query API", version="1", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.add_middleware(Leaving)
    app.add_middleware(Measured)
    add_refusals(app)
    sources = Sources(
        Questions(sessions),
        log,
        register,
        clock,
        takes_orders,
        collector,
        editor=editor,
        rate_limits=rate_limits,
        rates=Rates(lambda: clock() / 1000),
        answer_bytes=answer_bytes,
    )
    _add_service_routes(app, sources, check)
    _add_calls(app, Calls(sources))
    add_register_routes(app, sources, answers())
    add_identity_routes(app, sources, answers())
    add_backup_route(app, sources, answers(), freeze)
    add_people_routes(app, sources, answers())
    add_step_routes(app, sources, answers())
    add_segments_routes(app, sources, answers())
    add_journeys_routes(app, sources, answers())
    add_path_routes(app, sources, answers())
    app.state.on_stop = add_live_routes(app, sources, answers())
    app.state.reconciling = Reconciling(sources)
    add_model_routes(app, sources, answers())
    add_map_routes(app, sources, answers())
    add_dashboard_routes(app)
    return app


def _add_calls(app: FastAPI, calls: Calls) -> None:
    token = [Depends(HTTPBearer(auto_error=False, description="A read or admin token"))]
    customer, import_id = ("customer",), ("import_id",)
    for method, route, call, summary, parameters, names in (
        ("GET", "/v1/funnel", calls.funnel, "The phase funnel", funnel.PARAMETERS, ()),
        ("GET", "/v1/customers", calls.customer, "Who an identifier is", customers.PARAMETERS, ()),
        ("GET", "/v1/customers/{customer}/journey", calls.journey, "Their touchpoints", journey.PARAMETERS, customer),
        ("GET", "/v1/customers/{customer}/identity", calls.identity, "Why it is one", explain.PARAMETERS, customer),
        ("GET", "/v1/coverage", calls.coverage, "What a model makes of the touchpoints", coverage.PARAMETERS, ()),
        ("GET", "/v1/freshness", calls.freshness, "What became of everything accepted", COMMON, ()),
        ("GET", "/v1/rejects", calls.rejects, "The events that were refused (admin)", rejects.PARAMETERS, ()),
        ("POST", "/v1/rejects/replay", calls.replay, "Send refused events again (admin)", (FORMAT,), ()),
        ("GET", "/v1/imports", calls.imports, "Imports, and how far their undoing is (admin)", COMMON, ()),
        ("POST", "/v1/imports/{import_id}/undo", calls.undo_import, "Undo an import (admin)", (FORMAT,), import_id),
        ("GET", "/v1/rebuild", calls.rebuild, "How far a rebuild is (admin)", COMMON, ()),
        ("POST", "/v1/rebuild", calls.order_rebuild, "Fold the views again from the facts (admin)", COMMON, ()),
    ):  # fmt: skip
        documented: dict[str, Any] = {"parameters": [*map(in_path, names), *in_query(parameters)]}
        if route in _BODIES:
            documented["requestBody"] = _BODIES[route]
        app.add_api_route(
            route, call, summary=summary, dependencies=token, openapi_extra=documented,
            methods=[method], response_class=Response,
            responses=answers() if method == "GET" else {**answers(), **BODY_ERRORS},
        )  # fmt: skip


_BODIES = {"/v1/rejects/replay": ORDER_SCHEMA}


def _add_service_routes(app: FastAPI, sources: Sources, check: Check | None) -> None:
    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get(
        "/readyz",
        responses=errors({503: "The database cannot be read, or something beside it does not work"}),
    )
    async def readyz() -> Response:
        try:
            await _check(sources)
            if check is not None:
                await check()
        except EtappeError as error:
            return JSONResponse({"error": str(error), "problems": []}, 503)
        return JSONResponse({"status": "ok"})

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(metrics_page(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _check(sources: Sources) -> None:
    """Raises EtappeError where the database cannot be read, or the log not do what it is here for."""
    await sources.sessions.run(lambda session: session.rows(text_of("readable")))
    if sources.log is not None:
        await sources.log.check()


def question_sessions(settings: Settings, warehouse: Warehouse) -> Sessions:
    """Read-only sessions within the limits of the settings."""
    limits = Limits(settings.query_seconds, settings.query_memory, settings.query_rows)
    return Sessions(warehouse, settings.query_threads, limits, "query", settings.query_waiting)


def _writable(settings: Settings) -> tuple[str, ...]:
    """Operators' orders go to `changes`; a SQLite file has one writing process, and that is the stitcher's."""
    return () if settings.log.startswith("sqlite:") else (CHANGES,)


async def serve(settings: Settings) -> None:
    """One stand-alone query API until SIGTERM or SIGINT; EtappeError where port, database or log cannot be had."""
    stop = asyncio.Event()
    with stopping_on_signals(stop), listen(settings.host, settings.query_port, "query_port") as listener:
        sessions = question_sessions(
            settings, connect_warehouse(settings.warehouse, settings.warehouse_cluster)
        )
        try:
            await sessions.run(lambda session: session.rows(text_of("readable")))
            await _serve_questions(settings, sessions, stop, listener)
        finally:
            await sessions.close()


async def _serve_questions(
    settings: Settings, sessions: Sessions, stop: asyncio.Event, listener: socket.socket
) -> None:
    writes = _writable(settings)
    log = await connect_log(settings.log, writes, settings.log_options)
    try:
        register = RegisterFile(settings.workspaces)
        app = create_app(
            sessions,
            log,
            register.current,
            takes_orders=bool(writes),
            collector=collector_client(settings.collector),
            editor=RegisterFileEditor(settings.workspaces),
            rate_limits=settings.rate_limits,
            answer_bytes=settings.query_bytes,
        )
        watching = asyncio.create_task(app.state.reconciling.run())
        try:
            await serve_until(stop, make_server(app, on_stop=app.state.on_stop), listener)
        finally:
            watching.cancel()
            await asyncio.wait([watching])
    finally:
        await log.close()

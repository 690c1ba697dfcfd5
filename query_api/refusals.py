"""Errors as replies: {"error", "problems"} with the status that says whose turn it is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.responses import JSONResponse

from etappe.errors import (
    BadInput,
    Cancelled,
    EtappeError,
    LogUnavailable,
    QueryLimit,
    WarehouseBusy,
    WarehouseUnavailable,
)  # fmt: skip
from etappe.register import NothingChanged, RegisterBusy
from etappe.register_changes import NoSuchKey, NoSuchWorkspace
from etappe.telemetry import LIMITED_QUERIES
from etappe.unrouted import answer_unrouted
from query_api.errors import (
    ClientLeft,
    Forbidden,
    NoEngineHere,
    NoRoom,
    NotFound,
    NotLinked,
    NotReady,
    NotYet,
    NoViews,
    RegisterClosed,
    SlowBody,
    TooLarge,
    TooManyListeners,
    TooOften,
    Unauthorised,
    WrongPlace,
)

_NOBODY = 499
"""Nobody is there to read it; the metrics count it."""
_STATUS: Mapping[type[EtappeError], int] = {
    BadInput: 422,
    QueryLimit: 422,
    Unauthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    NoSuchKey: 404,
    NoSuchWorkspace: 404,
    NothingChanged: 409,
    NotLinked: 409,
    NoEngineHere: 409,
    SlowBody: 408,
    TooLarge: 413,
    TooOften: 429,
    RegisterClosed: 503,
    RegisterBusy: 503,
    TooManyListeners: 503,
    NotReady: 503,
    NoRoom: 503,
    NoViews: 503,
    WarehouseBusy: 503,
    ClientLeft: _NOBODY,
    Cancelled: _NOBODY,
    NotYet: 504,
    LogUnavailable: 503,
    WarehouseUnavailable: 503,
    WrongPlace: 503,
}
_HEADERS: Mapping[type[EtappeError], Mapping[str, str]] = {
    Unauthorised: {"WWW-Authenticate": "Bearer"},
    LogUnavailable: {"Retry-After": "1"},
    WarehouseUnavailable: {"Retry-After": "1"},
    WarehouseBusy: {"Retry-After": "2"},
    RegisterBusy: {"Retry-After": "1"},
    TooManyListeners: {"Retry-After": "10"},
    NotReady: {"Retry-After": "2"},
    NoRoom: {"Retry-After": "30"},
    NoViews: {"Retry-After": "2"},
}


_OUR_FAULT = "The question could not be answered, through no fault of yours: the query API's log says why."

log_line = structlog.get_logger()


def add_refusals(app: FastAPI) -> None:
    """Answer every error in one form."""
    app.add_exception_handler(EtappeError, _refuse)
    answer_unrouted(app)


async def _refuse(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:  # the engine's own words are for the operator, not for whoever asked
        log_line.error("question failed", path=request.url.path, error=str(error))
        return JSONResponse({"error": _OUR_FAULT, "problems": []}, status)
    headers = next((some for kind, some in _HEADERS.items() if isinstance(error, kind)), None)
    if isinstance(error, TooOften):
        headers = {"Retry-After": str(math.ceil(error.seconds))}
    if isinstance(error, QueryLimit | WarehouseBusy):
        LIMITED_QUERIES.inc()
    problems = error.problems if isinstance(error, BadInput | QueryLimit) else ()
    named = [{"field": p.field, "value": p.value, "wanted": p.wanted} for p in problems]
    return JSONResponse({"error": str(error), "problems": named}, status, headers)

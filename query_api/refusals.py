"""Errors as replies: {"error", "problems"} with the status that says whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from etappe.errors import BadInput, EtappeError, LogUnavailable, QueryLimit, WarehouseUnavailable
from etappe.telemetry import LIMITED_QUERIES
from query_api.errors import Forbidden, NotFound, NotYet, Unauthorised

_STATUS: Mapping[type[EtappeError], int] = {
    BadInput: 422,
    QueryLimit: 422,
    Unauthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    NotYet: 504,
    LogUnavailable: 503,
    WarehouseUnavailable: 503,
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "1"},
}


def add_refusals(app: FastAPI) -> None:
    """Answer every error in one form."""
    app.add_exception_handler(EtappeError, _refuse)
    app.add_exception_handler(HTTPException, _refuse_request)


async def _refuse(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if isinstance(error, QueryLimit):
        LIMITED_QUERIES.inc()
    problems = error.problems if isinstance(error, BadInput) else ()
    named = [{"field": p.field, "value": p.value, "wanted": p.wanted} for p in problems]
    return JSONResponse({"error": str(error), "problems": named}, status, _HEADERS.get(status))


async def _refuse_request(request: Request, error: Exception) -> Response:
    """An unknown path or method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = f"{request.method} {request.url.path}: " + ("no such path" if status == 404 else str(error))
    return JSONResponse({"error": text, "problems": []}, status)

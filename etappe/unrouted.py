"""What a service answers where it has no such path, or not for this method: in the form of every error.

And HEAD where balancers ask by it whether the service is well, which FastAPI has no answer to.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

PROBES = frozenset(("/healthz", "/readyz", "/metrics"))


def answer_unrouted(app: FastAPI) -> None:
    """404 and 405 as `{"error", "problems"}`; 405 says in `Allow` which methods the path takes. HEAD of PROBES."""
    app.add_exception_handler(HTTPException, _answer)
    app.add_middleware(ProbeHeads)


class ProbeHeads:
    """HEAD as GET (RFC 9110, 9.3.2); the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and scope["path"] in PROBES:
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


async def _answer(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        allowed = ", ".join(sorted(_methods(request)))
        return _reply(status, f"This path takes {allowed}.", {"Allow": allowed})
    return _reply(status, "There is no such path." if status == 404 else str(error))


def _reply(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text, "problems": []}, status, headers)


def _methods(request: Request) -> set[str]:
    """Of all routes on this path, of which the framework names only the first."""
    routes = [each for each in request.app.routes if isinstance(each, Route)]
    on_path = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    heads = {"HEAD"} if request.url.path in PROBES else set()
    return {method for each in on_path for method in each.methods or ()} | heads

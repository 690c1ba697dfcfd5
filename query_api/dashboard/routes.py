"""The routes of the dashboard: the page at `/`, and its files under a digest that changes with them."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from starlette.responses import Response

from query_api.dashboard.files import Site, StaticFile, read_site
from query_api.errors import NotFound

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from another host, and nothing inline: a touchpoint that holds a script stays a text."""

_GUARDS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_ALWAYS_ASK = "no-cache"
_KEEP = "public, max-age=31536000, immutable"


def add_dashboard_routes(app: FastAPI) -> None:
    """Without a token: the files hold nothing of any workspace."""

    async def page(request: Request) -> Response:
        site = read_site()
        return await _reply(
            request, site.pages.get(request.query_params.get("view", ""), site.index), _ALWAYS_ASK
        )

    async def asset(request: Request) -> Response:
        file = find(read_site(), request.path_params["digest"], request.path_params["path"])
        return await _reply(request, file, _KEEP)

    for path, call in (("/", page), ("/assets/{digest}/{path:path}", asset)):
        app.add_api_route(
            path, call, methods=["GET", "HEAD"], response_class=Response, include_in_schema=False
        )


def find(site: Site, digest: str, path: str) -> StaticFile:
    """One of the files that were read at the start; NotFound for any other path, and for another version's."""
    if digest != site.digest or path not in site.files:
        raise NotFound("No such file in this version of the dashboard: load the page again.")
    return site.files[path]


async def _reply(request: Request, file: StaticFile, keep: str) -> Response:
    headers = {**_GUARDS, "Cache-Control": keep, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    # Compressed once, at the first request.
    coding, body = await asyncio.to_thread(file.encoded, request.headers.get("accept-encoding", ""))
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=file.media, headers=headers)

"""The routes by which a service without an API of its own is watched: /healthz, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from etappe.errors import EtappeError
from etappe.telemetry import metrics_page
from etappe.unrouted import answer_unrouted

Check = Callable[[], Awaitable[None]]
"""Raises an EtappeError while the service cannot do its work."""


def probes(title: str, check: Check) -> FastAPI:
    """The application."""
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    answer_unrouted(app)

    @app.get("/healthz", summary="Alive")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", summary="Ready to work")
    async def readyz() -> Response:
        try:
            await check()
        except EtappeError as error:
            return JSONResponse({"error": str(error), "problems": []}, 503)
        return JSONResponse({"status": "ok"})

    @app.get("/metrics", summary="Prometheus metrics")
    async def metrics() -> Response:
        return Response(metrics_page(), media_type=CONTENT_TYPE_LATEST)

    return app

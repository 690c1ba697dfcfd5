"""The routes that are not hot: alive, ready, metrics, OpenAPI."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from etappe.errors import LogUnavailable, SettingsError
from etappe.telemetry import metrics_page
from etappe.unrouted import answer_unrouted
from ingest.collector import Collector
from ingest.openapi import add_hot_routes
from ingest.posthog_settings import posthog_settings
from ingest.sdk_settings import sdk_settings

API_VERSION = "1"

_NOT_READY: dict[str, Any] = {
    "description": "The log cannot be written, or nobody could send.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def create_service(collector: Collector) -> FastAPI:
    """FastAPI's part of the collector."""
    app = FastAPI(
        title="Etappe collector", version=API_VERSION, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    answer_unrouted(app)
    app.include_router(sdk_settings(collector))
    app.include_router(posthog_settings())

    @app.get("/healthz", summary="Alive", tags=["service"])
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Ready to take writes", tags=["service"], responses={503: _NOT_READY})
    async def readyz() -> Response:
        try:
            await collector.check()
        except (LogUnavailable, SettingsError) as error:
            return JSONResponse({"error": str(error), "problems": []}, 503)
        return JSONResponse({"status": "ok"})

    @app.get("/metrics", summary="Prometheus metrics", tags=["service"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(metrics_page(), media_type=CONTENT_TYPE_LATEST)

    return app


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        app.openapi_schema = add_hot_routes(document)
    return app.openapi_schema

"""The routes of phase models, and how the OpenAPI document describes them."""

from __future__ import annotations

from fastapi import FastAPI

from query_api.models.body import SCHEMAS
from query_api.models.calls import ONE_PARAMETERS, ModelCalls
from query_api.models.preview import PARAMETERS as PREVIEW_PARAMETERS
from query_api.models.preview import ModelPreviewCalls
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources

_SAVED = {202: "Saved: it is being applied to all history, state says how far", 200: "It is saved already"}
_DROPPED = {202: "Dropped: what a file or Etappe itself says of the name takes its place"}


def add_model_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    calls = ModelCalls(sources)
    one = "/v1/models/{model}"
    for route in (
        Route("GET", "/v1/models", calls.list, "The phase models, and how far saved ones are"),
        Route("GET", one, calls.show, "One phase model and its versions", parameters=ONE_PARAMETERS),
        Route("PUT", one, calls.put, "Save a phase model for all of history (admin)", SCHEMAS, _SAVED),
        Route(
            "POST",
            "/v1/models/preview",
            ModelPreviewCalls(sources).preview,
            "The funnel or the coverage of a phase model that is not saved",
            SCHEMAS,
            parameters=PREVIEW_PARAMETERS,
        ),
        Route("DELETE", one, calls.drop, "Drop a saved phase model (admin)", None, _DROPPED),
    ):
        add_route(app, route, responses)

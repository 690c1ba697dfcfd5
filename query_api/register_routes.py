"""The routes of workspaces and keys, and how the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.responses import Response

from etappe.key_fields import MOST_GRACE, MOST_NAME, MOST_ORIGINS, MOST_RATE
from etappe.origins import MOST_ORIGIN
from etappe.workspace_fields import MOST_APP_ID, MOST_APP_IDS, MOST_GAP_DAYS
from etappe.workspaces import KEY_KINDS
from query_api.common import COMMON
from query_api.keys import KeyCalls
from query_api.openapi import errors, in_path, in_query
from query_api.operating import LISTED
from query_api.sources import Sources
from query_api.workspaces import WorkspaceCalls

Json = dict[str, Any]
Responses = Mapping[int | str, Json]

_KEY: Json = {
    "name": {"type": "string", "maxLength": MOST_NAME},
    "origins": {
        "type": "array",
        "maxItems": MOST_ORIGINS,
        "items": {"type": "string", "maxLength": MOST_ORIGIN, "example": "https://shop.example"},
    },
    "rate": {"type": ["number", "null"], "minimum": 0, "maximum": MOST_RATE},
}
_WORKSPACE: Json = {
    "time_zone": {"type": "string", "example": "Europe/Zurich"},
    "gap_days": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_GAP_DAYS},
    "consent_default": {"type": "boolean"},
    "phone_region": {"type": ["string", "null"], "example": "CH"},
    "keep_traits": {"type": "boolean"},
    "app_ids": {
        "type": "array",
        "maxItems": MOST_APP_IDS,
        "items": {"type": "string", "minLength": 1, "maxLength": MOST_APP_ID},
    },
    "keep_ip": {"type": "boolean"},
    "network_cookie": {"type": "boolean"},
}
_KIND: Json = {"kind": {"type": "string", "enum": list(KEY_KINDS)}}
_NAME: Json = {"name": {"type": "string", "minLength": 1, "maxLength": 64}}
_GRACE: Json = {"grace_seconds": {"type": "integer", "minimum": 0, "maximum": MOST_GRACE}}

_BODY_ERRORS = errors(
    {
        408: "The body did not come to its end in time",
        409: "Not as things stand: the reply says what to do first",
        413: "A body of more than 64 KB",
    }
)


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: str
    call: Callable[..., Any]
    summary: str
    body: Json | None = None


def add_register_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    keys, workspaces = KeyCalls(sources), WorkspaceCalls(sources)
    new_key, new_workspace = _object(_KIND | _KEY, "kind"), _object(_NAME | _WORKSPACE, "name")
    for route in (
        _Route("GET", "/v1/keys", keys.list, "The workspace's keys, never the secrets (admin)"),
        _Route("POST", "/v1/keys", keys.create, "A new key, its secret this once (admin)", new_key),
        _Route("PATCH", "/v1/keys/{id}", keys.set, "A key's label, origins, rate (admin)", _object(_KEY)),
        _Route("DELETE", "/v1/keys/{id}", keys.revoke, "A key is worthless from now on (admin)"),
        _Route(
            "POST", "/v1/keys/{id}/rotate", keys.rotate, "A new key in its place (admin)", _object(_GRACE)
        ),
        _Route("GET", "/v1/workspaces", workspaces.list, "The workspace's settings (admin)"),
        _Route("POST", "/v1/workspaces", workspaces.create, "A workspace and keys (operator)", new_workspace),
        _Route("PATCH", "/v1/workspaces/{name}", workspaces.set, "Own settings (admin)", _object(_WORKSPACE)),
    ):
        _add(app, route, responses)


def _add(app: FastAPI, route: _Route, responses: Responses) -> None:
    status = 201 if route.method == "POST" else 200
    app.add_api_route(
        route.path,
        route.call,
        summary=route.summary,
        methods=[route.method],
        response_class=Response,
        status_code=status,
        dependencies=[Depends(HTTPBearer(auto_error=False, description="A read or admin token"))],
        openapi_extra=_documented(route),
        responses=_answers(route, responses),
    )


def _documented(route: _Route) -> Json:
    parameters = LISTED if route.method == "GET" else COMMON
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    documented: Json = {"parameters": [*map(in_path, names), *in_query(parameters)]}
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        documented["requestBody"] = {"required": "required" in route.body, "content": content}
    return documented


def _answers(route: _Route, responses: Responses) -> dict[int | str, Json]:
    if route.method == "GET":
        return dict(responses)
    answers = {**responses, **_BODY_ERRORS}
    if route.method == "POST":
        answers[201] = {
            **answers.pop(200),
            "description": "Made: one row, with secrets that are shown this once",
        }
    return answers


def _object(properties: Json, *required: str) -> Json:
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema

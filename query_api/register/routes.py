"""The routes of workspaces and keys, and how the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from etappe.key_fields import MOST_GRACE, MOST_NAME, MOST_ORIGINS, MOST_RATE
from etappe.origins import MOST_ORIGIN
from etappe.workspace_fields import MOST_APP_ID, MOST_APP_IDS, MOST_GAP_DAYS
from etappe.workspaces import KEY_KINDS
from query_api.register.keys import KeyCalls
from query_api.register.workspaces import WorkspaceCalls
from query_api.routes import Responses, Route, add_route, json_body
from query_api.sources import Sources

Json = dict[str, Any]

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
    "lapsed_days": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_GAP_DAYS},
    "retention_days": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MOST_GAP_DAYS},
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

_MADE = {201: "Made: one row, with secrets that are shown this once"}


def add_register_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    keys, workspaces = KeyCalls(sources), WorkspaceCalls(sources)
    new_key, new_workspace = json_body(_KIND | _KEY, "kind"), json_body(_NAME | _WORKSPACE, "name")
    key, grace, settings = json_body(_KEY), json_body(_GRACE), json_body(_WORKSPACE)
    for route in (
        Route("GET", "/v1/keys", keys.list, "The workspace's keys, never the secrets (admin)"),
        Route("POST", "/v1/keys", keys.create, "A new key, its secret this once (admin)", new_key, _MADE),
        Route("PATCH", "/v1/keys/{id}", keys.set, "A key's label, origins, rate (admin)", key),
        Route("DELETE", "/v1/keys/{id}", keys.revoke, "A key is worthless from now on (admin)"),
        Route("POST", "/v1/keys/{id}/rotate", keys.rotate, "A new key in its place (admin)", grace, _MADE),
        Route("GET", "/v1/workspaces", workspaces.list, "The workspace's settings (admin)"),
        Route(
            "POST",
            "/v1/workspaces",
            workspaces.create,
            "A workspace and keys (operator)",
            new_workspace,
            _MADE,
        ),
        Route("PATCH", "/v1/workspaces/{name}", workspaces.set, "Own settings (admin)", settings),
    ):
        add_route(app, route, responses)

"""The routes by which operators decide on identities, and how the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from query_api.common import COMMON
from query_api.erasure import ErasureCalls
from query_api.identity.identifier import PATTERN
from query_api.identity.preview import PreviewCalls
from query_api.identity.rules import RulesCalls
from query_api.identity.splits import MOST_NOTE, SplitCalls
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources

Json = dict[str, Any]

_END: Json = {"type": "string", "pattern": PATTERN, "example": "email:anna@shop.example"}
_NOTE: Json = {"type": "string", "maxLength": MOST_NOTE}
_SPLIT: Json = {
    "oneOf": [
        {
            "type": "object",
            "required": ["a", "b"],
            "additionalProperties": False,
            "properties": {"a": _END, "b": _END, "note": _NOTE},
        },
        {
            "type": "object",
            "required": ["ban"],
            "additionalProperties": False,
            "properties": {"ban": _END, "note": _NOTE},
        },
    ]
}
_RULES: Json = {
    "text/yaml": {"type": "string"},
    "application/json": {
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": {"rules": {"type": "string", "example": "alias: merge"}},
    },
}
_ERASE: Json = {
    "oneOf": [
        {
            "type": "object",
            "required": ["identifier"],
            "additionalProperties": False,
            "properties": {"identifier": _END},
        },
        {
            "type": "object",
            "required": ["customer"],
            "additionalProperties": False,
            "properties": {"customer": {"type": "string", "pattern": "^[0-9a-f]{16}$"}},
        },
    ]
}
_ORDERED = {202: "Ordered: in the log"}
_FOLLOWED = {202: "They are being applied to all history: state says how far", 200: "They hold already"}
_DECIDED = {201: "Decided: in the log", 200: "It holds already"}


def add_identity_routes(app: FastAPI, sources: Sources, responses: Responses) -> None:
    """`responses` are those of every call."""
    splits, rules, preview = SplitCalls(sources), RulesCalls(sources), PreviewCalls(sources)
    erasures = ErasureCalls(sources)
    body, whom = {"application/json": _SPLIT}, {"application/json": _ERASE}
    for route in (
        Route("GET", "/v1/identity/splits", splits.list, "What operators decided of identifiers (admin)"),
        Route(
            "POST",
            "/v1/identity/splits",
            splits.decide,
            "Take a link back, or ban a value (admin)",
            body,
            _DECIDED,
        ),
        Route("DELETE", "/v1/identity/splits/{id}", splits.take_back, "Take a decision back (admin)"),
        Route("GET", "/v1/identity/rules", rules.list, "The identity rules, and newer ones on their way"),
        Route(
            "PUT",
            "/v1/identity/rules",
            rules.put,
            "Other rules, for all of history (admin)",
            _RULES,
            _FOLLOWED,
        ),
        Route(
            "POST",
            "/v1/identity/rules/preview",
            preview.preview,
            "What other rules would change (admin)",
            _RULES,
        ),
        Route("POST", "/v1/privacy/erase", erasures.erase, "Erase a person (admin)", whom, _ORDERED),
        Route(
            "GET",
            "/v1/privacy/erase/{id}",
            erasures.follow,
            "How far an erasure is (admin)",
            parameters=COMMON,
        ),
    ):
        add_route(app, route, responses)

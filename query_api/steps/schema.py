"""The bodies of the step funnel, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from query_api.filters.conditions import OPS
from query_api.pages import LIMIT
from query_api.parameters import TIME
from query_api.routes import json_body
from query_api.steps.question import MOST_EXCLUSIONS, MOST_STEPS, MOST_TESTS

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 1000}
_FILTER: Json = {
    "type": "object",
    "required": ["field", "op"],
    "additionalProperties": False,
    "properties": {"field": _TEXT, "op": {"type": "string", "enum": list(OPS)}, "value": {}},
}
_ALTERNATIVES: Json = {
    "type": "object",
    "required": ["any_of"],
    "additionalProperties": False,
    "properties": {"any_of": {"type": "array", "minItems": 1, "items": {"type": "array", "items": _FILTER}}},
}
_WHERE: Json = {"type": "array", "items": {"oneOf": [_FILTER, _ALTERNATIVES]}, "maxItems": 50}
_TEST: Json = {
    "type": "object",
    "required": ["event"],
    "additionalProperties": False,
    "properties": {"event": _TEXT, "where": _WHERE},
}
_STEP: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "event": {**_TEXT, "description": "An event; * for any"},
        "name": _TEXT,
        "where": _WHERE,
        "any_of": {"type": "array", "items": _TEST, "minItems": 1, "maxItems": MOST_TESTS},
        "optional": {"type": "boolean", "default": False},
        "first_time": {"type": "boolean", "default": False},
    },
}
_NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": MOST_STEPS}
_EXCLUSION: Json = {
    "type": "object",
    "required": ["event"],
    "additionalProperties": False,
    "properties": {"event": _TEXT, "where": _WHERE, "after": _NUMBER, "before": _NUMBER},
}
_FUNNEL: Json = {
    "steps": {
        "type": "array",
        "items": _STEP,
        "minItems": 1,
        "maxItems": MOST_STEPS,
        "example": [{"event": "Product Viewed"}, {"event": "Order Paid"}],
    },
    "order": {"type": "string", "enum": ["ordered", "strict", "any"], "default": "ordered"},
    "window": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$", "example": "14d"},
    "from": dict(TIME),
    "to": dict(TIME),
    "by": {"type": "string", "example": "property:plan"},
    "touch": {"type": "string", "pattern": "^(first|last|all|step:[0-9]+)$", "default": "first"},
    "exclude": {"type": "array", "items": _EXCLUSION, "maxItems": MOST_EXCLUSIONS},
    "hold": {"type": "string", "example": "properties.cart_id"},
    "unit": {"type": "string", "enum": ["customer", "journey", "account"], "default": "customer"},
    "histogram": {"type": "boolean", "default": False},
}
_PEOPLE: Json = {
    **_FUNNEL,
    "step": _NUMBER,
    "state": {"type": "string", "enum": ["reached", "dropped"], "default": "reached"},
    "group": {"type": "string", "description": "A value of `by`, empty for those without one; default all"},
    "limit": dict(LIMIT.schema),
    "cursor": {"type": "string", "description": "What meta.next gave"},
}

FUNNEL_BODY = json_body(_FUNNEL, "steps")
PEOPLE_BODY = json_body(_PEOPLE, "steps", "step")

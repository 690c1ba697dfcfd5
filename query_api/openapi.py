"""What the OpenAPI document says of calls: their parameters, and the answers that each may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from query_api.parameters import Parameter

Json = dict[str, Any]
Responses = dict[int | str, Json]

_ROWS: Json = {
    "type": "object",
    "required": ["rows", "meta"],
    "properties": {"rows": {"type": "array", "items": {"type": "object"}}, "meta": {"type": "object"}},
}
_OTHER_FORMATS = (
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
)
_PROBLEM: Json = {
    "type": "object",
    "required": ["field", "value", "wanted"],
    "properties": {"field": {"type": "string"}, "value": {}, "wanted": {"type": "string"}},
}
_ERROR: Json = {
    "type": "object",
    "required": ["error", "problems"],
    "properties": {
        "error": {"type": "string", "minLength": 1},
        "problems": {"type": "array", "items": _PROBLEM},
    },
}
_ERRORS: Mapping[int, str] = {
    401: "No read or admin token",
    403: "A key of another kind",
    404: "Not found",
    422: "Problems, all of them named",
    429: "More requests than the token's rate allows; Retry-After says when again",
    503: "The log or the warehouse is away, or too much is asked at once; Retry-After says when again",
    504: "`after` is not included yet",
}


def in_query(parameters: Sequence[Parameter[Any]]) -> list[Json]:
    """Parameters as the document has them; not those that take nothing yet."""
    return [
        {
            "name": each.name,
            "in": "query",
            "required": each.required,
            "description": each.wanted,
            "schema": dict(each.schema),
        }
        for each in parameters
        if each.schema
    ]


def in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def answers() -> Responses:
    """Those that every call has."""
    rows = {"application/json": {"schema": _ROWS}, **{media: {} for media in _OTHER_FORMATS}}
    return {200: {"description": "Rows and what they rest on", "content": rows}, **errors(_ERRORS)}


def errors(descriptions: Mapping[int, str]) -> Responses:
    """Answers of the one form that all errors have."""
    content = {"application/json": {"schema": _ERROR}}
    return {status: {"description": text, "content": content} for status, text in descriptions.items()}

"""Routes of operators' calls, and how the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.responses import Response

from query_api.common import COMMON
from query_api.openapi import errors, in_path, in_query
from query_api.parameters import Parameter
from query_api.register.operating import LISTED

Json = dict[str, Any]
Responses = Mapping[int | str, Json]

BODY_ERRORS = errors(
    {
        408: "The body did not come to its end in time",
        409: "Not as things stand: the reply says what to do first",
        413: "A body that is too large",
    }
)
"""Of all calls but GET."""


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `made`: other good statuses than 200 and what they say, the usual one first."""

    method: str
    path: str
    call: Callable[..., Any]
    summary: str
    body: Mapping[str, Json] | None = None
    """Schemas by media type."""
    made: Mapping[int, str] = field(default_factory=dict)
    parameters: Sequence[Parameter[Any]] | None = None

    @property
    def status(self) -> int:
        return next(iter(self.made), 200)


def json_body(properties: Json, *required: str) -> Mapping[str, Json]:
    """An object of these properties and no others."""
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"application/json": {**schema, "required": list(required)} if required else schema}


def add_route(app: FastAPI, route: Route, responses: Responses) -> None:
    """`responses` are those of every call."""
    app.add_api_route(
        route.path,
        route.call,
        summary=route.summary,
        methods=[route.method],
        response_class=Response,
        status_code=route.status,
        dependencies=[Depends(HTTPBearer(auto_error=False, description="A read or admin token"))],
        openapi_extra=_documented(route),
        responses=_answers(route, responses),
    )


def _documented(route: Route) -> Json:
    parameters = route.parameters or (LISTED if route.method == "GET" else COMMON)
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    documented: Json = {"parameters": [*map(in_path, names), *in_query(parameters)]}
    if route.body is not None:
        content = {media: {"schema": schema} for media, schema in route.body.items()}
        needed = any("required" in schema or schema.get("type") != "object" for schema in route.body.values())
        documented["requestBody"] = {"required": needed, "content": content}
    return documented


def _answers(route: Route, responses: Responses) -> dict[int | str, Json]:
    if route.method == "GET":
        return dict(responses)
    answers = {**responses, **BODY_ERRORS}
    made: dict[int | str, Json] = {
        status: {**responses[200], "description": text} for status, text in route.made.items()
    }
    if made and 200 not in made:
        del answers[200]
    return {**answers, **made}

"""The phase model that a request's body is: YAML, or JSON of the same shape."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import Request

from etappe.errors import BadInput, Problem
from etappe.phases import PhaseModel, parse_model
from etappe.phases.from_json import yaml_of_json
from etappe.phases.source import MAX_BYTES
from query_api.bodies import object_of, read_body, text_of
from query_api.routes import Json

BODY_BYTES = 2 * MAX_BYTES
"""Room for a text that JSON writes longer than it is."""

ORIGIN = "the model"
"""What problems call the body."""

SCHEMAS: dict[str, Json] = {
    "text/yaml": {"type": "string", "example": "name: shop\nconversion: bought\nphases: …"},
    "application/json": {
        "type": "object",
        "required": ["name", "conversion", "phases"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,39}$"},
            "title": {"type": "string"},
            "conversion": {"type": "string"},
            "goals": {"type": "array", "items": {"type": "object"}, "maxItems": 20},
            "phases": {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": 15},
        },
    },
}


async def read_model(
    request: Request, problems: Sequence[Problem] = (), name: str | None = None
) -> PhaseModel:
    """The model, called `name` if one is given; BadInput names every problem with its line, after `problems`."""
    try:
        text = _yaml(await read_body(request, BODY_BYTES), request.headers.get("content-type", ""))
        model = await asyncio.to_thread(parse_model, text, ORIGIN, name)
    except BadInput as error:
        raise BadInput(*problems, *error.problems) from None
    if problems:
        raise BadInput(*problems)
    return model


def _yaml(body: bytes, content_type: str) -> str:
    """JSON where its Content-Type says so; where that says nothing of use, if it looks like it."""
    media = content_type.partition(";")[0].strip().lower()
    is_text = media.startswith("text/") or media.endswith("yaml")
    is_json = media.endswith("json") or (not is_text and body.lstrip()[:1] == b"{")
    if not is_json:
        return text_of(body)
    object_of(body)  # strictly: a name given twice, NaN and half characters are problems
    return yaml_of_json(text_of(body))

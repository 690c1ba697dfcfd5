"""The hot routes in the OpenAPI document, which FastAPI does not see."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.native_wire import NativeEvent
from ingest.reasons import Reason
from ingest.segment import BATCH_PATHS, PATHS
from ingest.segment_wire import SegmentBatch, SegmentEvent

Json = dict[str, Any]

REF = "#/components/schemas/{name}"
POSITION = {
    "X-Etappe-Position": {
        "description": "The log's position after this write, for `after=` of the query API. Where it stored "
        "nothing: after the workspace's last one that this collector knows of, or 0-0.",
        "schema": {"type": "string", "example": "0-5_3-12"},
    }
}


class Rejected(msgspec.Struct):
    """One refused event."""

    index: int
    id: str
    reason: str
    detail: str


class Receipt(msgspec.Struct):
    """What became of the events."""

    accepted: int
    rejected: list[Rejected]


class SegmentReceipt(Receipt):
    """The same, as Segment's clients expect it."""

    success: bool = True


class WireProblem(msgspec.Struct):
    """One thing wrong with the request."""

    field: str
    value: str | int | None
    wanted: str


class Error(msgspec.Struct):
    """Why a request was turned away."""

    error: str
    problems: list[WireProblem]


_SHAPES: dict[Any, tuple[Any, Any]] = {
    msgspec.Raw: (dict[str, Any] | None, None),
    object: (Any, None),
    dict[str, object] | None: (dict[str, str | float | None] | None, None),
}


def add_hot_routes(document: Json) -> Json:
    """FastAPI's document, completed in place."""
    components = _components()
    held = document.setdefault("components", {})
    held.setdefault("schemas", {}).update(components)
    held["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic", "description": "The key as user name, no password."},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
    }
    document.setdefault("paths", {}).update(_paths())
    return document


def _components() -> Json:
    types = [_documented(kind) for kind in (NativeEvent, SegmentEvent, SegmentBatch)]
    _, found = msgspec.json.schema_components([*types, Receipt, SegmentReceipt, Error], ref_template=REF)
    found["NativeEvent"]["required"] = ["event", "identifiers"]
    found["SegmentBatch"]["properties"]["batch"] = {"type": "array", "items": _ref("SegmentEvent")}
    found["Rejected"]["properties"]["reason"]["enum"] = [reason.code for reason in Reason]
    return found


def _documented(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same fields under their names on the wire; what is decoded later (raw) is shown as what it is."""
    fields = [
        (each.encode_name, *_SHAPES.get(each.type, (each.type, each.default)))
        for each in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, namespace={"__doc__": kind.__doc__})


def _paths() -> Json:
    event = _ref("NativeEvent")
    native = {"oneOf": [event, {"type": "array", "items": event}]}
    paths = {"/v1/touchpoints": _operation("Send touchpoints.", native, "202", "Receipt", ndjson=event)}
    for path, call in PATHS.items():
        paths[path] = _operation(f"Segment: {call}.", _ref("SegmentEvent"), "200", "SegmentReceipt")
    for path in BATCH_PATHS:
        paths[path] = _operation("Segment: several calls.", _ref("SegmentBatch"), "200", "SegmentReceipt")
    return paths


def _operation(summary: str, body: Json, status: str, reply: str, ndjson: Json | None = None) -> Json:
    content = {"application/json": {"schema": body}, "text/plain": {"schema": body}}
    if ndjson is not None:
        content["application/x-ndjson"] = {"schema": ndjson}
    return {
        "post": {
            "summary": summary,
            "tags": ["write"],
            "security": [{"bearer": []}, {"basic": []}, {"query": []}],
            "requestBody": {"required": True, "content": content},
            "responses": {status: _response("Durable.", reply, POSITION), **_failures()},
        }
    }


def _failures() -> Json:
    return {
        "400": _response("Malformed, nothing to read, or no event accepted.", "Error", POSITION),
        "401": _response("The key is missing, unknown or revoked.", "Error"),
        "403": _response("This kind of key may not send.", "Error"),
        "408": _response("The body did not arrive in time.", "Error"),
        "413": _response("Larger than the key allows.", "Error", POSITION),
        "415": _response("The body's encoding is not known.", "Error"),
        "503": _response("The log is full or away; see Retry-After.", "Error"),
    }


def _response(description: str, schema: str, headers: Json | None = None) -> Json:
    content = {"application/json": {"schema": _ref(schema)}}
    return {"description": description, "content": content, "headers": headers or {}}


def _ref(name: str) -> Json:
    return {"$ref": REF.format(name=name)}

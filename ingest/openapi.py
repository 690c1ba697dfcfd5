"""The hot routes in the OpenAPI document, which FastAPI does not see."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ingest.limits import NAME_CHARS
from ingest.protocols import Description, WireProtocol
from ingest.reasons import Reason
from ingest.receipts import PICTURE
from ingest.replay import PATH as REPLAY_PATH
from ingest.routes import protocols
from ingest.validate import PATH as VALIDATE_PATH
from ingest.validate import ReadEvent, readers

Json = dict[str, Any]

REF = "#/components/schemas/{name}"
POSITION = {
    "X-Etappe-Position": {
        "description": "The log's position after this write, for `after=` of the query API. Where it stored "
        "nothing: after the workspace's last one that this collector knows of, or 0-0.",
        "schema": {"type": "string", "example": "0-5_3-12"},
    }
}

RETRY = {
    "Retry-After": {"description": "Seconds to wait before it is sent again.", "schema": {"type": "integer"}}
}

FAULT = {
    "X-Etappe-Error": {"description": "Why the request was turned away.", "schema": {"type": "string"}},
    "X-Etappe-Rejected": {
        "description": "Why its event was refused, as in `too_old=1`.",
        "schema": {"type": "string"},
    },
}
"""Of a picture that is no success: one of the two."""


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


class PostHogReceipt(Receipt):
    """The same, as PostHog's clients expect it."""

    status: Literal["Ok"] = "Ok"


class Validated(Receipt):
    """The same, and how each event would be read."""

    events: list[ReadEvent]


class WireProblem(msgspec.Struct):
    """One thing wrong with the request."""

    field: str
    value: str | int | None
    wanted: str


class Error(msgspec.Struct):
    """Why a request was turned away."""

    error: str
    problems: list[WireProblem]


class NoneAccepted(Error):
    """The same; where the request could be read, with why each of its events was refused."""

    accepted: int = 0
    rejected: list[Rejected] = []


_SHAPES: dict[Any, tuple[Any, Any]] = {
    msgspec.Raw: (dict[str, Any] | None, None),
    object: (Any, None),
    dict[str, object] | None: (dict[str, str | float | None] | None, None),
}

_NEEDED: Json = {
    "event": {"type": "string", "minLength": 1, "maxLength": NAME_CHARS},
    "identifiers": {"type": "object", "minProperties": 1, "example": {"user_id": "u-42"}},
}
"""Of a native event; the decoder takes less, so that what lacks them is refused by itself."""


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
    described = [each.described for by_path in protocols().values() for each in by_path]
    bodies = {each.body for each in described if each.body is not None}
    types = [_documented(kind) for kind in sorted(bodies, key=lambda kind: kind.__name__)]
    replies = (Receipt, SegmentReceipt, PostHogReceipt, Validated, Error, NoneAccepted)
    _, found = msgspec.json.schema_components([*types, *replies], ref_template=REF)
    for each in described:
        if each.body is not None:
            found[each.body.__name__] |= {"required": list(each.required)} if each.required else {}
            found[each.body.__name__]["properties"] |= each.properties
    found["NativeEvent"]["properties"] |= _NEEDED
    found["Rejected"]["properties"]["reason"]["enum"] = [reason.code for reason in Reason]
    return found


def _documented(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same fields under their names on the wire; what is decoded later (raw) is shown as what it is."""
    listed = msgspec.structs.fields(kind)
    fields = [(each.name, *_SHAPES.get(each.type, (each.type, each.default))) for each in listed]
    names = {each.name: each.encode_name for each in listed}
    return msgspec.defstruct(kind.__name__, fields, namespace={"__doc__": kind.__doc__}, rename=names)


def _paths() -> Json:
    found: Json = {}
    for path, each_protocol in protocols().items():
        found[path] = {
            method.lower(): _operation(each)
            for each in each_protocol
            for method in each.methods
            if method != "HEAD"
        }
    return found | {VALIDATE_PATH: {"post": _validation()}, REPLAY_PATH: {"post": _replaying()}}


def _validation() -> Json:
    """As a native write, which stores nothing and answers 200 whatever it thinks of the events."""
    known = protocols()
    operation = _operation(known["/v1/touchpoints"][0])
    failures = {status: each for status, each in operation["responses"].items() if status != "202"}
    named = {"type": "string", "enum": sorted(readers(known))}
    return operation | {
        "summary": "Show how touchpoints would be read.",
        "parameters": [{"name": "protocol", "in": "query", "schema": named}],
        "responses": {"200": _response("Read.", "Validated", POSITION), **failures},
    }


def _replaying() -> Json:
    """For operators, whose query API calls it: what it takes is what the topic `rejects` holds."""
    record = {"type": "object", "required": ["workspace", "id", "reason", "detail", "stamp"]}
    body = {"application/json": {"schema": {"type": "array", "items": record}}}
    failures = _failures(protocols()["/v1/touchpoints"][0])
    return {
        "summary": "Refused events once more (admin).",
        "tags": ["write"],
        "security": [{"bearer": []}],
        "parameters": [
            {"name": "dry_run", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}}
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": _response("What became of each.", "Receipt", POSITION), **failures},
    }


def _operation(protocol: WireProtocol) -> Json:
    said = protocol.described
    operation: Json = {
        "summary": said.summary,
        "tags": ["write"],
        "security": [{"bearer": []}, {"basic": []}, {"query": []}, *([{}] if protocol.names_caller else [])],
        "responses": {str(said.status): _success(said), **_failures(protocol)},
    }
    if said.parameters:
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in said.parameters
        ]
    if said.body is not None:
        operation["requestBody"] = {"required": True, "content": _body_content(said.body, said.lists)}
    return operation


def _body_content(kind: type[msgspec.Struct], lists: bool) -> Json:
    event = _ref(kind.__name__)
    body = {"oneOf": [event, {"type": "array", "items": event}]} if lists else event
    content = {media: {"schema": body} for media in ("application/json", "text/plain")}
    if lists:
        content["application/x-ndjson"] = {"schema": event}
    return content


def _success(said: Description) -> Json:
    if said.reply:
        return _response("Durable.", said.reply, POSITION)
    return {"description": "Durable.", "content": {said.media: {}}, "headers": POSITION}


def _failures(protocol: WireProtocol) -> Json:
    found = {
        "400": _response("Malformed, nothing to read, or no event accepted.", "NoneAccepted", POSITION),
        "401": _response("The key is missing, unknown or revoked.", "Error"),
        "403": _response("This kind of key may not send, or not from this origin.", "Error", POSITION),
        "408": _response("The body did not arrive in time.", "Error", POSITION),
        "413": _response("Larger than the key allows.", "Error", POSITION),
        "415": _response("The body's encoding is not known.", "Error", POSITION),
        "429": _response("Above the key's limit; see Retry-After.", "Error", POSITION | RETRY),
        "503": _response(
            "The log is full or away, or too many large bodies have no key in their head; see Retry-After.",
            "Error",
            POSITION | RETRY,
        ),
    }
    return {status: _pictured(each) for status, each in found.items()} if _is_picture(protocol) else found


def _is_picture(protocol: WireProtocol) -> bool:
    return protocol.described.media.encode() == PICTURE


def _pictured(response: Json) -> Json:
    """The same, without a body to explain it."""
    return response | {"content": {PICTURE.decode(): {}}, "headers": response["headers"] | FAULT}


def _response(description: str, schema: str, headers: Json | None = None) -> Json:
    content = {"application/json": {"schema": _ref(schema)}}
    return {"description": description, "content": content, "headers": headers or {}}


def _ref(name: str) -> Json:
    return {"$ref": REF.format(name=name)}

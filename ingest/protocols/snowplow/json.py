"""Snowplow's self-describing JSON: `{"schema": "iglu:vendor/name/format/version", "data": …}`, as text or base64.

Source: Snowplow's public documentation of the tracker protocol and of self-describing data.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

import orjson

from ingest.json_events import mend_surrogates, nests_deeper
from ingest.lenient import Json
from ingest.limits import DEPTH
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong

ENVELOPES = 2
"""Levels that a self-describing JSON adds to what it holds: its envelope's and its own."""

WANTED_SCHEMA = "a schema such as iglu:com.acme/add_to_cart/jsonschema/1-0-0"

_SCHEMA = re.compile(r"(?:iglu:)?([\w.\-]{1,200})/([\w\-]{1,200})/[\w\-]{1,200}/[\w.\-]{1,50}", re.ASCII)
_STANDARD = str.maketrans("-_ ", "+/+")
"""To the standard alphabet. A plus sign that nobody escaped reaches us as a space."""


class Described(NamedTuple):
    """Data and the schema that describes it."""

    vendor: str
    name: str
    data: Any


def described(field: str, value: object) -> Described | Refusal:
    """One self-describing JSON that has been decoded; `field` is where it stood, for the refusal."""
    if not isinstance(value, dict):
        return wrong(field, kind_of(value), "an object of schema and data")
    schema = value.get("schema")
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if found is None:
        kind = "not readable" if isinstance(schema, str) else kind_of(schema)
        return wrong(f"{field}.schema", kind, WANTED_SCHEMA)
    return Described(found[1], found[2], value.get("data"))


def decoded(field: str, value: object) -> Json | Refusal:
    """The object that a field holds: as text, as itself, or, in fields whose name ends in x, in base64 (RFC 4648,
    section 5, with or without padding)."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        return wrong(field, kind_of(value), "a string")
    raw = _unpacked(value) if field.endswith("x") else value.encode()
    if raw is None:
        return wrong(field, "not readable", "URL-safe base64")
    if nests_deeper(raw, DEPTH + ENVELOPES):
        return refuse(Reason.TOO_DEEP)
    try:
        found = orjson.loads(mend_surrogates(raw))
    except orjson.JSONDecodeError as error:
        return wrong(field, f"not readable: {error.msg}", "JSON, its numbers such as a double can hold")
    return found if isinstance(found, dict) else wrong(field, kind_of(found), "an object")


def _unpacked(text: str) -> bytes | None:
    standard = text.strip().rstrip("=").translate(_STANDARD)
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None

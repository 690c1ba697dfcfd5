"""JSON of senders read leniently: their SDKs send much that nobody needs. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from etappe.touchpoint import ABSENT
from ingest.drafts import as_object

Json = dict[str, Any]

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def is_readable(raw: msgspec.Raw) -> bool:
    """Whether every number in it is one that a double can hold."""
    if raw is ABSENT:
        return True
    try:
        orjson.loads(bytes(raw))
    except orjson.JSONDecodeError:
        return False
    return True


def json_object(raw: msgspec.Raw) -> Json:
    """Raw JSON as a dict; empty where it is no object or holds a number that no double can."""
    content = as_object(raw)
    if not content:
        return {}
    try:
        return _decode_object(content)
    except msgspec.ValidationError:
        return {}


def merged(outer: Json, inner: Json) -> Json:
    """Both, object by object; the inner one wins."""
    if not outer or not inner:
        return inner or outer
    result = {**outer, **inner}
    for name in outer.keys() & inner.keys():
        if isinstance(outer[name], dict) and isinstance(inner[name], dict):
            result[name] = merged(outer[name], inner[name])
    return result


def part(source: Json, name: str) -> Json:
    """The object under a name; empty where there is none."""
    found = source.get(name)
    return found if isinstance(found, dict) else {}


def text(source: Json, name: str) -> str:
    """The text under a name; empty where there is none."""
    found = source.get(name)
    return found if isinstance(found, str) else ""


def number(source: Json, *names: str) -> float | None:
    """The first of these that is a finite number, in digits or in quotes."""
    for name in names:
        found = source.get(name)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            continue
        try:
            value = float(found)
        except (ValueError, OverflowError):
            continue
        if value - value == 0:  # neither infinite nor not a number
            return value
    return None

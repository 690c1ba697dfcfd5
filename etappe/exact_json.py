"""JSON read so that it can be written again as it was: numbers keep their spelling, names their order and copies.

For bodies that are kept for people and for another try; everything hot reads JSON with a decoder of its own.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any


class Number(str):
    """A number as it was spelled."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object: (name, value) in their order; a name may stand twice."""

    __slots__ = ()


def loads(text: bytes) -> Any:
    """ValueError where it is no JSON, RecursionError where it is nested some hundred levels deep."""
    return json.loads(
        text, object_pairs_hook=Members, parse_int=Number, parse_float=Number, parse_constant=_no_number
    )


def dumps(value: Any) -> bytes:
    """The value without white space; RecursionError as above."""
    return _written(value).encode()


def merge_patch(target: Any, patch: Any) -> Any:
    """A new value: `target` changed by a JSON Merge Patch (RFC 7386). Of a name that stands twice the last counts."""
    if not isinstance(patch, Members):
        return patch
    members = dict(target) if isinstance(target, Members) else {}
    for name, value in patch:
        if value is None:
            members.pop(name, None)
        else:
            members[name] = merge_patch(members.get(name), value)
    return Members(members.items())


def _written(value: Any) -> str:
    if isinstance(value, Members):
        return "{" + ",".join(f"{_text(name)}:{_written(each)}" for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, Number):
        return str(value)
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Half a surrogate pair stays the escape that it was."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return encode_basestring_ascii(text)
    return encode_basestring(text)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")

"""Bodies of operators' calls: one JSON object, read whole within limits, strictly."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from typing import Any

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect

from etappe.errors import BadInput, Problem
from query_api.errors import SlowBody, TooLarge

BODY_BYTES = 64 * 1024
BODY_SECONDS = 10
_SHOWN = 80


async def read_object(request: Request, most: int = BODY_BYTES) -> dict[str, Any]:
    """The object that the body is; an empty body is an empty object.

    BadInput for anything that is no JSON object (NaN, lone surrogates and a name given twice included), TooLarge
    beyond `most` bytes, SlowBody where it does not end within BODY_SECONDS.
    """
    return object_of(await read_body(request, most))


def object_of(body: bytes) -> dict[str, Any]:
    """As `read_object`, of a body that is read."""
    return _object(body) if body.strip() else {}


def text_of(body: bytes) -> str:
    """The text that the body is; BadInput where it is no UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        shown = body[:_SHOWN].decode(errors="replace")
        raise BadInput(
            Problem("body", shown, f"text in UTF-8 ({error.reason} at byte {error.start})")
        ) from None


async def read_body(request: Request, most: int) -> bytes:
    """The whole of it; TooLarge beyond `most` bytes, SlowBody where it does not end within BODY_SECONDS."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _whole(request, most)
    except TimeoutError:
        raise SlowBody(f"{BODY_SECONDS:g} s waited.") from None
    except ClientDisconnect:
        raise BadInput(Problem("body", None, "the whole of it")) from None


async def _whole(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"{most} bytes at most.")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        orjson.loads(body)  # strict where the standard library is not: NaN, surrogates, depth
        content = json.loads(body, object_pairs_hook=_named_once, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        shown = body[:_SHOWN].decode(errors="replace")
        raise BadInput(Problem("body", shown, f"a JSON object ({error})")) from None
    if not isinstance(content, dict):
        raise BadInput(Problem("body", body[:_SHOWN].decode(errors="replace"), "a JSON object"))
    return content


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text[:_SHOWN]} is too large a number")
    return number


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What is said twice is said wrong: nobody could tell which of both was meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{twice[:_SHOWN]!r} stands there twice")
    return found

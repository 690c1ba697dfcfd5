"""What is answered, as values; `http` sends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from etappe.errors import BadInput, EtappeError, LogFull, LogUnavailable, Problem
from ingest.failures import Failure
from ingest.pipeline import Refused

NONE_ACCEPTED = "No event was accepted."

FULL_SECONDS = 30
"""Retry-After of a full log: somebody has to make room."""

AWAY_SECONDS = 5
"""Retry-After of a log that cannot be reached."""

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body (JSON unless empty), and headers beyond those every reply has."""

    status: int
    body: bytes = b""
    headers: Headers = ()


def receipt(status: int, content: dict[str, Any], refused: Sequence[Refused], position: str) -> Reply:
    """The reply to a write that was read: `content` is the protocol's, with `accepted` in it."""
    content["rejected"] = [_listed(each) for each in refused]
    if not content["accepted"]:
        status = 400
        content |= {"error": NONE_ACCEPTED, "problems": []}
    return Reply(status, orjson.dumps(content), position_header(position))


def _listed(refused: Refused) -> dict[str, Any]:
    """What the sender needs to find the event and to mend it."""
    reason, detail = refused.refusal
    return {"index": refused.index, "id": refused.id, "reason": reason.code, "detail": detail}


def failed(error: EtappeError, position: str) -> Reply:
    """The reply to a request that was turned away as a whole."""
    headers = position_header(position)
    if isinstance(error, Failure):
        return Reply(error.status, _explained(str(error), error.problems), headers)
    if isinstance(error, BadInput):
        return Reply(400, _explained("The request cannot be read.", error.problems), headers)
    if isinstance(error, LogUnavailable):
        seconds = FULL_SECONDS if isinstance(error, LogFull) else AWAY_SECONDS
        headers += ((b"retry-after", b"%d" % seconds),)
        return Reply(503, _explained("Nothing was stored; send it again later.", ()), headers)
    raise error


def _explained(error: str, problems: Iterable[Problem]) -> bytes:
    listed = [{"field": p.field, "value": _shown(p.value), "wanted": p.wanted} for p in problems]
    return orjson.dumps({"error": error, "problems": listed})


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else str(value)


def position_header(position: str) -> Headers:
    return ((b"x-etappe-position", position.encode()),) if position else ()

"""What is answered, as values; `http` sends them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from etappe.errors import BadInput, EtappeError, LogFull, LogUnavailable, Problem
from ingest.failures import Crowded, Failure, TooFast, Unauthorised
from ingest.pipeline import Refused

NONE_ACCEPTED = "No event was accepted."

FULL_SECONDS = 30
"""Retry-After of a full log: somebody has to make room."""

AWAY_SECONDS = 5
"""Retry-After of a log that cannot be reached."""

Headers = tuple[tuple[bytes, bytes], ...]

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent pixel."""

PICTURE = b"image/gif"

NO_STORE: Headers = ((b"cache-control", b"no-store, no-cache, must-revalidate, max-age=0"),)
"""Of a picture: each time it is shown it is asked for."""


class Reply(NamedTuple):
    """Status, body (JSON unless `media` says otherwise), and headers beyond those every reply has."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media: bytes = b"application/json"

    def with_headers(self, headers: Headers) -> Reply:
        return self._replace(headers=self.headers + headers) if headers else self


class Result(msgspec.Struct, frozen=True):
    """What became of a request's events, and the log's position after them ("" where there is none)."""

    accepted: int
    refused: Sequence[Refused]
    position: str


def receipt(status: int, content: dict[str, Any], result: Result) -> Reply:
    """The reply to a write that was read: `content` is the protocol's, to which what became of the events is added."""
    if result.accepted and not result.refused and not content:
        body = b'{"accepted":%d,"rejected":[]}' % result.accepted
        return Reply(status, body, position_header(result.position))
    content["accepted"] = result.accepted
    content["rejected"] = [listed(each) for each in result.refused]
    if not result.accepted:
        status = 400
        content |= {"error": NONE_ACCEPTED, "problems": []}
    return Reply(status, orjson.dumps(content), position_header(result.position))


def ok_receipt(result: Result) -> Reply:
    """For trackers that read nothing but `ok`; what was refused is counted in a header, as in `too_old=2`."""
    if not result.accepted:
        return receipt(400, {}, result)
    headers = position_header(result.position) + _rejected_header(result.refused)
    return Reply(200, b"ok", headers, b"text/plain; charset=utf-8")


def pixel_receipt(result: Result) -> Reply:
    """A picture in any case, so that no page shows a broken one; a refusal stands in status and header."""
    headers = position_header(result.position) + _rejected_header(result.refused)
    return _picture(200 if result.accepted else 400, headers)


def blank_pixel() -> Reply:
    """To a HEAD, by which scanners of mails and links ask whether there is a picture: nobody has seen it."""
    return _picture(200, ())


def _picture(status: int, headers: Headers) -> Reply:
    return Reply(status, GIF, headers + NO_STORE, PICTURE)


def _rejected_header(refused: Sequence[Refused]) -> Headers:
    if not refused:
        return ()
    counted = Counter(each.refusal.reason.code for each in refused)
    text = ", ".join(f"{reason}={count}" for reason, count in sorted(counted.items()))
    return ((b"x-etappe-rejected", text.encode()),)


def listed(refused: Refused) -> dict[str, Any]:
    """What the sender needs to find the event and to mend it."""
    reason, detail = refused.refusal
    return {"index": refused.index, "id": refused.id, "reason": reason.code, "detail": detail}


def failed_pixel(error: EtappeError, position: str) -> Reply:
    """The same as a picture; why stands in `X-Etappe-Error`, without what was sent."""
    reply = failed(error, position)
    said = orjson.loads(reply.body)
    wanted = [f"{each['field']}: wanted {each['wanted']}." for each in said["problems"]]
    text = " ".join([said["error"], *wanted]).encode("ascii", "replace")
    return _picture(reply.status, (*reply.headers, (b"x-etappe-error", text)))


def failed(error: EtappeError, position: str) -> Reply:
    """The reply to a request that was turned away as a whole."""
    headers = position_header(position)
    if isinstance(error, Failure):
        if isinstance(error, TooFast | Crowded):
            headers += _retry_after(error.seconds)
        if isinstance(error, Unauthorised):
            headers += ((b"www-authenticate", b"Bearer"),)
        return Reply(error.status, _explained(str(error), error.problems), headers)
    if isinstance(error, BadInput):
        return Reply(400, _explained("The request cannot be read.", error.problems), headers)
    if isinstance(error, LogUnavailable):
        headers += _retry_after(FULL_SECONDS if isinstance(error, LogFull) else AWAY_SECONDS)
        return Reply(503, _explained("Nothing was stored; send it again later.", ()), headers)
    raise error


def _retry_after(seconds: int) -> Headers:
    return ((b"retry-after", b"%d" % seconds),)


def _explained(error: str, problems: Iterable[Problem]) -> bytes:
    listed = [{"field": p.field, "value": _shown(p.value), "wanted": p.wanted} for p in problems]
    return orjson.dumps({"error": error, "problems": listed})


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else str(value)


def position_header(position: str) -> Headers:
    return ((b"x-etappe-position", position.encode()),) if position else ()

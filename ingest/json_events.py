"""JSON bodies taken apart into events, each still as it was written.

The body is checked as JSON here, so that what is kept raw further on is JSON too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import orjson

from etappe.errors import BadInput, Problem
from ingest.failures import too_many_events
from ingest.limits import DEPTH, LISTED_EVENTS

T = TypeVar("T")

WANTED = "a JSON object, an array of objects, or one object a line"
CUT_DEPTH = DEPTH + 8
"""Deeper than any event may be, envelope included, and shallow enough for the decoder's recursion."""

_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_lines = msgspec.json.Decoder(msgspec.Raw).decode_lines

CUT_BRACKETS = 250_000
"""Each costs a step in Python; a full batch of usual events has fewer."""

# A string without its end is taken to the end of the body, so that no body is scanned twice.
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+([\[\]{}]|\Z)', re.DOTALL)
"""Everything up to the next bracket in one step, and the bracket; at the end, nothing in its place. It matches
wherever it is tried, so no text is scanned twice."""
_OPENING = (b"[", b"{")
_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"%b|%b|\\." % (_PAIR, _HALF), re.DOTALL)


def split_events(body: bytes) -> list[bytes]:
    """The events of an object, an array or NDJSON. BadInput: malformed, or nothing to read."""
    events = reading(_split, body)
    if not events or (len(events) == 1 and events[0].translate(None, b" \t\r\n") == b"{}"):
        raise BadInput(Problem("body", "nothing to read", WANTED))
    return events


def reading(decode: Callable[[bytes], T], body: bytes) -> T:
    """What `decode` makes of a body, after mending what common clients get wrong. BadInput: malformed.

    Half a surrogate pair (a text cut in the middle of an emoji) is mended, since the rest is good. What is
    nested too deep for the decoder is cut off below the depth at which its event is refused anyway. That costs
    time, so `decode` and this are for senders that are known.
    """
    check_utf8(body)
    try:
        return decode(body)
    except RecursionError:
        return _decoded(decode, mend_surrogates(cut_deep(body)))
    except msgspec.DecodeError:
        return _decoded(decode, mend_surrogates(body))


def _decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    try:
        return decode(body)
    except msgspec.DecodeError as error:
        raise BadInput(Problem("body", str(error), WANTED)) from error


_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def around(body: bytes, name: str) -> bytes:
    """A body without its events: the list under `name` left empty, everything else as it was written."""
    try:
        members = reading(_decode_members, body)
    except BadInput:
        return b""
    return msgspec.json.encode({**members, name: msgspec.Raw(b"[]")})


def check_utf8(body: bytes) -> None:
    """The decoder does not look into what it keeps raw."""
    if body.isascii():
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(Problem("body", f"byte {error.start} is not UTF-8", WANTED)) from error


def _split(body: bytes) -> list[bytes]:
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return []
    if text[:1] == b"[":
        return as_written(_decode_list(text))
    if text[:1] != b"{":
        raise BadInput(Problem("body", "neither an object nor an array", WANTED))
    try:
        _decode_raw(text)
    except msgspec.DecodeError:
        return as_written(_decode_lines(text))
    return [text]


def as_written(listed: Sequence[msgspec.Raw]) -> list[bytes]:
    """The events of a list. TooLarge past what anybody may send, before more is done with them: a million empty
    objects are soon sent."""
    if len(listed) > LISTED_EVENTS:
        raise too_many_events(len(listed))
    return [bytes(raw) for raw in listed]


def nests_deeper(event: bytes, most: int) -> bool:
    """Counting opening brackets is cheap and rules nearly every event out; only the others are looked into."""
    return len(event) - len(event.translate(None, b"{[")) > most and depth_of(event, most + 1) > most


def depth_of(event: bytes, enough: int = 1 << 30) -> int:
    """How deep brackets nest, those in strings left aside; `enough` where it is that deep at least."""
    deepest = depth = 0
    for match in _TO_BRACKET.finditer(event):
        if match[1] in _OPENING:
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest >= enough:
                    break
        elif match[1]:
            depth -= 1
    return deepest


def repeats_a_name(raw: bytes, content: dict[str, object]) -> bool:
    """Whether any object in it has a name twice, by what was read of it: there the last one stands, where
    others who read `raw` may take the first. May also say so of a raw text with an escaped colon.

    Each name has a colon and two quotation marks of its own, so that flat objects need a look at their bytes.
    """
    colons, names = raw.count(b":"), len(content)
    if colons == names or raw.count(b'"') == 2 * (names + list(map(type, content.values())).count(str)):
        return False
    return b"\\u003" in raw or orjson.dumps(content).count(b":") != colons


def cut_deep(body: bytes) -> bytes:
    """The same JSON with everything below CUT_DEPTH replaced by 0. BadInput: too much of it to look through."""
    if len(body) - len(body.translate(None, b"[]{}")) > CUT_BRACKETS:
        raise BadInput(Problem("body", "nested too deep", f"at most {DEPTH} levels an event"))
    kept: list[bytes] = []
    depth = start = 0
    for match in _TO_BRACKET.finditer(body):
        if match[1] in _OPENING:
            depth += 1
            if depth == CUT_DEPTH + 1:
                kept += (body[start : match.start(1)], b"0")
        elif match[1]:
            depth -= 1
            if depth == CUT_DEPTH:
                start = match.end()
    return b"".join(kept) + (body[start:] if depth <= CUT_DEPTH else b"")


def mend_surrogates(body: bytes) -> bytes:
    """Half a pair becomes U+FFFD, the replacement character; pairs and other escapes stay."""
    if b"\\u" not in body:
        return body
    return _ESCAPE.sub(lambda match: b"\\ufffd" if len(match[0]) == 6 else match[0], body)

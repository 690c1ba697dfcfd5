"""Hostile bodies by name: every value in fields of every protocol, and bodies that are wrong as a whole."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import cramjam
from fuzz.raw import request
from fuzz.values import DEEP, VALUES

REFUSED = frozenset((400, 413, 415))
ANY = frozenset((200, 202)) | REFUSED


@dataclass(frozen=True)
class Case:
    """`pieces` go over the wire one after the other; the answer has one of `statuses` (0: no answer)."""

    name: str
    pieces: tuple[bytes, ...]
    statuses: frozenset[int] = ANY
    ends: bool = False
    pause: float = 0
    body: bytes = field(default=b"", repr=False)


FIELDS: dict[str, tuple[str, dict[str, bytes]]] = {
    "native": ("/v1/touchpoints", {
        "event": b'{"event":%b,"identifiers":{"user_id":"u"}}',
        "id": b'{"event":"A","id":%b,"identifiers":{"user_id":"u"}}',
        "at": b'{"event":"A","at":%b,"sent_at":%b,"identifiers":{"user_id":"u"}}',
        "identifiers": b'{"event":"A","identifiers":%b}',
        "user_id": b'{"event":"A","identifiers":{"user_id":%b,"anonymous_id":"d"}}',
        "email": b'{"event":"A","identifiers":{"email":%b,"anonymous_id":"d"}}',
        "phone": b'{"event":"A","identifiers":{"phone":%b,"anonymous_id":"d"}}',
        "page": b'{"event":"A","identifiers":{"user_id":"u"},"page":{"url":%b,"referrer":%b,"title":"t"}}',
        "agent": b'{"event":"A","identifiers":{"user_id":"u"},"context":{"user_agent":%b,"ip":%b,"country":%b}}',
        "value": b'{"event":"A","identifiers":{"user_id":"u"},"value":%b,"seq":%b,"currency":%b,"sentiment":%b}',
        "properties": b'{"event":"A","identifiers":{"user_id":"u"},"properties":{"a":%b},"traits":%b}',
        "itself": b"%b",
        "in a list": b'[{"event":"A","identifiers":{"user_id":"u"}},%b]',
    }),
    "validate": ("/v1/validate", {
        "agent": b'{"event":"A","identifiers":{"user_id":"u"},"context":{"user_agent":%b}}',
        "page": b'{"event":"A","identifiers":{"user_id":"u"},"page":{"url":%b,"referrer":%b}}',
    }),
    "segment": ("/v1/batch", {
        "call": b'{"batch":[%b]}',
        "user": b'{"batch":[{"type":"track","event":"A","userId":%b,"messageId":%b}]}',
        "context": b'{"batch":[{"type":"page","userId":"u","context":%b}],"context":{"page":{"url":%b}},"sentAt":%b}',
        "traits": b'{"batch":[{"type":"identify","userId":"u","traits":{"email":%b,"phone":%b,"address":%b}}]}',
    }),
    "posthog": ("/batch/", {
        "event": b'{"batch":[{"event":%b,"distinct_id":"d","timestamp":%b}]}',
        "person": b'{"batch":[{"event":"A","distinct_id":%b,"properties":{"$current_url":%b,"$set":%b}}]}',
        "properties": b'{"batch":[{"event":"$identify","distinct_id":"d","properties":%b}],"sent_at":%b}',
    }),
    "snowplow": ("/com.snowplowanalytics.snowplow/tp2", {
        "event": b'{"schema":"a","data":[{"e":%b,"duid":"d"}]}',
        "own": b'{"schema":"a","data":[{"e":"ue","duid":"d","ue_pr":%b,"ue_px":%b,"co":%b,"cx":%b}]}',
        "page": b'{"schema":"a","data":[{"e":"pv","duid":%b,"url":%b,"refr":%b,"dtm":%b,"ua":%b,"eid":%b}]}',
    }),
    "beacon": ("/b", {"events": b'{"key":%b,"events":[%b]}'}),
}  # fmt: skip
"""By protocol its path, and by name what one value is put into, at each place."""

GOOD = b'{"event":"A","identifiers":{"user_id":"u"}}'
BATCH = b'{"batch":[{"type":"track","event":"A","userId":"u"}]}'


def fields(key: str) -> Iterator[Case]:
    """Each value in each field."""
    for protocol, (path, templates) in FIELDS.items():
        for place, template in templates.items():
            for name, value in VALUES.items():
                body = template.replace(b"%b", value)
                yield posted(f"{protocol} {place}: {name}", path, body, key)


def posted(
    name: str, path: str, body: bytes, key: str, statuses: frozenset[int] = ANY, **headers: str
) -> Case:
    named = [(each.replace("_", "-"), value) for each, value in headers.items()]
    whole = request("POST", path, body, [("Authorization", f"Bearer {key}"), *named])
    return Case(name, (whole,), statuses, body=body)


def _nested_bomb() -> bytes:
    return gzip.compress(gzip.compress(b"0" * 100_000_000, 9), 9)


def _encodings() -> dict[str, tuple[bytes, str]]:
    zeros = b"0" * 100_000_000
    whole = gzip.compress(GOOD)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    return {
        "gzip bomb 1:1000": (gzip.compress(zeros, 9), "gzip"),
        "gzip bomb without the header": (gzip.compress(zeros, 9), ""),
        "gzip bomb in gzip": (_nested_bomb(), "gzip, gzip"),
        "gzip bomb in gzip, said once": (_nested_bomb(), "gzip"),
        "deflate bomb": (zlib.compress(zeros, 9), "deflate"),
        "bare deflate bomb": (raw.compress(zeros) + raw.flush(), "deflate"),
        "brotli bomb": (bytes(cramjam.brotli.compress(zeros)), "br"),
        "brotli bomb in gzip": (gzip.compress(bytes(cramjam.brotli.compress(zeros))), "br, gzip"),
        "gzip cut off": (whole[:-9], "gzip"),
        "gzip of its head alone": (whole[:10], "gzip"),
        "gzip with a wrong sum": (whole[:-8] + b"\0" * 8, "gzip"),
        "gzip and other bytes after it": (whole + b"trailing", "gzip"),
        "gzip and another after it": (whole + gzip.compress(GOOD), "gzip"),
        "1,000 gzip members": (gzip.compress(b"") * 1_000 + whole, "gzip"),
        "gzip with a name of 100 KB": (whole[:3] + b"\x08" + whole[4:10] + b"n" * 100_000 + b"\0" + whole[10:], "gzip"),
        "no gzip": (b"\x1f\x8b" + b"\xff" * 100, "gzip"),
        "no deflate": (b"\xff" * 100, "deflate"),
        "no brotli": (b"\xff" * 100, "br"),
        "brotli cut off": (bytes(cramjam.brotli.compress(GOOD))[:-3], "br"),
        "nothing as gzip": (b"", "gzip"),
        "nothing as brotli": (b"", "br"),
        "zstd": (bytes(cramjam.zstd.compress(GOOD)), "zstd"),
        "an unknown coding": (GOOD, "rot13"),
        "ten codings": (whole, ", ".join(["gzip"] * 10)),
        "a coding of 10 KB": (GOOD, "x" * 10_000),
    }  # fmt: skip


def _wholes() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "blanks": b" \r\n\t" * 1_000,
        "BOM alone": b"\xef\xbb\xbf",
        "BOM": b"\xef\xbb\xbf" + GOOD,
        "UTF-16": GOOD.decode().encode("utf-16"),
        "UTF-32": GOOD.decode().encode("utf-32"),
        "Latin-1": '{"event":"Ä","identifiers":{"user_id":"ü"}}'.encode("latin-1"),
        "a second object": GOOD + GOOD,
        "10,000 line breaks": b"\n" * 10_000 + GOOD,
        "two lines, one broken": GOOD + b"\n" + GOOD[:-5],
        "cut off": GOOD[:-1],
        "a list cut off": b"[" + GOOD + b",",
        "a list that ends twice": b"[" + GOOD + b"]]",
        "NUL at the end": GOOD + b"\0",
        "NULs alone": b"\0" * 1_000,
        "25,001 events": b"[" + b",".join([b'{"event":"A"}'] * 25_001) + b"]",
        "25,001 numbers": b"[" + b",".join([b"1"] * 25_001) + b"]",
        "2,501 events": b"[" + b",".join([GOOD] * 2_501) + b"]",
        "25,001 lines": b"\n".join([b'{"event":"A"}'] * 25_001),
        "25,001 calls": b'{"batch":[' + b",".join([b"{}"] * 25_001) + b"]}",
        "25,001 empty lists": b'{"batch":[' + b",".join([b"[]"] * 25_001) + b"]}",
        "an event of 33 KB": b'{"event":"A","identifiers":{"user_id":"u"},"x":"%b"}' % (b"x" * 33_000),
        "batch in batch": b'{"batch":' * DEEP + b"[]" + b"}" * DEEP,
        "batch of nothing": b'{"batch":null,"events":null,"data":null}',
        "batch as a text": b'{"batch":"[]","events":"[]","data":"[]"}',
        "100,000 brackets in a text": b'{"event":"' + b"[{" * DEEP + b'"}',
        "quotation marks": b'"' * 100_001,
        "backslashes": b'"' + b"\\" * 100_001,
        "commas": b"[" + b"," * 100_000,
        "colons": b"{" + b":" * 100_000,
        "a form": b"data=" + b"%7B" * 10_000,
        "a form of nothing": b"data=",
        "a form of no base64": b"data=!!!!&data=????",
        "a form with bad percent encoding": b"data=%zz%%%e4%",
        "XML with entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "many parts": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" * 2_000,
        "pickle": b"cos\nsystem\n(S'true'\ntR.",
        "JPEG": b"\xff\xd8\xff\xe0" + b"\0" * 500,
        "600 KB": b"[" + b",".join([GOOD] * 14_000) + b"]",
        "10 MB of blanks": b" " * 10_000_000,
    }  # fmt: skip


WHOLE_PATHS = (
    "/v1/touchpoints", "/v1/validate", "/v1/track", "/v1/batch", "/api/s/event", "/b", "/capture/", "/batch/",
    "/i/v1/analytics/events", "/com.snowplowanalytics.snowplow/tp2",
)  # fmt: skip


def wholes(key: str) -> Iterator[Case]:
    """Each body on each path, and each encoding on some."""
    for name, body in _wholes().items():
        for path in WHOLE_PATHS:
            yield posted(f"{path}: {name}", path, body, key)
    for name, (body, coding) in _encodings().items():
        for path in ("/v1/touchpoints", "/v1/batch", "/capture/"):
            yield posted(f"{path}: {name}", path, body, key, content_encoding=coding)


def large(secret: str) -> Iterator[Case]:
    """What a secret key may send more of: up to 4 MB of what is hardest to read."""
    for name, body in {
        "nested lists": b"[" * 2_000_000 + b"]" * 2_000_000,
        "nested objects": b'{"a":' * 600_000 + b"1" + b"}" * 600_000,
        "numbers": b"[" + b"1," * 1_900_000 + b"1]",
        "empty objects": b"[" + b"{}," * 1_300_000 + b"{}]",
        "keys": b"{" + b",".join(b'"%d":1' % n for n in range(350_000)) + b"}",
        "half pairs": b'{"event":"' + b"\\ud800" * 600_000 + b'"}',
        "a text": b'{"event":"' + b"a" * 4_000_000 + b'"}',
        "25,000 events": b"[" + b",".join([GOOD] * 25_000) + b"]",
        "2,500 events of nested lists": b"[" + b",".join([b"[" * 40 + b"]" * 40] * 2_500) + b"]",
        "25,000 lines": b"\n".join([GOOD] * 25_000),
        "addresses": b'[{"event":"A","identifiers":{"user_id":"u"},"page":{"url":"'
        + b"a@" * 15_000 + b'"}}]',
        "2,500 addresses": b"[" + b",".join(
            [b'{"event":"A","identifiers":{"user_id":"u"},"page":{"url":"https://a.ch/?q=%b"}}' % (b"a@b." * 350)]
            * 2_500) + b"]",
        "2,500 phones": b"[" + b",".join(
            [b'{"event":"A","identifiers":{"phone":"+41 79 %d"}}' % n for n in range(2_500)]) + b"]",
    }.items():  # fmt: skip
        for path in ("/v1/touchpoints", "/v1/batch", "/batch/", "/b", "/v1/validate"):
            yield posted(f"4 MB, {path}: {name}", path, body, secret)

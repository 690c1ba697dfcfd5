"""Bodies: decompression within limits, and JSON taken apart into events."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import cramjam
import pytest
from posted import key_in

from etappe.errors import BadInput
from ingest.bodies import decompress, read_body
from ingest.failures import ClientGone, TooLarge, TooSlow, UnknownEncoding
from ingest.json_events import CUT_BRACKETS, CUT_DEPTH, cut_deep, depth_of, mend_surrogates, split_events
from ingest.protocols.segment import Segment

TEXT = b'{"event":"A"}'
LIMIT = 1000


def brotli(data: bytes) -> bytes:
    return bytes(cramjam.brotli.compress(data))


def bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"", TEXT),
        (b"identity", TEXT),
        (b"gzip", gzip.compress(TEXT)),
        (b"", gzip.compress(TEXT)),
        (b"gzip", TEXT),
        (b"gzip", gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:])),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", bare_deflate(TEXT)),
        (b"BR", brotli(TEXT)),
        (b"br, gzip", gzip.compress(brotli(TEXT))),
    ],
    ids=[
        "none",
        "identity",
        "gzip",
        "gzip-unsaid",
        "said-but-not-done",
        "two-gzip-members",
        "deflate",
        "bare-deflate",
        "brotli-in-capitals",
        "two-encodings",
    ],
)
def test_every_encoding_is_unpacked(encoding: bytes, body: bytes) -> None:
    assert decompress(body, encoding, LIMIT) == TEXT


@pytest.mark.parametrize(
    ("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"br", brotli)]
)
def test_what_unpacks_to_more_than_the_limit_is_too_large(encoding: bytes, pack: Any) -> None:
    assert decompress(pack(b"a" * LIMIT), encoding, LIMIT) == b"a" * LIMIT
    with pytest.raises(TooLarge):
        decompress(pack(b"a" * (LIMIT + 1)), encoding, LIMIT)
    with pytest.raises(TooLarge):
        decompress(pack(b"a" * 10_000_000), encoding, LIMIT)


@pytest.mark.parametrize(
    ("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"br", brotli)]
)
def test_damaged_data_cannot_be_read(encoding: bytes, pack: Any) -> None:
    with pytest.raises(BadInput):
        decompress(pack(TEXT * 10)[:-6], encoding, LIMIT)


def test_a_body_of_very_many_gzip_members_is_damaged() -> None:
    with pytest.raises(BadInput):
        decompress(gzip.compress(b"") * 1000, b"", LIMIT)


def test_an_encoding_that_nobody_knows_is_named() -> None:
    with pytest.raises(UnknownEncoding) as caught:
        decompress(TEXT, b"zstd", LIMIT)
    assert [problem.value for problem in caught.value.problems] == ["zstd"]


def receiving(*messages: dict[str, Any]) -> Any:
    rest = list(messages)

    async def receive() -> dict[str, Any]:
        return rest.pop(0)

    return receive


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts_is_put_together() -> None:
    assert await read_body(receiving(part(b"ab"), part(b""), part(b"c", False)), b"", 3) == b"abc"


async def test_a_body_is_given_up_as_soon_as_it_is_too_large() -> None:
    with pytest.raises(TooLarge):
        await read_body(receiving(part(b"ab"), part(b"cd")), b"", 3)
    with pytest.raises(TooLarge):
        await read_body(receiving(), b"4", 3)


async def test_a_client_that_goes_is_noticed() -> None:
    with pytest.raises(ClientGone):
        await read_body(receiving(part(b"ab"), {"type": "http.disconnect"}), b"", 3)


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'\xef\xbb\xbf {"a":1}\n', [b'{"a":1}']),
        (b'{\n "a": 1\n}', [b'{\n "a": 1\n}']),
        (b'[{"a":1}, {"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n\r\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b"[{}]", None),
        (b"[{},{}]", [b"{}", b"{}"]),
    ],
)
def test_objects_arrays_and_lines_are_told_apart(body: bytes, events: list[bytes] | None) -> None:
    if events is None:
        with pytest.raises(BadInput):
            split_events(body)
    else:
        assert split_events(body) == events


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"[]",
        b"{}",
        b"{ }",
        b"null",
        b"3",
        b'"x"',
        b"{",
        b"[",
        b'{"a":1',
        b'{"a":NaN}',
        b'{"a":1}\n{"b"',
    ],
)
def test_malformed_or_empty_bodies_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadInput):
        split_events(body)


@pytest.mark.parametrize("body", [b'{"a":"\xff"}', b'[{"a":1},{"a":"\xed\xa0\x80"}]'])
def test_a_body_that_is_not_utf8_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadInput):
        split_events(body)


def test_half_a_surrogate_pair_is_mended() -> None:
    assert split_events(rb'[{"a":"x\ud83d"},{"b":"\ud83d\ude00"}]') == [
        rb'{"a":"x\ufffd"}',
        rb'{"b":"\ud83d\ude00"}',
    ]
    assert mend_surrogates(rb'"\\ud83d \udc00\ud83d\ude00"') == rb'"\\ud83d \ufffd\ud83d\ude00"'


def test_depth_is_counted_outside_texts() -> None:
    assert depth_of(b'{"a":[{"b":"]]\\"[["}]}') == 3


def test_what_is_too_deep_is_cut_and_the_rest_stays() -> None:
    deep = b'{"a":%b,"b":2}' % (b"[" * 5000 + b"]" * 5000)
    events = split_events(b'[%b,{"c":3}]' % deep)
    assert depth_of(events[0]) == CUT_DEPTH - 1
    assert events[0].endswith(b',"b":2}')
    assert events[1] == b'{"c":3}'


@pytest.mark.timeout(20)  # a search that starts again at every quotation mark would take minutes
def test_cutting_a_hostile_body_looks_at_it_once() -> None:
    assert len(cut_deep(b"[" * 5000 + b'"' + b'\\"' * 200_000)) < 5000
    with pytest.raises(BadInput):
        split_events(b"[" * 100_000)


def test_no_more_than_two_codings_are_undone() -> None:
    packed = gzip.compress(gzip.compress(gzip.compress(TEXT)))
    with pytest.raises(UnknownEncoding):
        decompress(packed, b"gzip, gzip, gzip", LIMIT)
    with pytest.raises(UnknownEncoding):
        decompress(TEXT, b"br," * 6_500, LIMIT)
    assert decompress(TEXT, b"identity, identity, , identity", LIMIT) == TEXT


async def test_a_body_that_never_begins_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.bodies.BODY_SECONDS", 0.01)

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(TooSlow):
        await read_body(never, b"", 3)


def test_a_body_of_very_many_brackets_is_refused_before_it_is_looked_through() -> None:
    assert cut_deep(b"[" * CUT_BRACKETS)
    with pytest.raises(BadInput) as caught:
        split_events(b'{"a":' + b"[" * (CUT_BRACKETS + 1))
    assert [problem.value for problem in caught.value.problems] == ["nested too deep"]


@pytest.mark.parametrize("rest", [b'"a":' + b"[" * 5_000, rb'"a":"x\ud83d"', b'"a":1'])
def test_a_key_is_found_without_mending_its_body(rest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("ingest.protocols.segment.reading")
    assert key_in(Segment("track"), b'{"writeKey": "ek_1-a",' + rest + b"}") == "ek_1-a"
    assert key_in(Segment("track"), b"{" + rest + b"}") is None

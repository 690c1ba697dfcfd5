"""The collector's shortcuts: events that are decoded all at once are what they are one by one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posted import head

from etappe.touchpoint import decode_touchpoint, encode_record
from etappe.workspaces import Workspace
from ingest.drafts import Sender, Wire
from ingest.json_events import split_events
from ingest.keys import Caller
from ingest.limits import EVENT_BYTES
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.native import Native, NativeEvent, draft_of_written
from ingest.records import records_of

WORKSPACE = Workspace("shop", "00" * 32)
SENDER = Sender(Caller("secret", WORKSPACE, WORKSPACE.salt_bytes), 1_700_000_000_000)

VALUES = st.sampled_from(
    [None, "", "x", " X ", 5, 2.5, True, [], {}, {"a": 1}, {"a": None}, [1], "a@b.ch", "2023-11-14T22:00:00Z",
     {"email": "a@b.ch", "n": [{"dob": 1}]}, {"user_id": "u"}, {"user_id": 5, "email": "a@b.ch"}, {"url": "/a?b=1"},
     {"title": "?"}, {"source": "s", "unknown": {"deep": [[]]}}, {"cta": "B", "on": True}, "ä"]
)  # fmt: skip
FIELDS = st.sampled_from((*NativeEvent.__struct_fields__, "unknown"))
EVENTS = st.dictionaries(FIELDS, VALUES, max_size=6).map(
    lambda fields: {"event": "A", "identifiers": {"user_id": "u", "anonymous_id": "a"}, **fields, "id": "i"}
)


def one_by_one(body: bytes) -> Sorted:
    written = split_events(body)
    return sort_events(Wire(written, draft_of_written, lambda: written), SENDER)


def at_once(body: bytes) -> Sorted:
    return sort_events(Native().read(body, head()), SENDER)


def shown(result: Sorted) -> tuple[list[bytes], list[Any]]:
    return [encode_record(each) for each in result.accepted], result.refused


def event(**fields: Any) -> dict[str, Any]:
    return {"id": "i", "event": "A", "identifiers": {"user_id": "u"}, **fields}


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_a_batch_gives_what_its_events_give_one_by_one(events: list[dict[str, Any]]) -> None:
    body = orjson.dumps(events)
    assert shown(at_once(body)) == shown(one_by_one(body))


@pytest.mark.parametrize("field", ["properties", "traits", "unknown", "page", "context", "identifiers"])
@pytest.mark.parametrize("levels", [29, 30, 31, 32, 400, 3000])
def test_depth_is_limited_wherever_it_is_and_however_it_is_read(field: str, levels: int) -> None:
    value = b'{"a":' + b"[" * levels + b"]" * levels + b"}"
    body = b'[{"id":"i","event":"A","identifiers":{"user_id":"u"},"%b":%b},%b]' % (
        field.encode(),
        value,
        orjson.dumps(event()),
    )
    result = at_once(body)
    codes = [each.refusal.reason.code for each in result.refused]
    wrong_anyway = ["bad_type"] if field == "identifiers" else []
    assert codes == (["too_deep"] if levels > 30 else wrong_anyway)


def test_size_is_limited_in_batches_of_every_size() -> None:
    large = event(properties={"a": "x" * EVENT_BYTES})
    small = event(properties={"a": "x" * (EVENT_BYTES // 2)})
    result = at_once(orjson.dumps([small, large, small, small]))
    assert [(each.index, each.refusal.reason.code) for each in result.refused] == [(1, "too_large")]
    assert len(at_once(orjson.dumps([small] * 4)).accepted) == 4


def test_a_refused_event_of_a_batch_keeps_its_own_text() -> None:
    events = [event(id="a"), {"id": "b", "event": "A"}, event(id="c"), {"id": "d", "event": "A", "seq": 5}]
    result = at_once(orjson.dumps(events))
    assert [each.body for each in result.refused] == [orjson.dumps(events[1]), orjson.dumps(events[3])]


@pytest.mark.parametrize("traits", [{"name": "Anna"}, {"plan": "pro"}, {}, None])
def test_every_accepted_event_is_a_record_that_can_be_read_again(traits: Any) -> None:
    """Traits of nothing but personal values once left a record that was no JSON."""
    body = orjson.dumps([event(traits=traits, properties=traits and {"email": "x"})])
    touchpoint = at_once(body).accepted[0]
    assert encode_record(decode_touchpoint(encode_record(touchpoint))) == encode_record(touchpoint)


def test_events_of_one_request_share_nothing_that_one_could_change_for_another() -> None:
    first, second = at_once(
        orjson.dumps([event(experiments={"a": "b"}), event(value=5, offline=True)])
    ).accepted
    assert (first.value, first.offline) == (None, False)
    assert not second.experiments


@pytest.mark.parametrize("consent", [{}, {"analytics": False}, {"linking": False}])
def test_what_was_read_before_gives_the_same_record_again(consent: dict[str, bool]) -> None:
    """Identifiers, page, campaign and properties are remembered by how they were written."""
    given = event(
        page={"url": "https://x.ch/a?gclid=1#part", "title": "T", "referrer": "https://y.ch/?q=1"},
        campaign={"source": "google", "name": "to a@b.ch"},
        properties={"sku": "s-1"},
        identifiers={"user_id": "u", "email": "Anna@b.ch", "anonymous_id": "null"},
    )
    body = orjson.dumps([given, given | {"consent": consent}, given])
    for _ in range(2):
        assert shown(at_once(body)) == shown(one_by_one(body))


@pytest.mark.parametrize("names", [{}, {"anonymous_id": "null"}, {"user_id": "", "email": "none"}])
def test_names_of_nobody_are_refused_each_time(names: dict[str, str]) -> None:
    body = orjson.dumps([event(identifiers=names)])
    for _ in range(2):
        assert shown(at_once(body))[0] == []
        assert shown(at_once(body))[1] == shown(one_by_one(body))[1]


@pytest.mark.parametrize("body", [b"[%b]", b"%b", b"[\n%b,\n%b]"])
@pytest.mark.parametrize("gap", [b"", b" ", b"\n", b"\r\n"])
def test_records_are_the_same_whatever_stands_between_the_values_of_a_body(body: bytes, gap: bytes) -> None:
    """Line breaks in what is kept raw once would have ended a record too early."""
    one = b'{"id":"i","event":"A","identifiers":{"user_id":"u"},"properties":{"a":1,%b"b":[2]}}' % gap
    body = body.replace(b"%b", one)
    wire = Native().read(body, head())
    found = sort_events(wire, SENDER)
    entries = records_of(found, SENDER, "native", "/v1/touchpoints", wire.unbroken).accepted
    assert [each.value for each in entries] == [encode_record(each) for each in found.accepted]
    assert {each.key for each in entries} == {b"shop\0i"}
    assert len(entries) == body.count(b"user_id")


def test_parts_that_were_read_before_are_what_they_were_the_first_time() -> None:
    more = {"page": {"url": "https://x.ch/a?email=a@b.ch"}, "campaign": {"source": "a@b.ch", "name": "n"}}
    body = orjson.dumps(
        [event(**more, consent={"analytics": False}), event(**more), event(page={}, campaign={})]
    )
    first, again = shown(at_once(body)), shown(at_once(body))
    assert first == again == shown(one_by_one(body))
    assert b"a@b.ch" not in b"".join(first[0])


def test_one_event_that_is_not_plain_makes_all_be_read_one_by_one() -> None:
    for odd in (
        {"page": {"url": 5}},
        {"identifiers": {"user_id": 5}},
        {"campaign": {"own": 1}},
        {"identifiers": []},
    ):
        body = orjson.dumps([event(), event(**odd), event(properties={"a": 1})])
        assert shown(at_once(body)) == shown(one_by_one(body))

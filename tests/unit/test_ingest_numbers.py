"""Numbers that the warehouse could not read are refused at the door, for they would take a whole JSON with them."""

from __future__ import annotations

import pytest
from posted import head

from etappe.errors import BadInput
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.native import Native
from ingest.protocols.segment import Segment

WORKSPACE = Workspace("shop", "00" * 32)
SENDER = Sender(Caller("secret", WORKSPACE, WORKSPACE.salt_bytes), 1_700_000_000_000)
GOOD_NATIVE = b'{"event":"B","identifiers":{"user_id":"u"}}'
GOOD_SEGMENT = b'{"type":"page","userId":"u"}'

TOO_GREAT = [b"1e400", b"-1e400", b'[1, {"a": 2E+309}]', b"9" * 400, b"-" + b"9" * 5000]
NO_NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"0x1"]


def native(field: bytes, value: bytes) -> Sorted:
    event = b'{"event":"A","identifiers":{"user_id":"u"},"%b":{"x":%b}}' % (field, value)
    return sort_events(Native().read(b"[%b,%b]" % (event, GOOD_NATIVE), head()), SENDER)


def segment(field: bytes, value: bytes) -> Sorted:
    event = b'{"type":"identify","userId":"u","%b":{"x":%b}}' % (field, value)
    return sort_events(Segment().read(b'{"batch":[%b,%b]}' % (event, GOOD_SEGMENT), head()), SENDER)


@pytest.mark.parametrize("value", TOO_GREAT)
@pytest.mark.parametrize("field", [b"properties", b"traits"])
def test_a_number_that_overflows_a_double_refuses_its_event_alone(field: bytes, value: bytes) -> None:
    for result in (native(field, value), segment(field, value)):
        assert [(each.index, each.refusal.reason.code) for each in result.refused] == [(0, "bad_type")]
        assert field.decode() in result.refused[0].refusal.detail
        assert len(result.accepted) == 1


def test_a_context_with_such_a_number_takes_no_identifier_away_unseen() -> None:
    assert (
        segment(b"context", b'1e400,"traits":{"email":"a@b.ch"}').refused[0].refusal.reason.code == "bad_type"
    )


@pytest.mark.parametrize(
    "value", [b"1.7e308", b"-1.7e308", b"1e-400", b"9" * 300, b"12345678901234567890123"]
)
def test_what_a_double_holds_at_least_nearly_is_taken(value: bytes) -> None:
    assert len(native(b"properties", value).accepted) == 2
    assert len(segment(b"properties", value).accepted) == 2


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("field", [b"properties", b"traits", b"page", b"ignored"])
def test_what_json_has_no_number_for_is_malformed(field: bytes, value: bytes) -> None:
    for read in (native, segment):
        with pytest.raises(BadInput):
            read(field, value)

"""Whatever JSON comes as a Segment call: it is accepted, refused or unreadable, and never an error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from posted import head

from etappe.touchpoint import decode_touchpoint, encode_record
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.pipeline import sort_events
from ingest.protocols.native import Native
from ingest.protocols.segment import ANY, CALLS, CONTEXT_FIELDS, Segment, SegmentEvent
from ingest.validate import read_through

WORKSPACE = Workspace("shop", "00" * 32, keep_ip=True)
SENDER = Sender(Caller("write", WORKSPACE, WORKSPACE.salt_bytes), 1_700_000_000_000, "segment")

LEAVES = st.sampled_from(
    [None, True, False, 0, -1, 5, 1e300, 2**64, "", "x", "null", "a@b.ch", "ä\u0000", "https://x.ch/?a=b&email=c",
     "?utm_source=a", "2023-11-14T22:00:00Z", "203.0.113.7", "CHF", "%40", "\ud83d\ude00", "\ud83d", [], {}]
)  # fmt: skip
NAMES = st.sampled_from(
    ("url", "title", "search", "source", "name", "id", "type", "collection", "advertisingId", "ip", "email", "phone",
     "categoryPreferences", "allowedConsentIds", "Analytics", "Marketing", "country", "revenue", "currency", "Etappe",
     "Segment.io", "experiment_name", "variation_name", "a@b.ch", "traits", *CONTEXT_FIELDS)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [each for each in SegmentEvent.__struct_encode_fields__ if each != "type"] + ["unknown"]
)
EVENTS = st.builds(
    lambda fields, call: {"type": call, "anonymousId": "a", "event": "A", **fields},
    st.dictionaries(FIELDS, VALUES, max_size=6),
    st.sampled_from([*sorted(CALLS), "buy"]) | LEAVES,
)


def json_dumps(value: Any) -> bytes:
    """Also of integers that no 64 bits hold."""
    return json.dumps(value).encode()


@settings(max_examples=600, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3), st.dictionaries(FIELDS, VALUES, max_size=3))
def test_every_event_of_a_batch_is_accepted_or_refused(
    events: list[dict[str, Any]], outer: dict[str, Any]
) -> None:
    body = json_dumps({**outer, "batch": events})
    found = sort_events(Segment(ANY).read(body, head()), SENDER)
    assert len(found.accepted) + len(found.refused) == len(events)
    for touchpoint in found.accepted:
        record = encode_record(touchpoint)
        assert encode_record(decode_touchpoint(record)) == record
        assert b"a@b.ch" not in record


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_how_it_would_be_read_is_what_the_write_makes_of_it(event: dict[str, Any]) -> None:
    body = json_dumps(event)
    for protocol, name in ((Segment(ANY), "segment"), (Native(), "native")):
        found = sort_events(protocol.read(body, head()), SENDER)
        shown = read_through(protocol.read(body, head()), SENDER, name)
        assert shown["accepted"] == len(found.accepted)
        assert [each["event"] for each in shown["events"]] == [each.event for each in found.accepted]
        for refused in shown["rejected"]:
            refused.pop("id")  # as its sender wrote it: that is how the sender finds the event
        assert b"a@b.ch" not in json_dumps(shown)

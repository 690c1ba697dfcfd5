"""Segment's calls as the address of a picture."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from posted import head

from etappe.errors import BadInput
from etappe.touchpoint import Touchpoint
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.segment.pixel import SegmentPixel

WORKSPACE = Workspace("shop", "00" * 32)
SENDER = Sender(Caller("write", WORKSPACE, WORKSPACE.salt_bytes), 1_700_000_000_000, "segment")
CALL = {"event": "Ä? Öffnung>", "userId": "ü~~?", "properties": {"a": {"b": 5}}}


def sort(**parameters: str) -> Sorted:
    wire = SegmentPixel("track").read(b"", head(query=urlencode(parameters).encode(), method="GET"))
    return sort_events(wire, SENDER)


def accepted(**parameters: str) -> Touchpoint:
    result = sort(**parameters)
    assert result.refused == []
    return result.accepted[0]


def encoded(call: Any, safe: bool = False) -> str:
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    return encode(orjson.dumps(call)).decode()


@pytest.mark.parametrize(
    "data",
    [
        encoded(CALL),
        encoded(CALL, safe=True),
        encoded(CALL).rstrip("="),
        encoded(CALL).replace("+", " "),
        orjson.dumps(CALL).decode(),
    ],
)
def test_a_call_is_taken_in_every_way_that_addresses_carry_it(data: str) -> None:
    touchpoint = accepted(data=data)
    assert (touchpoint.event, touchpoint.identifiers[0].value) == ("Ä? Öffnung>", "ü~~?")
    assert bytes(touchpoint.properties) == b'{"a":{"b":5}}'


def test_fields_are_parameters_with_dots_for_nesting() -> None:
    touchpoint = accepted(event="A", userId="u", **{"properties.a.b": "5", "context.userAgent": "UA"})
    assert (bytes(touchpoint.properties), touchpoint.user_agent) == (b'{"a":{"b":"5"}}', "UA")


def test_a_name_that_is_text_and_object_stays_what_it_was_first() -> None:
    properties = {"properties.a": "1", "properties.a.b": "2", "properties.c.d": "3", "properties.c": "4"}
    assert bytes(accepted(event="A", userId="u", **properties).properties) == b'{"a":"1","c":{"d":"3"}}'


@pytest.mark.parametrize("data", ["", "%%%", "ä", "e30", "W10", "MQ==", "{", "////", "a"])
def test_what_is_no_call_cannot_be_read(data: str) -> None:
    with pytest.raises(BadInput):
        sort(data=data)


def test_the_limits_of_events_hold_for_what_is_decoded() -> None:
    large = {**CALL, "properties": {"a": "x" * 33_000}}
    assert sort(data=encoded(large)).refused[0].refusal.reason.code == "too_large"
    deep = {f"properties{'.a' * 40}": "1"}
    assert sort(event="A", userId="u", **deep).refused[0].refusal.reason.code == "too_deep"
    nested = b'{"event":"A","userId":"u","properties":%b}' % (b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
    assert sort(data=base64.b64encode(nested).decode()).refused[0].refusal.reason.code == "too_deep"

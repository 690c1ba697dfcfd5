"""The collector's door by a workspace's own identity rules, by every protocol."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import orjson
import pytest
from posted import head

from etappe.identifiers import Identifier, identifier_key
from etappe.touchpoint import Touchpoint, decode_touchpoint, encode_record
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.marks import Marked, Marker
from ingest.naming import read_identifier
from ingest.pipeline import Sorted, sort_events
from ingest.protocols import WireProtocol
from ingest.protocols.beacon import Beacon, Pixel
from ingest.protocols.native import Native
from ingest.protocols.posthog import PostHog
from ingest.protocols.segment import Segment
from ingest.protocols.snowplow import Snowplow
from ingest.rejects import reject_entries
from ingest.validate import read_through

NOW = 1_700_000_000_000
RULES = r"""
blocked: {values: [n/a, "4711", walk-in], patterns: ["^qa-", "@shop\\.example$"]}
types:
  email: {blocked: {values: [desk@other.example]}}
  anonymous_id: {blocked: {values: [kiosk-1]}}
  loyalty_card: {priority: 1, personal: true, normalise: lower}
  crm_id: {priority: 0, personal: true}
  user_id: {priority: 2}
  till: {names: device}
"""
SHOP = Workspace("shop", "00" * 32, phone_region="CH", identity_rules=RULES)
PLAIN = Workspace("plain", "00" * 32, phone_region="CH")


def sender(workspace: Workspace = SHOP, source: str = "native") -> Sender:
    return Sender(Caller("secret", workspace, workspace.salt_bytes), NOW, source)


def sort(
    body: object, protocol: WireProtocol | None = None, workspace: Workspace = SHOP, **more: Any
) -> Sorted:
    protocol = protocol or Native()
    return sort_events(protocol.read(orjson.dumps(body), head(**more)), sender(workspace, protocol.name))


def event(**identifiers: object) -> dict[str, Any]:
    return {"event": "Order Paid", "identifiers": identifiers}


def named(touchpoint: Touchpoint) -> list[str]:
    return [each.type for each in touchpoint.identifiers]


def types_of(*events: object, protocol: WireProtocol | None = None, workspace: Workspace = SHOP) -> list[str]:
    (touchpoint,) = sort(events[0] if protocol else list(events), protocol, workspace).accepted
    return named(decode_touchpoint(encode_record(touchpoint)))


def key(type_name: str, normal: str) -> int:
    return identifier_key(SHOP.salt_bytes, type_name, normal)


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("user_id", "N/A"), ("user_id", ' "Walk-In" '), ("other", "n/a"), ("phone", "n/a"), ("till", "'QA-7'"),
        ("user_id", 4711), ("crm_id", 4711.0), ("email", "Desk@Other.example"), ("email", "anna@shop.example"),
        ("user_id", "anna@SHOP.example"), ("anonymous_id", "KIOSK-1"), ("loyalty_card", "qa-"),
        ("user_id", "null"),
    ],
)  # fmt: skip
def test_what_the_workspace_blocks_is_left_out(type_name: str, value: object) -> None:
    assert types_of(event(**{type_name: value, "device_id": "d-1"})) == ["device_id"]
    if value != "null":
        assert sorted(types_of(event(**{type_name: value, "device_id": "d-1"}), workspace=PLAIN)) == sorted(
            [type_name, "device_id"]
        )


def test_where_nothing_else_is_left_the_event_is_refused() -> None:
    (refused,) = sort([event(user_id="walk-in", email="x@shop.example")]).refused
    assert refused.refusal.reason.code == "missing_identifier"
    assert "email, user_id" in refused.refusal.detail


def test_priorities_are_the_workspaces_own() -> None:
    sent = event(user_id="u", email="a@b.ch", loyalty_card="K", crm_id="c", till="t", anonymous_id="a")
    assert types_of(sent) == ["crm_id", "loyalty_card", "user_id", "email", "anonymous_id", "till"]
    assert types_of(sent, workspace=PLAIN)[:3] == ["user_id", "crm_id", "email"]


def test_a_type_of_the_workspaces_own_is_normalised_and_hashed_as_it_says() -> None:
    (found,) = sort([event(loyalty_card=" KK-0815-Secret ")]).accepted[0].identifiers
    assert found == Identifier("loyalty_card", key("loyalty_card", "kk-0815-secret"))


def test_two_workspaces_remember_their_values_apart() -> None:
    """They share a salt here, and what was read is remembered by it."""
    for _ in range(2):
        assert types_of(event(user_id="walk-in", device_id="d"), workspace=PLAIN) == ["user_id", "device_id"]
        assert types_of(event(user_id="walk-in", device_id="d")) == ["device_id"]


PROTOCOLS: list[tuple[WireProtocol, dict[str, Any]]] = [
    (Beacon(), event(user_id="walk-in", anonymous_id="a-1")),
    (Segment("track"), {"event": "A", "userId": "walk-in", "anonymousId": "a-1"}),
    (Snowplow(), {"data": [{"e": "pv", "uid": "walk-in", "duid": "a-1"}]}),
    (
        PostHog(),
        {"event": "A", "distinct_id": "walk-in", "properties": {"$device_id": "a-1", "$is_identified": True}},
    ),
]


@pytest.mark.parametrize(("protocol", "body"), PROTOCOLS, ids=lambda each: getattr(each, "name", ""))
def test_every_protocol_leaves_out_what_the_workspace_blocks(
    protocol: WireProtocol, body: dict[str, Any]
) -> None:
    (found,) = sort(body, protocol).accepted
    assert [each.value for each in found.identifiers] == ["a-1"]
    assert len(sort(body, protocol, PLAIN).accepted[0].identifiers) > 1


def test_a_pixel_leaves_them_out_too() -> None:
    asked = head(
        query=b"event=A&user_id=walk-in&anonymous_id=a-1&identifiers.loyalty_card=KK-1", method="GET"
    )
    (found,) = sort_events(Pixel().read(b"", asked), sender()).accepted
    assert named(found) == ["loyalty_card", "anonymous_id"]


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        (Segment("alias"), {"previousId": "walk-in", "userId": "u-1"}),
        (Segment("alias"), {"previousId": "a-1", "userId": "walk-in"}),
        (PostHog(), {"event": "$create_alias", "distinct_id": "u-1", "properties": {"alias": "walk-in"}}),
        (PostHog(), {"event": "$create_alias", "distinct_id": "walk-in", "properties": {"alias": "a-1"}}),
    ],
)
def test_an_alias_with_a_blocked_side_links_nothing(protocol: WireProtocol, body: dict[str, Any]) -> None:
    (found,) = sort(body, protocol).accepted
    assert found.alias == []
    assert {each.value for each in found.identifiers} <= {"u-1", "a-1"}


SECRET = "KK-0815-Secret"


def test_a_personal_value_of_an_own_type_is_in_no_record_of_the_log() -> None:
    (touchpoint,) = sort([event(loyalty_card=SECRET, crm_id=SECRET)]).accepted
    assert SECRET.encode().lower() not in encode_record(touchpoint).lower()


@pytest.mark.parametrize("place", ["traits", "properties"])
def test_beside_the_identifiers_it_is_dropped_as_an_e_mail_would_be(place: str) -> None:
    sent = {**event(user_id="u"), place: {"loyalty_card": SECRET, "size": 5}}
    for workspace, kept in (
        (PLAIN, ["loyalty_card", "size"]),
        (SHOP, ["size"]),
        (PLAIN, ["loyalty_card", "size"]),
    ):
        (found,) = sort([sent], workspace=workspace).accepted
        assert list(orjson.loads(bytes(getattr(found, place)))) == kept


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        (Native(), {"identifiers": {"loyalty_card": SECRET, "crm_id": SECRET}}),
        (Native(), {"identifiers": {"loyalty_card": [SECRET]}}),
        (Native(), {"identifiers": {"crm_id": {"a": SECRET}}}),
        (Segment("track"), {"context": {"externalIds": [{"id": SECRET, "type": "loyalty_card"}]}}),
        (Segment("track"), {"crm_id": SECRET}),
        (Segment("identify"), {"traits": {"loyalty_card": SECRET}}),
        (Native(), {"properties": {"cards": [{"loyalty_card": {"number": SECRET}}]}}),
    ],
)
def test_a_refused_event_keeps_of_it_a_mark(protocol: WireProtocol, body: dict[str, Any]) -> None:
    found = sort(body, protocol)
    assert len(found.refused) == 1
    kept = b"".join(
        each.value for each in reject_entries(found.kept, sender(), protocol.name, "/", found.outer)
    )
    assert SECRET.encode() not in kept
    assert SECRET.encode() not in msgspec.json.encode(found.refused[0].refusal.detail)


def test_a_mark_is_read_as_the_identifier_that_the_event_would_have_had() -> None:
    marker = Marker(SHOP)
    body = json.loads(marker.clean(orjson.dumps(event(loyalty_card=SECRET))))
    mark = body["identifiers"]["loyalty_card"]
    assert marker.made == [mark]
    rules = sender().rules
    assert read_identifier(rules, SHOP.salt_bytes, "CH", "loyalty_card", Marked(mark)) == (
        1, Identifier("loyalty_card", key("loyalty_card", SECRET.lower())),
    )  # fmt: skip


def test_an_address_that_is_blocked_is_kept_of_a_refused_event_as_a_mark_too_and_left_out_of_its_replay() -> (
    None
):
    marker = Marker(SHOP)
    body = json.loads(marker.clean(orjson.dumps(event(email="Desk@Other.example"))))
    mark = body["identifiers"]["email"]
    assert "desk" not in mark.lower()
    assert read_identifier(sender().rules, SHOP.salt_bytes, "CH", "email", Marked(mark)) is None
    assert read_identifier(sender(PLAIN).rules, SHOP.salt_bytes, "CH", "email", Marked(mark)) is not None


def test_whoever_sets_up_a_sender_is_told_whose_rules_left_it_out() -> None:
    wire = Native().read(orjson.dumps([event(user_id="walk-in", crm_id="null", till="t")]), head())
    (read,) = read_through(wire, sender(), "native")["events"]
    assert {each["field"]: each["why"] for each in read["dropped"]} == {
        "identifiers.user_id": "blocked by the workspace's identity rules",
        "identifiers.crm_id": "blocked: systems send it when they know nobody",
    }

"""Segment's calls as touchpoints."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from posted import head, key_in

from etappe.errors import BadInput
from etappe.identifiers import make_identifier
from etappe.touchpoint import Touchpoint
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.segment import Segment, external_type

NOW = 1_700_000_000_000
WORKSPACE = Workspace("shop", "00" * 32)
SENDER = Sender(Caller("secret", WORKSPACE, WORKSPACE.salt_bytes), NOW, "segment")


def sort(call: str, body: dict[str, Any]) -> Sorted:
    return sort_events(Segment(call).read(orjson.dumps(body), head()), SENDER)


def accepted(call: str, **fields: Any) -> Touchpoint:
    result = sort(call, fields)
    assert result.refused == []
    return result.accepted[0]


def batch(*items: dict[str, Any], **envelope: Any) -> Sorted:
    return sort("batch", {"batch": list(items), **envelope})


def named(touchpoint: Touchpoint) -> list[tuple[str, str | None]]:
    return [(each.type, each.value) for each in touchpoint.identifiers]


def key(type_name: str, value: str) -> int:
    return make_identifier(WORKSPACE.salt_bytes, type_name, value).key


def test_track_carries_its_event_and_both_ids() -> None:
    touchpoint = accepted("track", event="Signed Up", userId="u", anonymousId="a", messageId="m-1")
    assert (touchpoint.event, touchpoint.id, touchpoint.source) == ("Signed Up", "m-1", "segment")
    assert named(touchpoint) == [("user_id", "u"), ("anonymous_id", "a")]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("identify", "Identified"),
        ("page", "Page Viewed"),
        ("screen", "Screen Viewed"),
        ("group", "Grouped"),
        ("alias", "Aliased"),
    ],
)
def test_every_other_call_has_a_name_of_its_own(call: str, name: str) -> None:
    assert accepted(call, userId="u", previousId="p", event="ignored").event == name


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"revenue": 10, "value": 20, "total": 30}, 10.0),
        ({"value": "20.5", "total": 30}, 20.5),
        ({"revenue": "much", "total": 30}, 30.0),
        ({"revenue": True}, None),
        ({"revenue": "nan"}, None),
        ({}, None),
    ],
)
def test_the_value_is_revenue_or_value_or_total(properties: dict[str, Any], value: float | None) -> None:
    assert accepted("track", event="A", userId="u", properties=properties).value == value


def test_context_tells_page_campaign_agent_and_country() -> None:
    touchpoint = accepted(
        "track",
        event="A",
        userId="u",
        properties={"currency": "chf", "k": 1},
        context={
            "page": {"url": "https://x.ch/a?b=1", "title": "T", "referrer": "https://g.com/"},
            "campaign": {"source": "google", "medium": "cpc", "name": "n"},
            "userAgent": "UA",
            "location": {"country": "ch"},
            "groupId": "acme",
            "ip": "1.2.3.4",
        },
    )
    assert (touchpoint.page.path, touchpoint.page.title) == ("/a", "T")
    assert (touchpoint.campaign.source, touchpoint.campaign.name) == ("google", "n")
    assert (touchpoint.user_agent, touchpoint.country, touchpoint.account) == ("UA", "CH", "acme")
    assert touchpoint.currency == "CHF"
    assert orjson.loads(bytes(touchpoint.properties)) == {"currency": "chf", "k": 1}


def test_a_page_call_describes_its_page_itself() -> None:
    page = {"url": "https://x.ch/context", "title": "context"}
    touchpoint = accepted(
        "page",
        userId="u",
        name="Home",
        category="Docs",
        properties={"url": "https://x.ch/own"},
        context={"page": page},
    )
    assert (touchpoint.page.url, touchpoint.page.path, touchpoint.page.title) == (
        "https://x.ch/own",
        "/own",
        "context",
    )
    properties = orjson.loads(bytes(touchpoint.properties))
    assert (properties["name"], properties["category"]) == ("Home", "Docs")


def test_a_screens_name_is_its_title() -> None:
    assert accepted("screen", anonymousId="a", name="Basket").page.title == "Basket"


def test_traits_name_the_person_and_are_kept_without_personal_values() -> None:
    touchpoint = accepted(
        "identify",
        userId="u",
        traits={"email": "Anna@x.ch", "plan": "pro", "lastName": "B"},
        context={"traits": {"phone": "+41791234567", "plan": "free", "age": 4}},
    )
    assert [each.type for each in touchpoint.identifiers] == ["user_id", "email", "phone"]
    assert touchpoint.identifiers[1].key == key("email", "anna@x.ch")
    assert orjson.loads(bytes(touchpoint.traits)) == {"plan": "pro", "age": 4}


def test_a_groups_traits_describe_the_group() -> None:
    traits = {"email": "info@acme.ch", "name": "Acme", "employees": 9}
    touchpoint = accepted("group", userId="u", groupId=77, traits=traits)
    assert (touchpoint.account, named(touchpoint)) == ("77", [("user_id", "u")])
    assert bytes(touchpoint.traits) == b""
    assert orjson.loads(bytes(touchpoint.properties)) == {"name": "Acme", "employees": 9}


def test_external_ids_of_users_are_identifiers() -> None:
    listed = [
        {"id": "c-1", "type": "crm_id", "collection": "users", "encoding": "none"},
        {"id": "D", "type": "android.idfa"},
        {"id": "x", "type": "acme", "collection": "accounts"},
        {"id": None, "type": "crm_id"},
        "nonsense",
    ]
    touchpoint = accepted("track", event="A", context={"externalIds": listed})
    assert named(touchpoint) == [("crm_id", "c-1"), ("device_id", "D")]


def test_names_of_external_types_become_names_of_ours() -> None:
    assert external_type("ios.push_token") == "device_id"
    assert external_type("Braze Id") == "braze_id"
    assert external_type("9") == "external_id"


def test_an_alias_names_the_former_id_in_both_readings() -> None:
    touchpoint = accepted("alias", userId="new", previousId="old", anonymousId="a")
    assert named(touchpoint) == [("user_id", "new")]
    assert [(each.type, each.value) for each in touchpoint.alias] == [
        ("user_id", "old"),
        ("anonymous_id", "old"),
    ]


def test_an_alias_without_a_former_id_means_the_device() -> None:
    assert accepted("alias", userId="new", anonymousId="a").alias[1].key == key("anonymous_id", "a")


@pytest.mark.parametrize("former", ["new", " new ", "null", "", None])
def test_an_alias_to_itself_or_from_nobody_links_nothing(former: str | None) -> None:
    touchpoint = accepted("alias", userId="new", previousId=former)
    assert (named(touchpoint), touchpoint.alias) == ([("user_id", "new")], [])


def test_an_alias_to_nobody_is_stored_under_the_former_id() -> None:
    touchpoint = accepted("alias", userId="undefined", previousId="old")
    assert (named(touchpoint), touchpoint.alias) == ([("anonymous_id", "old")], [])


def test_an_alias_between_two_nobodies_is_refused() -> None:
    result = sort("alias", {"userId": "null", "previousId": "none"})
    assert result.refused[0].refusal.reason.code == "missing_identifier"


def test_a_batchs_context_is_each_items_and_the_items_own_wins() -> None:
    result = batch(
        {"type": "track", "event": "A", "userId": "u", "context": {"page": {"title": "own"}}},
        {"type": "track", "event": "B", "userId": "u"},
        context={"page": {"title": "outer", "path": "/p"}, "userAgent": "UA"},
    )
    assert [each.page.title for each in result.accepted] == ["own", "outer"]
    assert [each.page.path for each in result.accepted] == ["/p", "/p"]
    assert {each.user_agent for each in result.accepted} == {"UA"}


def test_a_batchs_sending_time_beats_an_items() -> None:
    item = {"type": "track", "event": "A", "userId": "u", "timestamp": NOW - 7_200_000, "sentAt": NOW}
    assert batch(item, sentAt=NOW - 3_600_000).accepted[0].at == NOW - 3_600_000
    assert batch(item).accepted[0].at == NOW - 7_200_000


def test_the_original_time_is_the_one_that_the_sending_time_belongs_to() -> None:
    touchpoint = accepted("track", event="A", userId="u", timestamp=NOW - 5, originalTimestamp=NOW - 9)
    assert touchpoint.at == NOW - 9


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"type": "track", "userId": "u"}, "missing_event"),
        ({"type": "track", "event": 5, "userId": "u"}, "bad_type"),
        ({"type": "track", "event": "A", "userId": ["u"]}, "bad_type"),
        ({"type": "track", "event": "A", "userId": "u", "messageId": {}}, "bad_type"),
        ({"type": "track", "event": "A", "userId": "u", "properties": []}, "bad_type"),
        ({"type": "identify", "traits": {"plan": "pro"}}, "missing_identifier"),
        ({"type": "buy", "userId": "u"}, "unknown_call"),
        ({"event": "A", "userId": "u"}, "unknown_call"),
        ("text", "bad_type"),
    ],
)
def test_a_bad_item_is_refused_by_itself(item: dict[str, Any], reason: str) -> None:
    result = batch({"type": "page", "userId": "u"}, item)
    assert len(result.accepted) == 1
    assert [(each.index, each.refusal.reason.code) for each in result.refused] == [(1, reason)]


def test_a_number_that_no_double_holds_refuses_its_item_alone() -> None:
    body = b'{"batch":[{"type":"page","userId":"u"},{"type":"page","userId":1e999}]}'
    result = sort_events(Segment().read(body, head()), SENDER)
    assert [each.index for each in result.refused] == [1]


@pytest.mark.parametrize(
    "context", [5, "x", [], None, {"page": 5, "campaign": "x", "externalIds": 3, "traits": []}]
)
def test_a_context_of_another_shape_does_no_harm(context: object) -> None:
    assert accepted("track", event="A", userId="u", context=context).event == "A"


def test_an_experiment_viewed_carries_its_variant() -> None:
    properties = {"experiment_name": "cta", "variation_name": "B"}
    touchpoint = accepted("track", event="Experiment Viewed", userId="u", properties=properties)
    assert touchpoint.experiments == {"cta": "B"}


@pytest.mark.parametrize("body", [b"{}", b" { } ", b"[]", b"3", b"{", b"", b'{"event":"\xff"}'])
def test_a_call_that_is_no_object_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadInput):
        Segment("track").read(body, head())


@pytest.mark.parametrize(
    "body", [b"{}", b'{"batch":[]}', b'{"batch":3}', b'{"batch":null}', b"[]", b'{"batch":[']
)
def test_a_batch_without_items_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadInput):
        Segment().read(body, head())


def test_the_key_may_stand_in_the_body() -> None:
    assert key_in(Segment(), b'{"writeKey":"k","batch":[]}') == "k"
    assert key_in(Segment(), b'{"writeKey":5}') is None
    assert key_in(Segment(), b"{") is None


def test_deep_nesting_refuses_one_item_and_not_the_batch() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    body = (
        b'{"batch":[{"type":"page","userId":"u"},{"type":"page","userId":"u","properties":{"a":%b}}]}' % deep
    )
    result = sort_events(Segment().read(body, head()), SENDER)
    assert [(each.index, each.refusal.reason.code) for each in result.refused] == [(1, "too_deep")]
    assert len(result.accepted) == 1

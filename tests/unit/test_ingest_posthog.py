"""PostHog's events as touchpoints. What becomes of each field: tests/reference/protocols/posthog.yaml."""

from __future__ import annotations

import base64
import gzip
from itertools import permutations
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
import pytest
from posted import head, key_in

from etappe.errors import BadInput
from etappe.identifiers import event_key, identifier_key
from etappe.touchpoint import Touchpoint
from etappe.workspaces import Workspace
from ingest.drafts import Sender
from ingest.failures import TooLarge
from ingest.keys import Caller
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.posthog import PostHog, PostHogPixel, PostHogResults
from ingest.receipts import Result
from stitcher.identity.linking import links_of
from stitcher.identity.owners import resolve

NOW = 1_700_000_000_000
WORKSPACE = Workspace("shop", "00" * 32)
SENDER = Sender(Caller("secret", WORKSPACE, WORKSPACE.salt_bytes), NOW, "posthog")
BROWSER = {"$device_id": "b-1", "$is_identified": False}

Json = dict[str, Any]


def sort(body: object, **more: Any) -> Sorted:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return sort_events(PostHog().read(content, head(**more)), SENDER)


def accepted(**event: Any) -> Touchpoint:
    result = sort({"event": "A", "distinct_id": "d", **event})
    assert result.refused == []
    return result.accepted[0]


def refusals(result: Sorted) -> list[tuple[int, str]]:
    return [(each.index, each.refusal.reason.code) for each in result.refused]


def named(touchpoint: Touchpoint) -> list[str]:
    return [f"{each.type}:{each.value}" for each in touchpoint.identifiers]


def as_base64(content: bytes) -> bytes:
    return base64.b64encode(content)


EVENT = orjson.dumps({"event": "A", "distinct_id": "d", "properties": {"token": "k", "text": "ü>?"}})


@pytest.mark.parametrize(
    "body",
    [
        EVENT,
        b"\xef\xbb\xbf " + EVENT,
        b"[" + EVENT + b"]",
        b'{"batch":[' + EVENT + b"]}",
        as_base64(EVENT),
        base64.urlsafe_b64encode(EVENT).rstrip(b"="),
        as_base64(gzip.compress(EVENT, mtime=0)),
        b"data=" + as_base64(EVENT),
        b"data=" + quote(as_base64(EVENT), safe="").encode(),
        b"data=" + quote(EVENT, safe="").encode(),
        b"ver=1&compression=base64&data=" + as_base64(EVENT) + b"&ip=1",
    ],
)
def test_a_body_comes_in_many_forms_and_carries_its_key(body: bytes) -> None:
    result = sort(body)
    assert [each.event for each in result.accepted] == ["A"]
    assert orjson.loads(bytes(result.accepted[0].properties)) == {"text": "ü>?"}
    assert key_in(PostHog(), body) == "k"


@pytest.mark.parametrize("data", [EVENT, as_base64(EVENT)])
def test_the_address_of_a_request_may_hold_the_events(data: bytes) -> None:
    asked = head(query=b"_=1700000000000&data=" + quote(data, safe="").encode(), method="GET")
    assert [each.event for each in sort_events(PostHogPixel().read(b"", asked), SENDER).accepted] == ["A"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"3", b"null", b"{", b"data=", b"data=%7B%7D", b"ey", b"\xff\xfe", b"lz64=="),
        *(b'{"batch":[]}', b'{"batch":3}', b'{"event":"\xff"}', as_base64(b"\x1f\x8b"), b"[" * 100_000),
    ],
)
def test_what_is_no_event_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadInput):
        PostHog().read(body, head())


def test_what_is_packed_in_base64_is_unpacked_up_to_the_limit() -> None:
    bomb = as_base64(gzip.compress(b" " * 10_000_000))
    with pytest.raises(TooLarge):
        PostHog().read(bomb, head())


def test_limits_of_an_event_hold_whatever_it_came_in() -> None:
    large = {"event": "A", "distinct_id": "d", "properties": {"text": "x" * 33_000}}
    deep = b'{"event":"A","distinct_id":"d","properties":{"a":%b}}' % (b"[" * 40 + b"]" * 40)
    assert refusals(sort(as_base64(orjson.dumps(large)))) == [(0, "too_large")]
    assert refusals(sort(b"data=" + as_base64(deep))) == [(0, "too_deep")]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"api_key": "a", "token": "b", "event": "A"}, "a"),
        ({"token": "b", "$token": "c"}, "b"),
        ({"$token": "c", "properties": {"token": "d"}}, "c"),
        ([{"properties": {"token": "d"}}, {"token": "e"}], "d"),
        ({"batch": [{"api_key": "e"}], "token": "b"}, "b"),
        ({"batch": [{"api_key": "e"}]}, "e"),
        ({"api_key": 5, "batch": [{"api_key": {}}]}, None),
        ({"batch": []}, None),
        ([], None),
        ([3], None),
    ],
)
def test_a_key_stands_beside_the_events_or_in_the_first(body: object, key: str | None) -> None:
    assert key_in(PostHog(), orjson.dumps(body)) == key


def test_the_key_of_a_body_that_has_to_be_mended_is_found() -> None:
    cut = b'{"api_key":"k","batch":[{"event":"A","distinct_id":"d","properties":{"t":"\\ud83d"}}]}'
    deep = b'{"api_key":"k","batch":[{"event":"A","properties":{"a":%b}}]}' % (b"[" * 10_000 + b"]" * 10_000)
    assert key_in(PostHog(), cut) == key_in(PostHog(), deep) == "k"
    assert len(sort(cut).accepted) == 1
    assert refusals(sort(deep)) == [(0, "too_deep")]


def test_events_of_one_request_share_its_key() -> None:
    one, other = ({"event": "A", "distinct_id": "d", "token": key} for key in ("k", "k-2"))
    silent = {"event": "A", "distinct_id": "d"}
    assert refusals(sort([one, silent, other])) == [(2, "bad_type")]
    assert refusals(sort({"api_key": "k", "batch": [one, silent, other]})) == [(2, "bad_type")]
    assert "k-2" not in sort([one, other]).refused[0].refusal.detail


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"event": None}, "missing_event"),
        ({"event": 3}, "bad_type"),
        ({"distinct_id": None}, "missing_identifier"),
        ({"distinct_id": " "}, "missing_identifier"),
        ({"distinct_id": {}}, "bad_type"),
        ({"distinct_id": True}, "bad_type"),
        ({"distinct_id": "x" * 501}, "bad_identifier"),
        ({"properties": []}, "bad_type"),
        ({"$set": "x"}, "bad_type"),
        ({"offset": "soon"}, "bad_type"),
        ({"timestamp": "soon"}, "bad_time"),
        ({"sent_at": "soon", "timestamp": NOW}, "bad_time"),
        ({"uuid": "x" * 201}, "too_long"),
        ({"event": "$snapshot"}, "unknown_call"),
    ],
)
def test_a_bad_event_is_refused_by_itself(event: Json, reason: str) -> None:
    good = {"event": "A", "distinct_id": "d"}
    result = sort({"batch": [good, good | event, good]})
    assert (len(result.accepted), refusals(result)) == (2, [(1, reason)])


@pytest.mark.parametrize("field", ["properties", "$set", "$set_once"])
def test_a_number_that_no_double_holds_refuses_its_event_alone(field: str) -> None:
    body = (
        b'[{"event":"A","distinct_id":"d"},{"event":"A","distinct_id":"d","%b":{"n":1e999}}]' % field.encode()
    )
    assert refusals(sort(body)) == [(1, "bad_type")]


def test_anything_may_stand_where_an_object_is_read() -> None:
    odd = [
        "$set",
        "$set_once",
        "$unset",
        "$groups",
        "$group_set",
        "$current_url",
        "$session_id",
        "$feature/x",
    ]
    for value in (5, "x", [], None, [[]], {"a": {}}):
        event = {"properties": dict.fromkeys(odd, value), "options": value, "$unset": value}
        assert accepted(**event).event == "A"


def test_a_random_number_in_the_address_is_no_time() -> None:
    event = {"event": "A", "distinct_id": "d", "timestamp": NOW - 5000}
    for query in (b"_=0.123", b"_=17", b"sent_at=x", b"_=1700000000000"):
        assert sort(event, query=query).accepted[0].at == NOW - 5000
    assert sort(event, query=b"_=1699999000000").accepted[0].at == NOW - 5000 + 1_000_000


def test_what_was_refused_goes_with_what_its_batch_says() -> None:
    body = b'{"api_key":"k","sent_at":"2023-11-14T22:13:20Z","batch":[{"event":"$snapshot"}]}'
    assert orjson.loads(PostHog().read(body, head()).outer()) == {
        "api_key": "k",
        "sent_at": "2023-11-14T22:13:20Z",
        "batch": [],
    }


def test_the_newer_path_names_what_it_dropped_by_id() -> None:
    found = sort({"batch": [{"event": "A", "distinct_id": "d"}, {"event": "$snapshot", "uuid": "e-2"}]})
    reply = PostHogResults().reply(Result(len(found.accepted), found.refused, ""), head())
    content = orjson.loads(reply.body)
    assert (content["status"], content["accepted"]) == ("Ok", 1)
    assert list(content["results"]) == ["e-2"]
    assert content["results"]["e-2"]["result"] == "drop"


def test_the_newer_path_says_the_library_in_the_head() -> None:
    event = {"event": "A", "distinct_id": "d"}
    (touchpoint,) = sort(event, posthog_sdk_info="posthog-python/7.1").accepted
    assert orjson.loads(bytes(touchpoint.properties)) == {"$lib": "posthog-python", "$lib_version": "7.1"}


def test_an_e_mail_as_distinct_id_is_kept_as_a_hash_alone() -> None:
    touchpoint = accepted(distinct_id="anna@x.ch", properties={"$is_identified": True})
    assert named(touchpoint) == ["user_id:None", "distinct_id:None"]


def test_without_cookies_nothing_tells_visits_together() -> None:
    properties = {"$cookieless_mode": True, "$session_id": "s", "$groups": {"company": "acme"}, "a": 1}
    touchpoint = accepted(properties=properties, **{"$set": {"plan": "pro"}})
    assert [each.type for each in touchpoint.identifiers] == ["daily_id"]
    assert (touchpoint.consent_linking, touchpoint.account, touchpoint.alias) == (False, "", [])
    assert b"$session_id" not in bytes(touchpoint.properties)
    assert bytes(touchpoint.traits) == b""


def owner(identifier: str, touchpoints: list[Touchpoint]) -> int:
    """Who owns an identifier after these, the last of them at the end of all."""
    links = [link for each in touchpoints for link in links_of(each, event_key(each.id))]
    known = frozenset(each.key for one in touchpoints for each in one.identifiers if each.type == "user_id")
    kind, _, value = identifier.partition(":")
    key = identifier_key(WORKSPACE.salt_bytes, kind, value)
    found = resolve(links, known).get(key)
    return found.at(NOW) if found else key


def told(*events: Json) -> list[Touchpoint]:
    """As they happened, a second apart; stamped in the order of these arguments."""
    found = []
    for stamp, event in enumerate(events):
        touchpoint = accepted(**{name: each for name, each in event.items() if name != "at"})
        touchpoint.at, touchpoint.stamp = NOW - 60_000 + 1000 * event["at"], NOW + stamp
        found.append(touchpoint)
    return found


LOGIN = {
    "event": "$identify",
    "distinct_id": "u-1",
    "properties": {"$anon_distinct_id": "b-1", "$device_id": "b-1"},
}
STORY = [
    {"at": 1, "distinct_id": "b-1", "properties": BROWSER},
    {"at": 2, "distinct_id": "b-1"},
    {"at": 3, "event": "$set", "distinct_id": "u-1", "$set": {"email": "a@x.ch"}},
    {"at": 4, **LOGIN},
    {"at": 5, "distinct_id": "u-1"},
]


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_browser_and_server_meet_in_one_person_in_any_order(order: tuple[int, ...]) -> None:
    """The server was passed the browser's id, and knows the user's address and id; only the browser knows both."""
    touchpoints = told(*(STORY[index] for index in order))
    everyone = ("user_id:u-1", "anonymous_id:b-1", "distinct_id:b-1", "distinct_id:u-1", "anonymous_id:u-1")
    assert len({owner(each, touchpoints) for each in (*everyone, "email:a@x.ch")}) == 1


@pytest.mark.parametrize(
    "alias",
    [
        {"distinct_id": "u-1", "properties": {"alias": "b-1"}},
        {"distinct_id": "b-1", "properties": {"alias": "u-1", "$lib": "posthog-python"}},
        {"distinct_id": "b-1", "properties": {"alias": "u-1", **BROWSER}},
    ],
)
@pytest.mark.parametrize("visit", [BROWSER, {}])
def test_an_alias_joins_a_user_and_its_former_id(alias: Json, visit: Json) -> None:
    visited = {"at": 1, "distinct_id": "b-1", "properties": visit}
    ordered = {"at": 3, "distinct_id": "u-1"}
    for events in permutations([visited, {"at": 2, "event": "$create_alias", **alias}, ordered]):
        touchpoints = told(*events)
        assert (
            len(
                {owner(each, touchpoints) for each in ("user_id:u-1", "anonymous_id:b-1", "anonymous_id:u-1")}
            )
            == 1
        )


@pytest.mark.parametrize(
    ("distinct_id", "alias", "left"),
    [
        ("u-1", "u-1", "u-1"),
        ("u-1", " u-1 ", "u-1"),
        ("u-1", "null", "u-1"),
        ("null", "b-1", "b-1"),
        ("u-1", None, "u-1"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"$lib": "posthog-python"}, BROWSER])
def test_an_alias_to_itself_or_with_one_side_blocked_links_nothing(
    distinct_id: str, alias: str | None, left: str, more: Json
) -> None:
    found = accepted(event="$create_alias", distinct_id=distinct_id, properties={"alias": alias, **more})
    assert [(each.type, each.key) for each in found.identifiers] == [("distinct_id", key_in_shop(left))]
    assert found.alias == []
    assert links_of(found, b"e") == []


def key_in_shop(value: str) -> int:
    return identifier_key(WORKSPACE.salt_bytes, "distinct_id", value)


def test_an_alias_of_two_known_users_joins_nobody() -> None:
    users = [{"at": n, "distinct_id": f"u-{n}", "properties": {"$is_identified": True}} for n in (1, 2)]
    alias = {"at": 3, "event": "$create_alias", "distinct_id": "u-1", "properties": {"alias": "u-2"}}
    touchpoints = told(*users, alias)
    assert owner("user_id:u-1", touchpoints) != owner("user_id:u-2", touchpoints)


def test_after_a_logout_the_browser_is_the_next_users() -> None:
    """posthog-js has a new distinct_id then, and keeps its `$device_id`."""
    after = {"$device_id": "b-1", "$is_identified": False}
    touchpoints = told(
        {"at": 1, "distinct_id": "b-1", "properties": BROWSER},
        {"at": 2, **LOGIN},
        {"at": 3, "distinct_id": "b-2", "properties": after},
        {
            "at": 4,
            "event": "$identify",
            "distinct_id": "u-2",
            "properties": {"$anon_distinct_id": "b-2", **after},
        },
    )
    assert named(touchpoints[2]) == ["anonymous_id:b-2"]
    assert owner("anonymous_id:b-1", touchpoints) == owner("user_id:u-1", touchpoints)
    assert owner("anonymous_id:b-2", touchpoints) == owner("user_id:u-2", touchpoints)
    assert owner("user_id:u-1", touchpoints) != owner("user_id:u-2", touchpoints)


def test_what_is_kept_can_be_read_again() -> None:
    """Raw JSON goes to the log as it is."""
    touchpoint = accepted(properties={"n": 2**63, "$groups": {"company": "a"}}, **{"$set": {"a": [1]}})
    again = msgspec.json.decode(msgspec.json.encode(touchpoint), type=Touchpoint)
    assert orjson.loads(bytes(again.properties)) == {"n": 2**63, "$groups": {"company": "a"}}

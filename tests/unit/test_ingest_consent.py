"""What the collector makes of consent and of addresses, before anything is written."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posted import head

from etappe.identifiers import DAILY
from etappe.touchpoint import Touchpoint, decode_touchpoint, encode_record
from etappe.workspaces import Workspace
from ingest.drafts import NOBODY, Sender, Visitor, truncated
from ingest.keys import Caller
from ingest.pipeline import sort_events
from ingest.protocols.native import read_events
from ingest.visitors import ProxyHeaders
from stitcher.identity.linking import links_of

WORKSPACE = Workspace("shop", "00" * 32)
NOW = 1_700_000_000_000
DAY = 86_400_000
VISITOR = Visitor("Mozilla/5.0", "CH", "203.0.113.0/24")
DENIED = {"consent": {"analytics": False}}


def taken(
    event: dict[str, Any], visitor: Visitor = NOBODY, now: int = NOW, workspace: Workspace = WORKSPACE
) -> Touchpoint | str:
    """The touchpoint that an event becomes, or the code of its refusal."""
    sender = Sender(Caller("write", workspace, workspace.salt_bytes), now, "native", visitor)
    body = orjson.dumps({"event": "A", "id": "i", **event})
    found = sort_events(read_events(body), sender)
    if found.refused:
        return found.refused[0].refusal.reason.code
    return decode_touchpoint(encode_record(found.accepted[0]))


def keys(touchpoint: Touchpoint | str) -> list[tuple[str, int]]:
    assert isinstance(touchpoint, Touchpoint)
    return [(each.type, each.key) for each in touchpoint.identifiers]


CANARIES = {
    "identifiers": {
        "anonymous_id": "canary-anonymous",
        "user_id": "canary-user",
        "email": "canary@example.ch",
    },
    "account": "canary-account",
    "traits": {"plan": "canary-trait"},
    "page": {
        "url": "https://shop.ch/a?gclid=canary-click#canary-part",
        "referrer": "https://x.ch/?q=canary-term",
    },
    "context": {"ip": "198.51.100.77"},
}


@pytest.mark.parametrize("more", [{}, {"unknown": 1}], ids=["plain", "one by one"])
def test_nothing_that_names_a_person_is_left_without_consent(more: dict[str, Any]) -> None:
    keeps_all = replace(WORKSPACE, keep_ip=True, keep_traits=True)
    touchpoint = taken({**CANARIES, **DENIED, **more}, VISITOR, workspace=keeps_all)
    assert isinstance(touchpoint, Touchpoint)
    record = encode_record(touchpoint)
    assert b"canary" not in record and b"198.51" not in record and b"203.0" not in record
    assert touchpoint.page.path == "/a"
    assert [each.type for each in touchpoint.identifiers] == [DAILY]
    assert links_of(touchpoint, b"") == []


def test_with_consent_the_same_event_keeps_what_the_workspace_keeps() -> None:
    touchpoint = taken(CANARIES, VISITOR, workspace=replace(WORKSPACE, keep_ip=True))
    assert isinstance(touchpoint, Touchpoint)
    assert (touchpoint.ip, touchpoint.account) == ("198.51.100.0/24", "canary-account")
    assert [each.type for each in touchpoint.identifiers] == ["user_id", "email", "anonymous_id"]


def test_without_consent_a_visitor_counts_once_a_day_and_never_twice_the_same() -> None:
    seen = {**DENIED, "identifiers": {"anonymous_id": "a-1"}}
    today = keys(taken({**seen, "at": NOW}))
    assert keys(taken({**seen, "at": NOW + 1000})) == today
    assert keys(taken({**seen, "at": NOW + DAY}, now=NOW + DAY)) != today
    assert keys(taken({**seen, "at": NOW, "identifiers": {"anonymous_id": "a-2"}})) != today
    assert keys(taken({**seen, "at": NOW}, workspace=replace(WORKSPACE, salt="11" * 32))) != today


def test_without_any_identifier_the_visitor_is_counted_by_address_and_agent() -> None:
    today = keys(taken(DENIED, VISITOR))
    assert today and keys(taken(DENIED, VISITOR)) == today
    assert keys(taken(DENIED, VISITOR._replace(agent="another"))) != today
    assert keys(taken(DENIED, VISITOR._replace(address="198.51.100.0/24"))) != today
    assert taken(DENIED) == "missing_identifier"  # a server: its own address says nothing of the visitor


def test_nobody_but_the_collector_makes_daily_ids() -> None:
    assert taken({"identifiers": {DAILY: "x"}}) == "bad_identifier"


@pytest.mark.parametrize("granted", [True, False])
def test_the_workspace_says_what_silence_means(granted: bool) -> None:
    workspace = replace(WORKSPACE, consent_default=granted)
    touchpoint = taken({"identifiers": {"anonymous_id": "a"}}, workspace=workspace)
    assert isinstance(touchpoint, Touchpoint)
    assert (touchpoint.consent_analytics, touchpoint.consent_linking) == (granted, granted)
    assert [each.type for each in touchpoint.identifiers] == (["anonymous_id"] if granted else [DAILY])


def test_without_consent_to_linking_identifiers_stay_and_make_no_link() -> None:
    said = {"identifiers": {"anonymous_id": "a", "user_id": "u"}, "consent": {"linking": False}}
    touchpoint = taken(said)
    assert isinstance(touchpoint, Touchpoint)
    assert [each.type for each in touchpoint.identifiers] == ["user_id", "anonymous_id"]
    assert links_of(touchpoint, b"") == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        (" 203.0.113.77 ", "203.0.113.0/24"),
        ("2001:db8:1234:5678::1", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("localhost", ""),
        ("", ""),
        ("999.1.1.1", ""),
    ],
)
def test_addresses_are_truncated(address: str, network: str) -> None:
    assert truncated(address) == network


@given(st.ip_addresses())
def test_of_no_address_more_than_its_network_is_left(address: IPv4Address | IPv6Address) -> None:
    network = ip_network(truncated(str(address)))
    assert network.prefixlen in (24, 48) and network.num_addresses >= 256


@given(st.text(max_size=60))
def test_what_is_no_address_gives_nothing(text: str) -> None:
    found = truncated(text)
    assert found == "" or ip_network(found).prefixlen in (24, 48)


def test_the_address_is_the_connections_unless_a_proxy_is_named() -> None:
    asked = head(x_forwarded_for="10.0.0.1, 198.51.100.9", cf_ipcountry="ch", user_agent="UA")
    asked._scope["client"] = ("203.0.113.5", 1)
    assert ProxyHeaders().visitor(asked) == Visitor("UA", "", "203.0.113.0/24")
    behind = ProxyHeaders(b"x-forwarded-for", b"cf-ipcountry").visitor(asked)
    assert behind == Visitor("UA", "ch", "198.51.100.0/24")


def test_trackers_that_are_to_know_nobody_ask_for_no_address() -> None:
    asked = head(sp_anonymous="*", user_agent="UA")
    asked._scope["client"] = ("203.0.113.5", 1)
    assert ProxyHeaders().visitor(asked).address == ""

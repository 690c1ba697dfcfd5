"""What nobody may find in the log, whatever the protocol: keys, addresses, and who denied consent.

The records are read through the log's own reader and looked at decoded: in the files they are packed.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import orjson
import pytest
from collecting.site import HOUR, NOW, Site, collecting, event

from etappe.clock import iso
from etappe.settings import read_settings
from etappe.touchpoint import Reject, Touchpoint
from etappe.workspaces import write_register

OLD = NOW - 100 * HOUR
"""Refused as too old: by then everything else in the event has been read."""

ANNA = "anna-77"
"""A raw id, which nothing that is kept of a denied event may hold."""

AGENT = "Mozilla/5.0 (X11)"
SNOWPLOW = "/com.snowplowanalytics.snowplow/tp2"
SPELLED = "com.snowplowanalytics.snowplow"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as made:
        yield made


def described(name: str, data: Any, vendor: str = SPELLED) -> dict[str, Any]:
    return {"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-0", "data": data}


def packed(content: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def unstruct(name: str, data: Any) -> dict[str, Any]:
    return described("unstruct_event", described(name, data))


def native(**more: Any) -> dict[str, Any]:
    return event(id="bad", identifiers={"user_id": ANNA}, at=OLD, **more)


def segment(**more: Any) -> dict[str, Any]:
    when = iso(OLD)
    return {"messageId": "bad", "type": "track", "event": "A", "userId": ANNA, "timestamp": when, **more}


def posthog(distinct_id: str = ANNA, **properties: Any) -> dict[str, Any]:
    named = {"$device_id": ANNA, **properties}
    return {
        "uuid": "bad",
        "event": "A",
        "distinct_id": distinct_id,
        "timestamp": iso(OLD),
        "properties": named,
    }


def snowplow(**more: Any) -> dict[str, Any]:
    named = {
        "uid": ANNA,
        "duid": ANNA,
        "url": f"https://x.ch/?gclid={ANNA}",
        "refr": f"https://y.ch/?u={ANNA}",
    }
    return {"eid": "bad", "e": "pv", "p": "web", "ttm": str(OLD), **named, **more}


def rudder(**more: Any) -> dict[str, Any]:
    return segment(context={"consentManagement": more})


def texts(value: Any) -> Iterator[str]:
    """All names and texts of a record, also inside of JSON in a text and of base64."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    else:
        yield str(value)
        with suppress(ValueError):  # most texts are no base64
            yield base64.urlsafe_b64decode(str(value).encode() + b"===").decode("latin-1")


async def everything(site: Site) -> str:
    """What the log says, decoded."""
    records = [*await site.stored(), *await site.rejects()]
    assert records
    return "\n".join(text for each in records for text in texts(decoded(each)))


def decoded(record: Touchpoint | Reject) -> Any:
    """With the JSON that is kept raw in it."""
    return msgspec.json.decode(msgspec.json.encode(record))


async def post(site: Site, path: str, body: Any, **headers: str) -> httpx.Response:
    return await site.send(body, path=path, headers={"user-agent": AGENT, **headers})


async def ask(site: Site, path: str, parameters: dict[str, str], **headers: str) -> httpx.Response:
    """A picture's address."""
    query = urlencode({"writeKey": site.keys["write"], **parameters})
    return await site.client.get(f"{path}?{query}", headers={"user-agent": AGENT, **headers})


DENIED: dict[str, tuple[str, Any]] = {
    "native": ("/v1/touchpoints", native(consent={"analytics": False})),
    "native, in a text": ("/v1/touchpoints", native(consent={"analytics": "no"})),
    "native, as a number": ("/v1/touchpoints", native(consent={"analytics": 0})),
    "native, no object": ("/v1/touchpoints", native(consent="no")),
    "beacon": ("/b", {"events": [native(consent={"analytics": False})]}),
    "segment": ("/v1/track", segment(context={"consent": {"categoryPreferences": {"Analytics": False}}})),
    "segment, in a text": (
        "/v1/track",
        segment(context={"consent": {"categoryPreferences": {"Analytics": "no"}}}),
    ),
    "segment, for the batch": (
        "/v1/batch",
        {"context": {"consent": {"categoryPreferences": {"Analytics": False}}}, "batch": [segment()]},
    ),
    "rudderstack": ("/v1/track", rudder(deniedConsentIds=["analytics"], allowedConsentIds=["marketing"])),
    "rudderstack, no list": ("/v1/track", rudder(deniedConsentIds="analytics")),
    "rudderstack, unreadable": ("/v1/batch", {"batch": [rudder(deniedConsentIds=["C0002"]) | {"type": "buy"}]}),
    "posthog, cookieless": ("/e", posthog(**{"$cookieless_mode": True})),
    "posthog, cookieless in a text": ("/e", posthog(**{"$cookieless_mode": "true"})),
    "posthog, nobody": ("/e", posthog("$posthog_cookieless")),
    "posthog, unreadable": ("/e", posthog("$posthog_cookieless", a=1) | {"event": 5}),
    "snowplow, withdrawn": (
        SNOWPLOW,
        described(
            "payload_data",
            [snowplow(e="ue", ue_pr=orjson.dumps(unstruct("consent_withdrawn", {"all": True})).decode())],
        ),
    ),
    "snowplow, preferences": (
        SNOWPLOW,
        described(
            "payload_data",
            [snowplow(e="ue", ue_px=packed(unstruct("consent_preferences", {"eventType": "deny_all"})))],
        ),
    ),
    "snowplow, withdrawn in an entity": (
        SNOWPLOW,
        described(
            "payload_data",
            [snowplow(e="xx", cx=packed(described("contexts", [described("consent_withdrawn", {"all": True})])))],
        ),
    ),
}  # fmt: skip

PIXEL = {"id": "bad", "event": "A", "user_id": ANNA, "at": iso(OLD), "page.url": f"https://x.ch/?u={ANNA}"}
SEGMENT_DENIED = segment(context={"consent": {"categoryPreferences": {"Analytics": False}}})
PICTURES: dict[str, tuple[str, dict[str, str]]] = {
    "pixel": ("/b.gif", {**PIXEL, "consent.analytics": "false"}),
    "pixel, in capitals": ("/b.gif", {**PIXEL, "consent.analytics": "FALSE"}),
    "pixel, alone": ("/b.gif", {**PIXEL, "consent": "false"}),
    "segment": ("/v1/pixel/track", {"data": packed(SEGMENT_DENIED)}),
    "posthog": ("/e", {"data": packed(posthog(**{"$cookieless_mode": True}))}),
    "snowplow": ("/i", snowplow(e="ue", ue_px=packed(unstruct("consent_withdrawn", {"all": True})))),
}


async def check_nothing_is_kept(site: Site, reply: httpx.Response) -> None:
    assert reply.status_code == 400, reply.text
    assert await site.stored() == []
    (kept,) = await site.rejects()
    assert (kept.id, bytes(kept.body), bytes(kept.outer)) == ("bad", b"null", b"")
    assert (kept.agent, kept.country, kept.marks, kept.stamp) == ("", "", [], NOW)
    assert kept.reason
    assert ANNA not in await everything(site)


@pytest.mark.parametrize("case", DENIED)
async def test_of_a_refused_event_that_denies_consent_only_id_reason_and_time_are_kept(
    site: Site, case: str
) -> None:
    path, body = DENIED[case]
    await check_nothing_is_kept(site, await post(site, path, body, origin="https://shop.ch"))


@pytest.mark.parametrize("case", PICTURES)
async def test_so_of_one_that_comes_as_a_pictures_address(site: Site, case: str) -> None:
    path, sent = PICTURES[case]
    await check_nothing_is_kept(site, await ask(site, path, sent))


@pytest.mark.parametrize("kind", ["pv", "xx"], ids=["too old", "not readable"])
async def test_so_of_one_that_comes_anonymously(site: Site, kind: str) -> None:
    body = described("payload_data", [snowplow(e=kind)])
    headers = {"sp-anonymous": "*", "origin": "https://shop.ch"}
    await check_nothing_is_kept(site, await post(site, SNOWPLOW, body, **headers))


async def test_of_one_that_consents_the_body_is_kept(site: Site) -> None:
    """Otherwise the tests above would hold for a collector that keeps nothing at all."""
    granted = {
        "/v1/touchpoints": native(consent={"analytics": True}),
        "/v1/track": rudder(deniedConsentIds=["marketing"], allowedConsentIds=["analytics"]),
        "/e": posthog(**{"$cookieless_mode": False}),
        SNOWPLOW: described("payload_data", [snowplow()]),
    }
    for path, body in granted.items():
        await post(site, path, body, origin="https://shop.ch")
    kept = await site.rejects()
    assert len(kept) == len(granted)
    assert [ANNA.encode() in bytes(each.body) for each in kept] == [True] * len(granted)


async def test_a_grant_is_heard_where_the_workspace_takes_silence_for_a_no(
    site: Site, tmp_path: Path
) -> None:
    denying = replace(site.workspace, consent_default=False)
    write_register(read_settings(data_dir=tmp_path).workspaces, site.register.with_workspace(denying))
    granted = unstruct("consent_granted", {"version": "1"})
    one, other = snowplow(e="ue", ue_px=packed(granted)), snowplow()
    await post(site, SNOWPLOW, described("payload_data", [one, other]), origin="https://shop.ch")
    assert [bytes(each.body) == b"null" for each in await site.rejects()] == [False, True]


async def test_no_key_stands_in_the_log_whoever_carried_it(site: Site) -> None:
    key = site.keys["write"]
    bad = {"timestamp": "zzz", "event": "A", "distinct_id": "d", "uuid": "bad"}
    bodies: list[tuple[str, Any]] = [
        ("/b", {"key": key, **event(at="zzz")}),
        ("/b", {"key": key, "events": [{"key": key, **event(at="zzz")}]}),
        ("/b", {"key": key, **event(at=key)}),
        ("/v1/touchpoints", {"key": key, **event(at="zzz", properties={"note": f"sent with {key}", key: 1})}),
        ("/v1/track", {"writeKey": key, "write_key": key, "event": "A", "userId": "u", "timestamp": "zzz"}),
        ("/v1/batch", {"writeKey": key, "batch": [{"type": "track", "userId": "u", "writeKey": key}]}),
        ("/e", {**bad, "$token": key}),
        ("/e", {**bad, "api_key": key}),
        ("/e", {**bad, "token": key}),
        ("/e", {**bad, "properties": {"token": key, "$token": key, "page": f"https://x.ch/?k={key}"}}),
        ("/batch", {"api_key": key, "batch": [{**bad, "$token": key}]}),
    ]
    for path, body in bodies:
        assert (await post(site, path, body)).status_code == 400, (path, body)
        in_body = await site.client.post(path, content=orjson.dumps(body))
        assert in_body.status_code in (400, 401)
    await ask(site, "/b.gif", {"key": key, "event": "A", "user_id": "u", "at": "zzz"})
    assert len(await site.rejects()) > len(bodies)
    assert key not in await everything(site)


async def test_a_key_of_an_unknown_form_is_none_that_a_beacon_shows(site: Site) -> None:
    await post(site, "/b", {"key": "not-ours-1", **event(at="zzz")})
    await post(site, "/e", {"event": "A", "distinct_id": "d", "timestamp": "zzz", "$token": "not-ours-1"})
    assert "not-ours-1" not in await everything(site)


@pytest.mark.parametrize("agent", ["Mozilla anna.muster@example.ch", "Mozilla anna.muster%40example.ch"])
async def test_no_address_of_an_agent_stands_in_the_log(site: Site, agent: str) -> None:
    headers = {"user-agent": agent, "origin": "https://shop.ch"}
    for path, good in (
        ("/v1/touchpoints", event()),
        ("/b", event()),
        ("/v1/track", {"event": "A", "userId": "u"}),
        ("/e", {"event": "A", "distinct_id": "d"}),
        (SNOWPLOW, described("payload_data", [{"e": "pv", "p": "web", "uid": "u"}])),
    ):
        assert (await site.send(good, path=path, headers=headers)).status_code < 300
    await site.send(event(at="zzz"), headers=headers)
    assert {each.user_agent for each in await site.stored()} == {"Mozilla [redacted]"}
    assert [each.agent for each in await site.rejects()] == ["Mozilla [redacted]"]
    assert "anna" not in await everything(site)


async def test_an_agents_address_is_taken_out_before_the_agent_is_cut(site: Site) -> None:
    agent = "x" * 985 + " anna.muster@example.ch"
    await site.send(event(), headers={"user-agent": agent, "origin": "https://shop.ch"})
    assert "anna" not in await everything(site)


async def test_no_ip_address_stands_in_the_log(site: Site) -> None:
    address = "203.0.113.77"
    for path, body in (
        ("/e", posthog(**{"$ip": address, "ip": address, "ip_address": address})),
        ("/e", {**posthog(**{"$ip": address}), "timestamp": NOW}),
        ("/v1/track", segment(context={"ip": address})),
        ("/v1/touchpoints", native(context={"ip": address})),
        (SNOWPLOW, described("payload_data", [snowplow(ip=address)])),
    ):
        await post(site, path, body, origin="https://shop.ch")
    assert len(await site.rejects()) == 4
    assert address not in await everything(site)


async def test_two_ids_of_which_nothing_is_left_are_not_one_person(site: Site) -> None:
    for half in (rb"\ud83d", rb"\udc00\ud83d"):
        reply = await site.send(b'{"event":"A","identifiers":{"user_id":"%b"}}' % half)
        assert reply.json()["rejected"][0]["reason"] == "missing_identifier"

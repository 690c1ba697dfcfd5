"""What browsers send without an SDK, and what the collector makes of a request's head."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from etappe.eventlog import COLLECTOR_TOPICS, TOUCHPOINTS, EventLog, connect_log
from etappe.settings import read_settings
from etappe.touchpoint import Touchpoint, decode_touchpoint
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from ingest.app import create_app
from ingest.receipts import GIF

NOW = 1_700_000_000_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
PAGE = "https://shop.example.ch"


class Site:
    """A collector with one workspace, its keys, and a look into its log."""

    def __init__(self, client: httpx.AsyncClient, log: EventLog, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys
        self._log = log

    async def stored(self) -> list[Touchpoint]:
        records = await self._log.read(TOUCHPOINTS, await self._log.starts(TOUCHPOINTS), 10_000)
        return [decode_touchpoint(record.value) for record in records]

    async def beacon(self, body: Any, **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"content-type": "text/plain", "origin": PAGE, "user-agent": AGENT} | more.pop(
            "headers", {}
        )
        return await self.client.post("/b", content=content, headers=headers, **more)

    async def pixel(self, key: str | None = None, method: str = "GET", **fields: Any) -> httpx.Response:
        params = {"key": key or self.keys["write"], **fields}
        return await self.client.request(method, "/b.gif", params=params, headers={"user-agent": AGENT})


Make = Callable[..., Any]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """`await make(settings={…}, workspace={…}, write={…})` opens a collector."""
    opened: list[tuple[httpx.AsyncClient, EventLog]] = []

    async def make_site(
        settings: dict[str, Any] | None = None,
        workspace: dict[str, Any] | None = None,
        write: dict[str, Any] | None = None,
    ) -> Site:
        read = read_settings(data_dir=tmp_path, **(settings or {}))
        register = Register().with_workspace(replace(new_workspace("shop"), **(workspace or {})))
        keys: dict[str, str] = {}
        for kind in ("write", "secret", "read", "admin"):
            more = (write or {}) if kind == "write" else {}
            register, _, keys[kind] = register.with_key(kind, "shop", NOW, **more)
        write_register(read.workspaces, register)
        log = await connect_log(read.log, COLLECTOR_TOPICS)
        app = create_app(read, log, RegisterFile(read.workspaces), lambda: NOW)
        transport = httpx.ASGITransport(app, client=("203.0.113.77", 4711))
        client = httpx.AsyncClient(transport=transport, base_url="http://collector")
        opened.append((client, log))
        return Site(client, log, keys)

    yield make_site
    for client, log in opened:
        await client.aclose()
        await log.close()


@pytest.fixture
async def site(make: Make) -> Site:
    return await make()


def event(**fields: Any) -> dict[str, Any]:
    return {"id": "e-1", "event": "Clicked", "identifiers": {"anonymous_id": "a-1"}, **fields}


async def test_a_beacon_carries_its_key_in_the_body(site: Site) -> None:
    envelope = {"key": site.keys["write"], "events": [event(), event(id="e-2"), {"event": ""}]}
    reply = await site.beacon(envelope)
    assert reply.status_code == 202 and reply.json()["accepted"] == 2
    assert [each["reason"] for each in reply.json()["rejected"]] == ["missing_event"]
    assert sorted(each.id for each in await site.stored()) == ["e-1", "e-2"]
    assert {each.source for each in await site.stored()} == {"beacon"}


@pytest.mark.parametrize("shape", ["one with its key", "one", "list", "lines"])
async def test_a_beacon_takes_what_the_native_path_takes(site: Site, shape: str) -> None:
    key, one = site.keys["write"], event()
    bodies = {
        "one with its key": orjson.dumps({"key": key, **one}),
        "one": orjson.dumps(one),
        "list": orjson.dumps([one]),
        "lines": orjson.dumps(one) + b"\n" + orjson.dumps(one),
    }
    reply = await site.beacon(bodies[shape], params={} if shape == "one with its key" else {"key": key})
    assert reply.status_code == 202 and reply.json()["accepted"] == (2 if shape == "lines" else 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 401), (b"not json", 401), (b'{"key":5,"events":[]}', 401), (b'{"key":"unknown"}', 401), (b"", 401),
    ],
)  # fmt: skip
async def test_a_beacon_without_a_known_key_learns_nothing(site: Site, body: bytes, status: int) -> None:
    assert (await site.beacon(body)).status_code == status


async def test_an_empty_envelope_is_malformed(site: Site) -> None:
    assert (await site.beacon({"key": site.keys["write"], "events": []})).status_code == 400


async def test_a_pixel_is_one_event_in_an_address(site: Site) -> None:
    fields = {
        "event": "Email Opened", "id": "mail-7", "anonymous_id": "a-1", "email": "Anna@Example.ch",
        "campaign.source": "news", "page.url": f"{PAGE}/a?x=1", "value": "12.5", "seq": "3", "offline": "false",
        "properties.issue": "17", "properties.kind": "news letter", "consent.linking": "true", "_": "cachebuster",
    }  # fmt: skip
    reply = await site.pixel(**fields)
    assert (reply.status_code, reply.content, reply.headers["content-type"]) == (200, GIF, "image/gif")
    assert "no-store" in reply.headers["cache-control"] and reply.headers["x-etappe-position"]
    (stored,) = await site.stored()
    assert (stored.event, stored.id, stored.value, stored.seq) == ("Email Opened", "mail-7", 12.5, 3)
    assert [each.type for each in stored.identifiers] == ["email", "anonymous_id"]
    assert (stored.campaign.source, stored.page.path, stored.source) == ("news", "/a", "pixel")
    assert orjson.loads(bytes(stored.properties)) == {"issue": 17, "kind": "news letter"}
    assert stored.user_agent == AGENT


async def test_a_refused_pixel_is_a_picture_that_says_why(site: Site) -> None:
    reply = await site.pixel(event="Email Opened")
    assert (reply.status_code, reply.content) == (400, GIF)
    assert reply.headers["x-etappe-rejected"] == "missing_identifier=1"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"event": "A", "anonymous_id": "a", "value": "much"}, "bad_type=1"),
        ({"event": "A", "anonymous_id": "a", "offline": "perhaps"}, "bad_type=1"),
        ({"event": "A", "anonymous_id": "a", "at": "soon"}, "bad_time=1"),
        ({"anonymous_id": "a"}, "missing_event=1"),
        ({"event": "A", "page": "x", "page.url": "/a", "anonymous_id": "a"}, "bad_type=1"),
    ],
)
async def test_fields_of_a_pixel_are_checked_like_those_of_a_body(
    site: Site, fields: dict[str, str], reason: str
) -> None:
    assert (await site.pixel(**fields)).headers["x-etappe-rejected"] == reason


async def test_a_head_request_to_the_pixel_has_no_body_and_stores_nothing(site: Site) -> None:
    reply = await site.pixel(method="HEAD", event="A", anonymous_id="a")
    assert (reply.status_code, reply.content) == (200, b"")
    assert await site.stored() == []


@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({}, (False, False)),
        ({"analytics": True}, (True, False)),
        ({"analytics": True, "linking": True}, (True, True)),
    ],
)
async def test_a_browsers_signal_denies_what_the_event_does_not_grant(
    site: Site, signal: str, said: dict[str, bool], stored: tuple[bool, bool]
) -> None:
    key = {"key": site.keys["write"]}
    await site.beacon(event(id="beacon", consent=said), params=key, headers={signal: "1"})
    fields = {"event": "A", "id": "pixel", "anonymous_id": "a-1"}
    granted = {f"consent.{name}": "true" for name in said}
    await site.client.get("/b.gif", params=key | fields | granted, headers={signal: "1"})
    await site.client.get(
        "/i", params=key | {"e": "pv", "eid": "snowplow", "duid": "d"}, headers={signal: "1"}
    )
    found = {each.id: (each.consent_analytics, each.consent_linking) for each in await site.stored()}
    assert found == {"beacon": stored, "pixel": stored, "snowplow": (False, False)}


async def test_the_signal_is_heard_with_beacons_and_pixels_alone(site: Site) -> None:
    for value, path in (("1", "/v1/touchpoints"), ("0", "/b")):
        headers = {"sec-gpc": value, "origin": PAGE}
        await site.client.post(path, json=event(id=path), params={"key": site.keys["write"]}, headers=headers)
    assert [each.consent_analytics for each in await site.stored()] == [True, True]


async def test_the_script_is_anybodys_and_takes_no_credentials(site: Site) -> None:
    reply = await site.client.get("/etappe.js")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in reply.headers
    asked = await site.client.get("/etappe.js", headers={"origin": PAGE})
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert asked.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize(("key", "status"), [("unknown", 401), ("read", 403)])
async def test_a_pixel_needs_a_key_that_may_send(site: Site, key: str, status: int) -> None:
    reply = await site.pixel(key=site.keys.get(key, key), event="A", anonymous_id="a")
    assert reply.status_code == status


async def test_a_page_may_ask_what_it_may_send(site: Site) -> None:
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    reply = await site.client.options("/b", headers=asked)
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert reply.headers["access-control-allow-methods"] == "OPTIONS, POST"


async def test_a_browsers_head_names_its_agent_and_a_servers_does_not(site: Site) -> None:
    native = {"authorization": f"Bearer {site.keys['write']}", "user-agent": AGENT}
    secret = native | {"authorization": f"Bearer {site.keys['secret']}", "origin": PAGE}
    for number, headers in enumerate((native, native | {"origin": PAGE}, secret)):
        body = orjson.dumps(event(id=f"e-{number}"))
        assert (await site.client.post("/v1/touchpoints", content=body, headers=headers)).status_code == 202
    stored = {each.id: each.user_agent for each in await site.stored()}
    assert stored == {"e-0": "", "e-1": AGENT, "e-2": ""}


async def test_what_the_event_says_of_the_visitor_beats_the_head(make: Make) -> None:
    site = await make(settings={"country_header": "CF-IPCountry"})
    headers = {"cf-ipcountry": "ch"}
    said = event(id="said", context={"user_agent": "Other/1.0", "country": "de"})
    envelope = {"key": site.keys["write"], "events": [event(), said]}
    await site.beacon(envelope, headers=headers)
    stored = {each.id: (each.user_agent, each.country) for each in await site.stored()}
    assert stored == {"e-1": (AGENT, "CH"), "said": ("Other/1.0", "DE")}


async def test_no_address_is_kept_unless_the_workspace_says_so(make: Make) -> None:
    site = await make()
    await site.beacon({"key": site.keys["write"], **event()})
    assert [each.ip for each in await site.stored()] == [""]


async def test_a_kept_address_is_truncated(make: Make) -> None:
    site = await make(workspace={"keep_ip": True})
    await site.beacon({"key": site.keys["write"], **event()})
    assert [each.ip for each in await site.stored()] == ["203.0.113.0/24"]


async def test_a_visitor_without_consent_and_identifier_is_counted(site: Site) -> None:
    silent = {"event": "Page Viewed", "consent": {"analytics": False}}
    envelope = {"key": site.keys["write"], "events": [silent, silent]}
    assert (await site.beacon(envelope)).json()["accepted"] == 2
    stored = await site.stored()
    assert {each.identifiers[0].type for each in stored} == {"daily_id"}
    assert len({each.identifiers[0].key for each in stored}) == 1


async def test_a_key_is_good_on_its_own_origins(make: Make) -> None:
    site = await make(write={"origins": (PAGE,)})
    for origin, status in ((PAGE, 202), ("https://elsewhere.example", 403), ("null", 403)):
        reply = await site.beacon({"key": site.keys["write"], **event()}, headers={"origin": origin})
        assert reply.status_code == status, origin
    assert (await site.pixel(event="A", anonymous_id="a")).status_code == 200  # pictures name no origin
    refused = await site.beacon(
        {"key": site.keys["write"], **event()}, headers={"origin": "https://x.example"}
    )
    assert refused.json()["problems"][0]["field"] == "Origin"


async def test_a_key_above_its_rate_waits(make: Make) -> None:
    site = await make(write={"rate": 0.001})
    body = {"key": site.keys["write"], "events": [event(id=f"e-{n}") for n in range(5)]}
    assert (await site.beacon(body)).status_code == 202  # all that it has in hand
    late = await site.beacon(body)
    assert late.status_code == 429 and int(late.headers["retry-after"]) >= 1
    assert late.json()["problems"][0]["wanted"] == "at most 0.001 events a second"
    assert len(await site.stored()) == 5
    headers = {"authorization": f"Bearer {site.keys['secret']}"}
    other = await site.client.post("/v1/touchpoints", content=orjson.dumps(event()), headers=headers)
    assert other.status_code == 202  # another key has its own


async def test_the_setting_limits_keys_that_have_no_rate_of_their_own(make: Make) -> None:
    site = await make(settings={"rate_limit": 0.001})
    first = await site.pixel(event="A", anonymous_id="a")
    second = await site.pixel(event="A", anonymous_id="a")
    assert (first.status_code, second.status_code) == (200, 429)


@pytest.mark.parametrize(
    ("key", "sent", "kept"),
    [("secret", "spring-1", "spring-1"), ("write", "spring-1", ""), ("admin", "s", "s")],
)
async def test_servers_name_the_import_that_touchpoints_belong_to(
    site: Site, key: str, sent: str, kept: str
) -> None:
    headers = {"authorization": f"Bearer {site.keys[key]}", "x-etappe-import": sent}
    await site.client.post("/v1/touchpoints", content=orjson.dumps(event()), headers=headers)
    lanes = [*await site.stored(), *await imported(site)]
    assert [each.import_id for each in lanes] == [kept]


async def imported(site: Site) -> list[Touchpoint]:
    records = await site._log.read("imports", await site._log.starts("imports"), 100)
    return [decode_touchpoint(record.value) for record in records]


async def test_an_import_with_a_bad_name_is_refused(site: Site) -> None:
    headers = {"authorization": f"Bearer {site.keys['secret']}", "x-etappe-import": "a b"}
    reply = await site.client.post("/v1/touchpoints", content=orjson.dumps(event()), headers=headers)
    assert reply.status_code == 400 and reply.json()["problems"][0]["field"] == "X-Etappe-Import"

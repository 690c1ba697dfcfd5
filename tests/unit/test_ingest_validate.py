"""`POST /v1/validate`: how an event would be read, and what of it would be left out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from etappe.eventlog import COLLECTOR_TOPICS, TOUCHPOINTS, EventLog, connect_log
from etappe.identifiers import make_identifier
from etappe.settings import read_settings
from etappe.workspaces import Register, RegisterFile, Workspace, write_register
from ingest.app import create_app
from ingest.limits import BODY_BYTES

NOW = 1_795_253_400_000
SALT = "00" * 32
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@dataclass
class Site:
    client: httpx.AsyncClient
    log: EventLog
    keys: dict[str, str]

    async def ask(self, body: Any, key: str = "write", **parameters: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"authorization": f"Bearer {self.keys.get(key, key)}"}
        return await self.client.post("/v1/validate", content=content, headers=headers, params=parameters)

    async def read(self, body: Any, **parameters: str) -> dict[str, Any]:
        """How one event would be read."""
        reply = await self.ask(body, **parameters)
        assert (reply.status_code, reply.json()["accepted"]) == (200, 1), reply.text
        (event,) = reply.json()["events"]
        return event  # type: ignore[no-any-return]  # JSON

    async def dropped(self, body: Any, **parameters: str) -> dict[str, str]:
        """Why, by field."""
        return {each["field"]: each["why"] for each in (await self.read(body, **parameters))["dropped"]}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    settings = read_settings(data_dir=tmp_path)
    register, keys = Register().with_workspace(Workspace("shop", SALT)), {}
    for kind in ("write", "secret", "read", "admin"):
        register, _, keys[kind] = register.with_key(kind, "shop", NOW)
    register, _, keys["slow"] = register.with_key("write", "shop", NOW, rate=1)
    write_register(settings.workspaces, register)
    log = await connect_log(settings.log, COLLECTOR_TOPICS)
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://collector") as client:
        yield Site(client, log, keys)
    await log.close()


def event(**fields: Any) -> dict[str, Any]:
    return {"id": "e-1", "event": "Order Paid", "identifiers": {"user_id": "u-42"}, **fields}


async def test_an_event_is_shown_as_it_would_be_read(site: Site) -> None:
    page = {"url": "https://shop.ch/", "referrer": "https://www.google.com/"}
    identifiers = {"user_id": "u-42", "email": "Anna@Example.ch"}
    read = await site.read(
        event(identifiers=identifiers, page=page, at=NOW - 1, context={"user_agent": CHROME})
    )
    key = str(make_identifier(bytes.fromhex(SALT), "email", "anna@example.ch").key)
    assert read == {
        "index": 0,
        "id": "e-1",
        "event": "Order Paid",
        "at": "2026-11-21T09:29:59.999Z",
        "identifiers": [{"type": "user_id", "value": "u-42"}, {"type": "email", "key": key}],
        "channel": "organic_search",
        "device": {"type": "desktop", "browser": "Chrome", "os": "Linux"},
        "bot": False,
        "dropped": [],
    }


async def test_nothing_is_stored(site: Site) -> None:
    await site.ask([event(), event(event="")])
    ends = await site.log.ends(TOUCHPOINTS)
    assert sum(ends.offsets.values()) == 0


async def test_refused_events_are_listed_and_the_answer_is_200_all_the_same(site: Site) -> None:
    reply = await site.ask([event(event=""), event(id="good"), event(at="yesterday")])
    assert (reply.status_code, reply.json()["accepted"]) == (200, 1)
    assert [(each["index"], each["reason"]) for each in reply.json()["rejected"]] == [
        (0, "missing_event"),
        (2, "bad_time"),
    ]
    assert [(each["index"], each["id"]) for each in reply.json()["events"]] == [(1, "good")]
    none = await site.ask(event(event=""))
    assert (none.status_code, none.json()["accepted"], none.json()["events"]) == (200, 0, [])


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"colour": "red"}, "colour", "nobody reads it"),
        ({"page": {"url": "https://x.ch/", "host": "x.ch"}}, "page.host", "nobody reads it"),
        ({"identifiers": {"user_id": "u", "email": "null"}}, "identifiers.email", "blocked"),
        ({"traits": {"plan": "pro", "lastName": "B"}}, "traits.lastName", "personal"),
        ({"traits": {"lastName": "B"}}, "traits.lastName", "personal"),
        ({"properties": {"a": [{"email": "a@b.ch"}]}}, "properties.a.0.email", "personal"),
        ({"properties": {"note": "to a@b.ch"}}, "properties.note", "redacted"),
        ({"event": "Mail to a@b.ch"}, "event", "redacted"),
        ({"id": "a@b.ch"}, "id", "hash"),
        ({"channel": "a@b.ch"}, "channel", "redacted"),
        ({"campaign": {"source": "a@b.ch"}}, "campaign.source", "redacted"),
        ({"experiments": {"cta": "a@b.ch"}}, "experiments.cta", "redacted"),
        ({"context": {"user_agent": "UA (a@b.ch)"}}, "user_agent", "redacted"),
        ({"page": {"title": "a@b.ch"}}, "page.title", "redacted"),
        ({"page": {"url": "https://x.ch/?email=a&b=1"}}, "page.url", "taken out"),
        ({"page": {"url": "https://x.ch/", "referrer": "https://y.ch/?token=1"}}, "page.referrer", "taken"),
        ({"currency": "Fr."}, "currency", "three letters"),
        ({"context": {"country": "Schweiz"}}, "context.country", "two letters"),
        ({"context": {"ip": "203.0.113.7"}}, "ip", "does not keep"),
        ({"consent": {"analytics": False}}, "identifiers.user_id", "hash of the day"),
        ({"consent": {"analytics": False}, "traits": {"a": 1}}, "traits", "denied"),
        ({"consent": {"analytics": False}, "account": "acme"}, "account", "denied"),
        ({"consent": {"analytics": False}, "page": {"url": "https://x.ch/?a=1"}}, "page.url", "denied"),
        (
            {"consent": {"linking": False}, "identifiers": {"user_id": "u", "crm_id": "c"}},
            "identifiers",
            "not linked",
        ),
    ],
)
async def test_what_is_left_out_is_named_with_the_reason(
    site: Site, fields: dict[str, Any], field: str, why: str
) -> None:
    dropped = await site.dropped(event(**fields))
    assert why in dropped.get(field, f"{field} is not in {dropped}")
    assert "a@b.ch" not in str(dropped)


async def test_of_an_event_that_gets_in_whole_nothing_is_named(site: Site) -> None:
    whole = event(
        page={"url": "https://x.ch/a?b=1", "title": "T"},
        traits={"plan": "pro"},
        properties={"name": "A product"},
        currency="chf",
        context={"country": "ch"},
    )
    assert await site.dropped(whole) == {}


async def test_no_event_has_an_endless_list(site: Site) -> None:
    assert len(await site.dropped(event(**{f"x{number}": 1 for number in range(500)}))) == 100


async def test_other_protocols_are_read_by_their_name(site: Site) -> None:
    call = {"type": "track", "event": "Signed Up", "anonymousId": "a", "context": {"app": {"name": "x"}}}
    read = await site.read(call, protocol="segment")
    assert (read["event"], read["identifiers"]) == ("Signed Up", [{"type": "anonymous_id", "value": "a"}])
    assert await site.dropped(call, protocol="segment") == {"context.app": "nobody reads it"}
    assert (await site.read({"batch": [call]}, protocol="segment"))["event"] == "Signed Up"
    beacon = {"key": "k", "events": [event()]}
    assert (await site.read(beacon, protocol="beacon"))["dropped"] == []
    assert (await site.read({"key": "k", **event()}, protocol="beacon"))["dropped"] == []


async def test_a_wrong_currency_of_a_segment_call_is_named_by_its_own_path(site: Site) -> None:
    call = {"type": "track", "event": "A", "userId": "u", "properties": {"currency": "Fr."}}
    assert list(await site.dropped(call, protocol="segment")) == ["properties.currency"]


async def test_an_unknown_protocol_is_named_to_those_who_may_send(site: Site) -> None:
    reply = await site.ask(event(), protocol="carrier-pigeon")
    (problem,) = reply.json()["problems"]
    assert (reply.status_code, problem["field"], problem["value"]) == (400, "protocol", "carrier-pigeon")
    assert {"native", "segment", "beacon"} <= set(problem["wanted"].split(", "))
    assert (await site.ask(event(), key="unknown", protocol="carrier-pigeon")).status_code == 401


async def test_the_key_and_the_limits_are_those_of_a_write(site: Site) -> None:
    assert [(await site.ask(event(), key=key)).status_code for key in ("unknown", "read", "secret")] == [
        *(401, 403, 200)
    ]
    assert (await site.ask(b"{")).status_code == 400
    assert (await site.ask(b" " * (BODY_BYTES + 1))).status_code == 413
    await site.ask([event()] * 50, key="slow")
    late = await site.ask(event(), key="slow")
    assert (late.status_code, "retry-after" in late.headers) == (429, True)
    assert (await site.client.get("/v1/validate")).status_code == 405
    assert (await site.client.options("/v1/validate")).status_code == 204


async def test_it_is_documented(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/validate"]["post"]
    assert [each["name"] for each in operation["parameters"]] == ["protocol"]
    shown = document["components"]["schemas"]["ReadEvent"]["properties"]
    assert set(shown) == {
        *("index", "id", "event", "at", "identifiers", "channel", "device", "bot", "dropped")
    }


def test_a_collector_that_nobody_asks_loads_no_enrichment() -> None:
    heavy = "('etappe.enrichment', 'ua_parser', 'publicsuffixlist')"
    code = f"import sys, ingest.app; sys.exit(any(name.startswith({heavy}) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


async def test_trackers_of_other_families_are_read_by_their_name_too(site: Site) -> None:
    sent = {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"}
    page_view = {
        "e": "pv",
        "eid": "e-1",
        "duid": "d",
        "p": "web",
        "url": "https://x.ch/?email=a",
        "ua": CHROME,
    }
    read = await site.read({**sent, "data": [page_view]}, protocol="snowplow")
    assert (read["event"], read["device"]["browser"]) == ("Page Viewed", "Chrome")
    assert [each["field"] for each in read["dropped"]] == ["page.url"]
    pageview = {"event": "$pageview", "distinct_id": "d", "properties": {"$current_url": "https://x.ch/"}}
    read = await site.read({"api_key": site.keys["write"], **pageview}, protocol="posthog")
    assert (read["event"], read["channel"]) == ("Page Viewed", "direct")

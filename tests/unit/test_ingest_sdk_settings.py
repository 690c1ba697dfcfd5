"""What browsers' SDKs ask for before they send anything."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from etappe.eventlog import COLLECTOR_TOPICS, connect_log
from etappe.settings import read_settings
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from ingest.app import create_app

PAGE = {"origin": "https://shop.ch"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    settings = read_settings(data_dir=tmp_path)
    register, keys = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "read"):
        register, _, keys[kind] = register.with_key(kind, "shop", 1)
    write_register(settings.workspaces, register)
    log = await connect_log(settings.log, COLLECTOR_TOPICS)
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: 1)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://collect.shop.ch:8080") as client:
        yield client, keys
    await log.close()


Site = tuple[httpx.AsyncClient, dict[str, str]]


async def test_analytics_js_is_sent_back_to_the_host_that_it_asked(site: Site) -> None:
    client, keys = site
    reply = await client.get(f"/v1/projects/{keys['write']}/settings", headers=PAGE)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, PAGE["origin"])
    destinations = reply.json()["integrations"]
    assert list(destinations) == ["Segment.io"]
    told = destinations["Segment.io"]
    assert (told["apiKey"], told["apiHost"]) == (keys["write"], "collect.shop.ch:8080/v1")
    assert (told["protocol"], reply.headers["cache-control"]) == ("http", "no-store")
    assert reply.json()["metrics"] == {"sampleRate": 0}


async def test_behind_a_proxy_it_is_the_address_that_the_browser_knows(site: Site) -> None:
    client, keys = site
    proxy = {"x-forwarded-host": "t.shop.ch", "x-forwarded-proto": "https"}
    reply = await client.get(f"/v1/projects/{keys['write']}/settings", headers=proxy)
    told = reply.json()["integrations"]["Segment.io"]
    assert (told["apiHost"], told["protocol"]) == ("t.shop.ch/v1", "https")


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "", "x" * 300, "a@b.ch", "x:port"])
async def test_a_host_that_is_none_is_refused(site: Site, host: str) -> None:
    client, keys = site
    reply = await client.get(f"/v1/projects/{keys['write']}/settings", headers={"x-forwarded-host": host})
    assert (reply.status_code, reply.json()["problems"][0]["field"]) == (400, "Host")


async def test_who_could_not_send_is_told(site: Site) -> None:
    client, keys = site
    for key, status in (("wk_unknown", 401), (keys["read"], 403)):
        assert (await client.get(f"/v1/projects/{key}/settings", headers=PAGE)).status_code == status
        basic = {"authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"}
        assert (await client.get("/sourceConfig/", headers=basic)).status_code == status
    assert (await client.get("/sourceConfig/")).status_code == 401


async def test_rudderstacks_sdk_gets_a_source_without_destinations(site: Site) -> None:
    client, keys = site
    reply = await client.get("/sourceConfig/", params={"writeKey": keys["write"], "v": "3"}, headers=PAGE)
    source = reply.json()["source"]
    assert (source["enabled"], source["destinations"], source["name"]) == (True, [], "shop")
    assert source["config"] == {
        "statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    }
    assert keys["write"] not in reply.text


async def test_a_browser_may_ask_before_it_asks(site: Site) -> None:
    client, _ = site
    asked = {**PAGE, "access-control-request-headers": "authorization"}
    for path in ("/sourceConfig/", "/v1/projects/k/settings"):
        reply = await client.options(path, headers=asked)
        assert (reply.status_code, reply.headers["access-control-allow-headers"]) == (204, "authorization")

"""PostHog's paths over HTTP: every one of them, what is answered, and what its SDKs ask for besides."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from collecting.site import Site, collecting

from ingest.posthog_settings import PATHS as SETTINGS
from ingest.protocols.posthog import paths

ORIGIN = "https://shop.example"
READING = [path for path in paths() if path.rstrip("/") != "/s"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as running:
        yield running


def event(site: Site, **fields: Any) -> dict[str, Any]:
    return {"event": "A", "distinct_id": "d", "api_key": site.keys["write"], **fields}


async def post(site: Site, path: str, body: Any, **headers: str) -> httpx.Response:
    """As an SDK does: the key is in the body alone."""
    return await site.client.post(path, content=orjson.dumps(body), headers=headers)


@pytest.mark.parametrize("path", READING)
async def test_every_path_stores_and_answers_as_the_sdks_expect(site: Site, path: str) -> None:
    reply = await post(site, path, event(site), origin=ORIGIN)
    assert reply.status_code == 200
    assert reply.json() | {"results": {}} == {"status": "Ok", "accepted": 1, "rejected": [], "results": {}}
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert [(each.event, each.source) for each in await site.stored()] == [("A", "posthog")]


@pytest.mark.parametrize("path", [path for path in READING if len(paths()[path]) > 1])
async def test_the_old_pixel_stores_what_is_in_its_address(site: Site, path: str) -> None:
    reply = await site.client.get(path, params={"data": json.dumps(event(site))})
    assert (reply.status_code, len(await site.stored())) == (200, 1)


@pytest.mark.parametrize("path", paths())
async def test_pages_may_ask_every_path(site: Site, path: str) -> None:
    headers = {"origin": ORIGIN, "access-control-request-headers": "content-type"}
    reply = await site.client.options(path, headers=headers)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "POST" in reply.headers["access-control-allow-methods"]


@pytest.mark.parametrize("path", ["/s", "/s/", "/e/"])
async def test_a_recording_is_refused_and_not_answered_as_if_it_were_kept(site: Site, path: str) -> None:
    reply = await post(site, path, {"batch": [event(site, event="$snapshot")], "api_key": site.keys["write"]})
    assert (reply.status_code, await site.stored()) == (400, [])
    assert [each["reason"] for each in reply.json()["rejected"]] == ["unknown_call"]


@pytest.mark.parametrize("key", ["phx_personal", "phc_project", "", None, 5])
async def test_a_key_that_is_not_known_here_is_turned_away(site: Site, key: object) -> None:
    reply = await post(site, "/batch/", {"api_key": key, "batch": [{"event": "A", "distinct_id": "d"}]})
    assert (reply.status_code, await site.stored()) == (401, [])


async def test_a_key_that_only_reads_may_not_send(site: Site) -> None:
    assert (await post(site, "/e/", event(site, api_key=site.keys["read"]))).status_code == 403


async def test_what_was_refused_comes_back_with_its_batchs_time(site: Site) -> None:
    """The clock was wrong by an hour, and the event, which names nobody, is mended by an operator."""
    batch = {"api_key": site.keys["secret"], "sent_at": site.now - 3_600_000}
    await post(
        site,
        "/batch/",
        {**batch, "batch": [{"event": "A", "uuid": "e-1", "timestamp": site.now - 3_660_000}]},
    )
    (refused,) = await site.rejects()
    assert site.keys["secret"].encode() not in bytes(refused.outer)

    refused.body = type(refused.body)(bytes(refused.body)[:-1] + b',"distinct_id":"d"}')
    assert (await site.replay(refused)).json()["accepted"] == 1
    (stored,) = await site.stored()
    assert (stored.id, stored.at) == ("e-1", site.now - 60_000)


async def test_an_e_mail_as_distinct_id_is_the_same_identifier_after_a_replay(site: Site) -> None:
    said = {"distinct_id": "anna@x.ch", "properties": {"$is_identified": True}}
    await post(site, "/e/", event(site, **said))
    await post(site, "/e/", event(site, uuid="e-2", timestamp=site.now + 90_000_000, **said))
    (refused,) = await site.rejects()
    assert b"anna@x.ch" not in bytes(refused.body)

    site.now += 86_400_000
    assert (await site.replay(refused)).json()["accepted"] == 1
    first, again = await site.stored()
    assert again.identifiers == first.identifiers


@pytest.mark.parametrize("path", [each.replace("{token}", "wk_1") for each in SETTINGS])
@pytest.mark.parametrize("slash", [True, False])
async def test_settings_may_be_asked_for_by_any_page(site: Site, path: str, slash: bool) -> None:
    asked = path if slash else path.rstrip("/")
    reply = await site.client.get(asked, headers={"origin": ORIGIN})
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, ORIGIN)
    preflight = await site.client.options(asked, headers={"origin": ORIGIN})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, ORIGIN)


async def test_the_settings_name_nothing_to_load_and_where_to_send(site: Site) -> None:
    config = (await site.client.get("/array/wk_1/config")).json()
    assert config["analytics"]["endpoint"] in paths()
    assert (config["token"], config["supportedCompression"], config["siteApps"]) == ("wk_1", ["gzip-js"], [])
    off = (
        "hasFeatureFlags",
        "sessionRecording",
        "heatmaps",
        "productTours",
        "conversations",
        "captureDeadClicks",
    )
    assert not any(config[each] for each in off)
    assert "surveys" not in config


async def test_the_settings_script_is_the_same_and_takes_no_orders_from_its_address(site: Site) -> None:
    token = 'x"];alert(1);["'
    reply = await site.client.get(f"/array/{token}/config.js")
    assert reply.headers["content-type"].startswith("text/javascript")
    held = "window._POSTHOG_REMOTE_CONFIG"
    start = f"{held}={held}||{{}};{held}["
    assert reply.text.startswith(start)
    named, end = json.JSONDecoder().raw_decode(reply.text, len(start))
    assert (named, reply.text[end : end + 2], reply.text[-1]) == (token, "]=", ";")
    config = (await site.client.get(f"/array/{token}/config")).json()
    assert json.loads(reply.text[end + 2 : -1]) == {"config": config, "siteApps": []}


@pytest.mark.parametrize("path", ["/flags/?v=2", "/flags/?v=4", "/decide/?v=3", "/flags", "/decide"])
async def test_there_are_no_flags(site: Site, path: str) -> None:
    flags = (await post(site, path, {"token": "wk_1", "distinct_id": "d"}, origin=ORIGIN)).json()
    assert (flags["flags"], flags["featureFlags"], flags["errorsWhileComputingFlags"]) == ({}, {}, False)


async def test_scripts_of_posthogs_are_not_served(site: Site) -> None:
    assert (await site.client.get("/static/array.js")).status_code == 404

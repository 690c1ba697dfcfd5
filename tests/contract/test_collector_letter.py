"""What clients may send though few do, and what replies must not say: the letter of HTTP and of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from collecting.site import Site, collecting

from etappe.touchpoint import Touchpoint
from ingest.limits import EVENT_BYTES

NATIVE = {"event": "A", "identifiers": {"user_id": "u"}}
CALL = {"event": "A", "userId": "u"}

SENT = {
    "/v1/touchpoints": NATIVE,
    "/b": NATIVE,
    "/v1/track": CALL,
    "/v1/batch": {"batch": [{**CALL, "type": "track"}]},
    "/e/": {"event": "A", "distinct_id": "u"},
    "/com.snowplowanalytics.snowplow/tp2": {"data": [{"e": "pv", "uid": "u"}]},
}
"""By path, a body that it takes."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as site:
        yield site


@pytest.mark.parametrize("path", SENT)
async def test_a_mark_of_the_byte_order_is_no_part_of_the_json(site: Site, path: str) -> None:
    reply = await site.send("\ufeff".encode() + orjson.dumps(SENT[path]), path=path)
    assert reply.is_success, reply.text
    assert len(await site.stored()) == 1


@pytest.mark.parametrize("path", SENT)
async def test_space_around_the_json_does_not_count_as_the_events(site: Site, path: str) -> None:
    space = b"\n" * EVENT_BYTES
    reply = await site.send(space + orjson.dumps(SENT[path]) + space, path=path)
    assert reply.is_success, reply.text
    assert len(await site.stored()) == 1


@pytest.mark.parametrize(
    "at",
    ["2023-11-14t22:13:20z", "2023-11-14T22:13:20Z", "20231114T221320Z", "2023-11-14 22:13:20.000+00:00"],
)
async def test_a_time_is_read_the_same_whatever_stands_beside_it(site: Site, at: str) -> None:
    """Events without anything unusual are decoded all at once, others one by one."""
    plain = {**NATIVE, "at": at}
    await site.send(plain)
    await site.send([{**plain, "unknown": 1}])
    assert [_at(each) for each in await site.stored()] == [1_700_000_000_000] * 2


def _at(touchpoint: Touchpoint) -> int:
    return touchpoint.at


async def test_a_reply_without_a_body_says_nothing_of_its_length(site: Site) -> None:
    preflight = await site.client.options("/v1/touchpoints", headers={"origin": "https://shop.example"})
    script = await site.client.get("/etappe.js")
    unchanged = await site.client.get("/etappe.js", headers={"if-none-match": script.headers["etag"]})
    assert (preflight.status_code, unchanged.status_code) == (204, 304)
    assert "content-length" not in preflight.headers
    assert "content-length" not in unchanged.headers
    assert script.headers["content-length"]


async def test_a_balancer_may_ask_by_head(site: Site) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await site.client.head(path)).status_code == 200
    refused = await site.client.delete("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_the_document_names_the_headers_of_every_reply_to_a_write(site: Site) -> None:
    """Only who is not known learns nothing of the log, and only who has to wait is told how long."""
    document = (await site.client.get("/openapi.json")).json()
    replies = document["paths"]["/v1/touchpoints"]["post"]["responses"]
    without = {status for status, each in replies.items() if "X-Etappe-Position" not in each["headers"]}
    waiting = {status for status, each in replies.items() if "Retry-After" in each["headers"]}
    assert (without, waiting) == ({"401"}, {"429", "503"})
    assert "503" in document["paths"]["/v1/validate"]["post"]["responses"]
    assert "503" in document["paths"]["/readyz"]["get"]["responses"]


async def test_the_document_shows_what_is_said_where_no_event_was_accepted(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    schema = document["components"]["schemas"]["NoneAccepted"]
    reply = await site.send({"event": "A"})
    assert reply.status_code == 400
    assert schema["properties"].keys() == reply.json().keys()


@pytest.mark.parametrize(
    ("taken", "coding"),
    [
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.0, br", None),
        ("identity", None),
    ],
)
async def test_the_script_is_packed_for_those_who_can_unpack_it(
    site: Site, taken: str, coding: str | None
) -> None:
    reply = await site.client.get("/etappe.js", headers={"accept-encoding": taken})
    assert reply.headers.get("content-encoding") == coding


async def test_any_copy_of_the_script_will_do_where_its_holder_says_so(site: Site) -> None:
    assert (await site.client.get("/etappe.js", headers={"if-none-match": "*"})).status_code == 304
    assert (await site.client.get("/etappe.js", headers={"if-none-match": '"another"'})).status_code == 200


async def test_who_is_not_known_is_told_how_to_say_it(site: Site) -> None:
    reply = await site.client.post("/v1/touchpoints", json={}, headers={"Authorization": "Bearer wk_unknown"})
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")

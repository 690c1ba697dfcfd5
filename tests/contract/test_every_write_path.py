"""What holds on every path that takes writes, whatever protocol it speaks. A new path is tested without a word here."""

from __future__ import annotations

import base64
import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from collecting.site import NOW, Site, collecting

from etappe.eventlog import TOUCHPOINTS, Position
from etappe.settings import read_settings
from etappe.workspaces import new_workspace, write_register
from ingest.protocols import WireProtocol
from ingest.protocols.beacon import Beacon, Pixel
from ingest.protocols.native import Native
from ingest.protocols.posthog import PostHog, PostHogPixel, PostHogResults
from ingest.protocols.segment import BATCH_PATHS, Segment
from ingest.protocols.segment.pixel import SegmentPixel
from ingest.protocols.snowplow import Snowplow, SnowplowPixel
from ingest.receipts import GIF
from ingest.routes import protocols

OWN, OTHER = "https://shop.example", "https://else.example"


class Route(NamedTuple):
    """One protocol on one path."""

    path: str
    protocol: WireProtocol

    @property
    def method(self) -> str:
        return self.protocol.methods[0]

    @property
    def is_picture(self) -> bool:
        return self.protocol.described.media == "image/gif"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Sent(NamedTuple):
    """One event as its protocol has it: in the body, or in the address."""

    body: Any = None
    fields: Mapping[str, str] = MappingProxyType({})


ROUTES = [Route(path, each) for path, some in protocols().items() for each in some]
POSTS = [each for each in ROUTES if each.method == "POST"]
PICTURES = [each for each in ROUTES if each.is_picture]
JSON_REPLIES = [each for each in ROUTES if each.protocol.described.reply]

every_route = pytest.mark.parametrize("route", ROUTES, ids=str)
every_post = pytest.mark.parametrize("route", POSTS, ids=str)
every_picture = pytest.mark.parametrize("route", PICTURES, ids=str)
every_receipt = pytest.mark.parametrize("route", JSON_REPLIES, ids=str)


def _native(path: str, user: str) -> Sent:
    return Sent({"event": "Order Paid", "identifiers": {"user_id": user}})


def _pixel(path: str, user: str) -> Sent:
    return Sent(fields={"event": "Order Paid", "user_id": user})


def _call(user: str) -> dict[str, str]:
    """Good as any call; of an alias without sides nobody is left."""
    former = user if user == NOBODY else "before"
    return {"type": "track", "event": "Order Paid", "userId": user, "previousId": former, "groupId": "acme"}


def _segment(path: str, user: str) -> Sent:
    return Sent({"batch": [_call(user)]} if path in BATCH_PATHS else _call(user))


def _segment_pixel(path: str, user: str) -> Sent:
    return Sent(fields={"data": orjson.dumps(_call(user)).decode()})


def _snowplow_event(user: str) -> dict[str, str]:
    return {"e": "pv", "p": "srv", "url": "https://shop.example/", "uid": user}


def _snowplow(path: str, user: str) -> Sent:
    return Sent({"data": [_snowplow_event(user)]})


def _snowplow_pixel(path: str, user: str) -> Sent:
    return Sent(fields=_snowplow_event(user))


def _posthog(path: str, user: str) -> Sent:
    event = {"event": "Order Paid", "distinct_id": user}
    return Sent({"batch": [event]} if "batch" in path or "/analytics/" in path else event)


def _posthog_pixel(path: str, user: str) -> Sent:
    return Sent(fields={"data": orjson.dumps({"event": "Order Paid", "distinct_id": user}).decode()})


NOBODY = "null"
"""A blocked value: an event whose only identifier it is is refused."""

EXAMPLES: dict[type, Callable[[str, str], Sent]] = {
    Native: _native,
    Beacon: _native,
    Pixel: _pixel,
    Segment: _segment,
    SegmentPixel: _segment_pixel,
    Snowplow: _snowplow,
    SnowplowPixel: _snowplow_pixel,
    PostHog: _posthog,
    PostHogResults: _posthog,
    PostHogPixel: _posthog_pixel,
}
"""An event of a user on a path, by the protocol that reads it there."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """With a second workspace, so that no protocol finds the only one there is without a key; `bound` is a key of
    one origin, `slow` one with a limit."""
    async with collecting(tmp_path) as found:
        register = found.register.with_workspace(new_workspace("other"))
        register, _, found.keys["bound"] = register.with_key("write", "shop", NOW, origins=(OWN,))
        register, _, found.keys["slow"] = register.with_key("write", "shop", NOW, rate=0.001)
        write_register(read_settings(data_dir=tmp_path).workspaces, register)
        yield found


async def send(
    site: Site, route: Route, user: str = "u-42", key: str = "write", *, packed: bool = False, **headers: str
) -> httpx.Response:
    """One event, with its key as Bearer."""
    bearer = {"authorization": f"Bearer {site.keys.get(key, key)}"}
    return await send_as(site, route, user, packed=packed, headers=bearer | headers)


async def send_as(
    site: Site, route: Route, user: str = "u-42", *, packed: bool = False, **more: Any
) -> httpx.Response:
    """One event, and `more` of httpx's parameters."""
    sent = EXAMPLES[type(route.protocol)](route.path, user)
    body = b"" if sent.body is None else orjson.dumps(sent.body)
    fields = {**sent.fields, **more.pop("params", {})}
    content = gzip.compress(body) if packed else body
    return await site.client.request(route.method, route.path, content=content, params=fields, **more)


@every_route
async def test_a_good_event_is_stored_and_answered_with_its_position(site: Site, route: Route) -> None:
    reply = await send(site, route)
    assert reply.is_success, reply.text
    assert reply.status_code == route.protocol.described.status
    position = Position.parse(reply.headers["x-etappe-position"])
    assert position.offsets.items() <= (await site.log.ends(TOUCHPOINTS)).offsets.items()
    assert sum(position.offsets.values()) == 1
    assert [each.source for each in await site.stored()] == [route.protocol.name]


@every_receipt
async def test_a_receipt_says_how_many_events_were_accepted(site: Site, route: Route) -> None:
    reply = (await send(site, route)).json()
    assert (reply["accepted"], reply["rejected"]) == (1, [])


@every_route
async def test_a_bad_event_is_400_and_counted_and_kept(site: Site, route: Route) -> None:
    before = await refused(site)
    reply = await send(site, route, NOBODY)
    assert (reply.status_code, await refused(site) - before) == (400, 1)
    assert [each.reason for each in await site.rejects()] == ["missing_identifier"]
    assert reply.headers["x-etappe-position"] == "0-0"
    if route.is_picture:
        assert reply.headers["x-etappe-rejected"] == "missing_identifier=1"
    else:
        assert [each["reason"] for each in reply.json()["rejected"]] == ["missing_identifier"]
    assert await site.stored() == []


async def refused(site: Site) -> float:
    """As the metrics count it."""
    name = 'etappe_refused_events_total{reason="missing_identifier",workspace="shop"} '
    lines = (await site.client.get("/metrics")).text.splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


@every_route
async def test_a_browser_may_ask_whether_it_may_send(site: Site, route: Route) -> None:
    asked = {"origin": OTHER, "access-control-request-headers": "x-write-key"}
    reply = await site.client.options(route.path, headers=asked)
    assert reply.status_code == 204
    methods = set(reply.headers["access-control-allow-methods"].split(", "))
    assert methods == {"OPTIONS", *(name for each in protocols()[route.path] for name in each.methods)}
    assert reply.headers["access-control-allow-headers"] == "x-write-key"
    assert_mirrored(reply)


@every_route
async def test_a_page_may_read_the_reply(site: Site, route: Route) -> None:
    for key, status in (("write", route.protocol.described.status), ("unknown", 401)):
        reply = await send(site, route, key=key, origin=OTHER)
        assert reply.status_code == status
        assert_mirrored(reply)


def assert_mirrored(reply: httpx.Response) -> None:
    assert reply.headers["access-control-allow-origin"] == OTHER
    assert "Origin" in reply.headers["vary"]


@every_post
async def test_text_is_read_as_json_and_gzip_known_by_its_first_bytes(site: Site, route: Route) -> None:
    assert (await send(site, route, **{"content-type": "text/plain;charset=UTF-8"})).is_success
    assert (await send(site, route, packed=True)).is_success
    assert len(await site.stored()) == 2


@every_route
async def test_who_may_not_send_is_turned_away(site: Site, route: Route) -> None:
    for key, status in (("unknown", 401), ("read", 403)):
        reply = await send(site, route, key=key)
        assert reply.status_code == status
        assert_explained(route, reply)
    assert await site.stored() == []


def assert_explained(route: Route, reply: httpx.Response) -> None:
    """A picture in any case where a picture was asked for."""
    if route.is_picture:
        assert (reply.content, reply.headers["content-type"]) == (GIF, "image/gif")
        assert "no-store" in reply.headers["cache-control"]
        assert reply.headers["x-etappe-error"]
    else:
        assert {"error", "problems"} <= set(reply.json())


CARRIERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Bearer": lambda key: {"headers": {"authorization": f"Bearer {key}"}},
    "Basic with a colon": lambda key: {"headers": {"authorization": f"Basic {_base64(key + ':')}"}},
    "Basic without": lambda key: {"headers": {"authorization": f"Basic {_base64(key)}"}},
    "?key=": lambda key: {"params": {"key": key}},
    "?writeKey=": lambda key: {"params": {"writeKey": key}},
    "X-Write-Key": lambda key: {"headers": {"x-write-key": f"{key}:rest"}},
}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@every_route
async def test_the_key_may_stand_in_every_place(site: Site, route: Route) -> None:
    assert (await send_as(site, route)).status_code == 401
    for name, carried in CARRIERS.items():
        reply = await send_as(site, route, **carried(site.keys["write"]))
        assert reply.is_success, name
    assert [each.workspace for each in await site.stored()] == ["shop"] * len(CARRIERS)


@every_route
async def test_a_key_of_one_origin_is_worthless_on_another(site: Site, route: Route) -> None:
    reply = await send(site, route, key="bound", origin=OTHER)
    assert reply.status_code == 403
    assert_explained(route, reply)
    assert (await send(site, route, key="bound", origin=OWN)).is_success


@every_route
async def test_above_its_rate_a_key_waits(site: Site, route: Route) -> None:
    assert (await send(site, route, key="slow")).is_success
    reply = await send(site, route, key="slow")
    assert (reply.status_code, int(reply.headers["retry-after"]) >= 1) == (429, True)
    assert_explained(route, reply)
    assert len(await site.stored()) == 1


@every_picture
async def test_a_picture_that_holds_nothing_is_still_a_picture(site: Site, route: Route) -> None:
    reply = await site.client.get(route.path, params={"key": site.keys["write"]})
    assert reply.status_code == 400
    assert_explained(route, reply)


@every_picture
async def test_who_asks_for_a_pictures_head_alone_has_seen_nothing(site: Site, route: Route) -> None:
    fields = EXAMPLES[type(route.protocol)](route.path, "u-42").fields
    reply = await site.client.head(route.path, params={**fields, "key": site.keys["write"]})
    assert (reply.status_code, reply.content, reply.headers["content-type"]) == (200, b"", "image/gif")
    assert await site.stored() == []

"""Snowplow's requests: whose they are, who is to stay unknown, the network cookie, and what is wrong with them.

What becomes of each field stands in tests/reference/protocols/snowplow.yaml.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etappe.errors import SettingsError
from etappe.eventlog import COLLECTOR_TOPICS, REJECTS, TOUCHPOINTS, EventLog, connect_log
from etappe.identifiers import make_identifier
from etappe.settings import read_settings
from etappe.touchpoint import Touchpoint, decode_touchpoint, encode_record
from etappe.workspaces import Register, RegisterFile, Workspace, new_workspace, write_register
from ingest.app import create_app
from ingest.drafts import Sender
from ingest.http import Head
from ingest.keys import Caller
from ingest.limits import BODY_BYTES
from ingest.pipeline import sort_events
from ingest.protocols.snowplow import Snowplow
from ingest.protocols.snowplow.entities import ECOMMERCE, SNOWPLOW
from ingest.protocols.snowplow.events import FIELDS, handed_over
from ingest.protocols.snowplow.kinds import KINDS

NOW = 1_700_000_000_000
TP2 = "/com.snowplowanalytics.snowplow/tp2"
SCHEMA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
SCHEMA_NAMES = (
    *("web_page", "client_session", "geolocation_context", "mobile_context", "user", "transaction", "gdpr"),
    *(
        "consent_granted",
        "consent_withdrawn",
        "consent_preferences",
        "snowplow_ecommerce_action",
        "screen_view",
    ),
)
READ = (
    *(
        "id",
        "userId",
        "sessionId",
        "sessionIndex",
        "appleIdfa",
        "email",
        "is_guest",
        "revenue",
        "currency",
        "name",
    ),
    *("value", "total", "type", "all", "eventType", "consentScopes", "basisForProcessing"),
)
DEVICE = "6f1b8f0e-7d5d-4a59-9f55-0c8f6f0a3a11"

Fields = dict[str, Any]


@dataclass
class Site:
    """A collector of one or more workspaces, as a tracker sees it, and its log."""

    client: httpx.AsyncClient
    log: EventLog
    keys: dict[str, str]

    async def post(self, *events: object, path: str = TP2, **headers: str) -> httpx.Response:
        body = orjson.dumps({"schema": SCHEMA, "data": events})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, content=body, headers=named)

    async def get(self, event: Fields, path: str = "/i", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, params=event, headers=named)

    async def stored(self) -> list[Touchpoint]:
        records = await self.log.read(TOUCHPOINTS, await self.log.starts(TOUCHPOINTS), 10_000)
        return sorted((decode_touchpoint(each.value) for each in records), key=lambda each: each.id)

    async def rejected(self) -> list[Fields]:
        records = await self.log.read(REJECTS, await self.log.starts(REJECTS), 10_000)
        return [orjson.loads(each.value) for each in records]


Start = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a collector with these workspaces, `shop` where none is named."""
    started: list[Site] = []

    async def once(*workspaces: Workspace, **settings: Any) -> Site:
        chosen = read_settings(data_dir=tmp_path / str(len(started)), **settings)
        register, keys = Register(), {}
        for each in workspaces or (new_workspace("shop"),):
            register = register.with_workspace(each)
            for kind in ("write", "secret", "admin"):
                register, _, keys[f"{each.name} {kind}"] = register.with_key(kind, each.name, NOW)
        write_register(chosen.workspaces, register)
        log = await connect_log(chosen.log, COLLECTOR_TOPICS)
        transport = httpx.ASGITransport(create_app(chosen, log, RegisterFile(chosen.workspaces), lambda: NOW))
        client = httpx.AsyncClient(transport=transport, base_url="http://collector")
        started.append(Site(client, log, keys))
        return started[-1]

    yield once
    for site in started:
        await site.client.aclose()
        await site.log.close()


def event(**fields: Any) -> Fields:
    """A page view of the browser tracker."""
    return {"e": "pv", "p": "web", "tv": "js-4.10.1", "eid": "e-1", "duid": "d-1", **fields}


def workspace(name: str, *app_ids: str, **fields: Any) -> Workspace:
    return Workspace(name, "00" * 32, app_ids=app_ids, **fields)


def named(touchpoint: Touchpoint) -> list[tuple[str, str | None]]:
    return [(each.type, each.value) for each in touchpoint.identifiers]


def described(vendor: str, name: str, data: Any) -> Fields:
    return {"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-0", "data": data}


async def test_a_batch_is_answered_with_ok_and_each_event_is_a_touchpoint(start: Start) -> None:
    site = await start()
    reply = await site.post(event(), event(eid="e-2", e="pp"))
    assert (reply.status_code, reply.text) == (200, "ok")
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.headers["x-etappe-position"]
    assert [each.event for each in await site.stored()] == ["Page Viewed", "Page Pinged"]


@pytest.mark.parametrize("path", ["/i", "/ice.png", TP2])
async def test_a_pixel_is_one_event(start: Start, path: str) -> None:
    site = await start()
    reply = await site.get(event(url="https://shop.ch/a?b=1&c=ü"), path)
    assert (reply.status_code, reply.headers["content-type"], reply.content[:3]) == (200, "image/gif", b"GIF")
    assert "no-store" in reply.headers["cache-control"]
    (found,) = await site.stored()
    assert (found.id, found.page.url) == ("e-1", "https://shop.ch/a?b=1&c=ü")


async def test_head_is_a_pixel_without_the_picture_that_nobody_has_seen(start: Start) -> None:
    site = await start()
    reply = await site.client.head("/i", params=event())
    assert (reply.status_code, reply.content) == (200, b"")
    assert await site.stored() == []


async def test_unreserved_base64_of_a_pixel_survives_its_plus_signs(start: Start) -> None:
    site = await start()
    content = described("a", "unstruct_event", described("com.acme", "said", {"words": "???>>>~~~ÿÿ"}))
    encoded = base64.b64encode(orjson.dumps(content)).decode()
    assert "+" in encoded or "/" in encoded
    await site.client.get(f"/i?e=ue&p=web&duid=d&ue_px={encoded}")
    (found,) = await site.stored()
    assert orjson.loads(bytes(found.properties))["words"] == "???>>>~~~ÿÿ"


async def test_a_preflight_allows_what_the_tracker_sends(start: Start) -> None:
    site = await start()
    asked = {
        "origin": "https://shop.ch",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,sp-anonymous",
    }
    reply = await site.client.options(TP2, headers=asked)
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-headers"] == "content-type,sp-anonymous"
    assert reply.headers["access-control-allow-origin"] == "https://shop.ch"
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert "POST" in reply.headers["access-control-allow-methods"]


async def test_configured_pairs_take_both_methods(start: Start) -> None:
    site = await start(snowplow_paths="/ch.shop/t1, /ch.shop/t2")
    assert (await site.post(event(), path="/ch.shop/t1")).status_code == 200
    assert (await site.get(event(eid="e-2"), "/ch.shop/t2")).status_code == 200
    assert (await site.post(event(eid="e-3"), path="/ch.shop/t3")).status_code == 404
    assert len(await site.stored()) == 2


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        ("/one", "/vendor/version"),
        ("/a/b/c", "/vendor/version"),
        ("a/b", "/vendor/version"),
        ("/v1/touchpoints", "another path"),
    ],
)
async def test_a_pair_that_is_none_or_taken_stops_the_start(start: Start, paths: str, wanted: str) -> None:
    with pytest.raises(SettingsError, match=wanted):
        await start(snowplow_paths=paths)


async def test_a_key_decides_whatever_the_app_id(start: Start) -> None:
    site = await start(workspace("shop", "web"), workspace("blog", "blog"))
    key = site.keys["shop write"]
    assert (await site.post(event(aid="blog"), path=f"{TP2}?key={key}")).status_code == 200
    assert (await site.post(event(eid="e-2"), authorization=f"Bearer {key}")).status_code == 200
    assert {each.workspace for each in await site.stored()} == {"shop"}


async def test_without_a_key_the_app_id_decides(start: Start) -> None:
    site = await start(workspace("shop", "web", "ios"), workspace("blog", "blog"))
    for number, app in enumerate(("web", "ios", "blog")):
        assert (await site.post(event(eid=f"post-{number}", aid=app))).status_code == 200
        assert (await site.get(event(eid=f"get-{number}", aid=app))).status_code == 200
    assert [each.workspace for each in await site.stored()] == ["shop", "shop", "blog"] * 2


@pytest.mark.parametrize("app", [{}, {"aid": "other"}, {"aid": 7}])
async def test_of_several_workspaces_none_is_guessed(start: Start, app: Fields) -> None:
    site = await start(workspace("shop", "web"), workspace("blog", "blog"))
    assert (await site.post(event(**app))).status_code == 401
    assert (await site.get(event(**app))).status_code == 401
    assert await site.stored() == []


async def test_the_only_workspace_takes_every_app_id(start: Start) -> None:
    site = await start(workspace("shop", "web"))
    assert (await site.post(event(aid="other"), event(eid="e-2", aid="web"))).status_code == 200
    assert len(await site.stored()) == 2


async def test_events_of_another_workspaces_app_get_no_further(start: Start) -> None:
    site = await start(workspace("shop", "web"), workspace("blog", "blog"))
    reply = await site.post(event(aid="web"), event(eid="e-2", aid="blog"), event(eid="e-3"))
    assert (reply.status_code, reply.headers["x-etappe-rejected"]) == (200, "bad_identifier=1")
    assert [(each.id, each.workspace) for each in await site.stored()] == [("e-1", "shop"), ("e-3", "shop")]
    assert [(each["id"], each["workspace"]) for each in await site.rejected()] == [("e-2", "shop")]


async def test_a_key_that_does_not_work_is_not_made_good_by_an_app_id(start: Start) -> None:
    site = await start(workspace("shop", "web"))
    assert (await site.post(event(aid="web"), path=f"{TP2}?key=wk_unknown")).status_code == 401
    assert (await site.get({**event(aid="web"), "key": "wk_unknown"})).status_code == 401


async def test_an_app_id_is_found_in_a_body_that_has_to_be_mended(start: Start) -> None:
    site = await start(workspace("shop", "web"), workspace("blog", "blog"))
    body = b'{"data":[{"e":"pv","duid":"d","page":"\\ud83d","aid" : "blog"}]}'
    assert (await site.client.post(TP2, content=body)).status_code == 200
    (found,) = await site.stored()
    assert (found.workspace, found.page.title) == ("blog", "\ufffd")


async def test_a_tracker_without_a_key_is_held_to_a_write_keys_limits(start: Start) -> None:
    site = await start()
    old = str(NOW - 80 * 3_600_000)
    assert (await site.post(event(ttm=old))).headers["content-type"] == "application/json"
    assert (await site.client.post(TP2, content=b"x" * (BODY_BYTES + 1))).status_code == 413
    trusted = {"authorization": f"Bearer {site.keys['shop secret']}"}
    assert (await site.post(event(ttm=old), **trusted)).status_code == 200


async def test_numbers_without_quotes_are_read(start: Start) -> None:
    """The Python tracker writes its times so."""
    site = await start()
    await site.post(event(dtm=NOW - 1000, vid=3, uid=42))
    (found,) = await site.stored()
    assert (found.at, named(found)[0]) == (NOW - 1000, ("user_id", "42"))
    assert orjson.loads(bytes(found.properties))["session_index"] == 3


async def test_anonymous_events_carry_no_identifier_address_or_session(start: Start) -> None:
    site = await start(workspace("shop", keep_ip=True, network_cookie=True))
    known = event(uid="anna", tnuid="n-1", sid="s-1", vid="2", ip="203.0.113.9")
    reply = await site.post(known, SP_Anonymous="*", cookie=f"sp={DEVICE}", origin="https://shop.ch")
    assert "set-cookie" not in reply.headers
    (found,) = await site.stored()
    assert [each.type for each in found.identifiers] == ["daily_id"]
    assert (found.consent_analytics, found.consent_linking, found.ip) == (False, False, "")
    assert orjson.loads(bytes(found.properties)) == {"platform": "web"}


async def test_anonymous_events_of_a_session_count_as_one_visitor(start: Start) -> None:
    site = await start()
    events = [event(eid=f"e-{number}", sid=session) for number, session in enumerate(("a", "a", "b"))]
    await site.post(*events, sp_anonymous="*")
    one, two, other = [each.identifiers[0].key for each in await site.stored()]
    assert one == two != other


async def test_the_browser_trackers_anonymous_events_are_counted(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    anonymous = {"e": "pv", "p": "web", "tv": "js-4.10.1", "eid": "e-1"}
    reply = await site.post(anonymous, origin="https://shop.ch", cookie=f"sp={DEVICE}")
    assert (reply.status_code, "set-cookie" in reply.headers) == (200, False)
    (found,) = await site.stored()
    assert ([each.type for each in found.identifiers], found.consent_analytics) == (["daily_id"], False)


async def test_a_servers_event_that_names_nobody_is_refused(start: Start) -> None:
    reply = await (await start()).post({"e": "se", "se_ac": "Paid", "p": "srv"})
    assert (reply.status_code, reply.json()["rejected"][0]["reason"]) == (400, "missing_identifier")


async def test_of_a_refused_anonymous_event_nothing_is_kept_but_its_id_and_the_reason(start: Start) -> None:
    site = await start()
    await site.post(event(e="xx", uid="anna", sid="s", ip="1.2.3.4"), sp_anonymous="*")
    (kept,) = await site.rejected()
    assert (kept["id"], kept["reason"], kept["body"], "outer" in kept) == ("e-1", "unknown_call", None, False)


async def test_a_refused_event_is_kept_without_what_is_personal_in_its_base64(start: Start) -> None:
    site = await start()
    content = {"data": [described("com.acme", "person", {"email": "anna@example.ch", "plan": "pro"})]}
    encoded = base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
    await site.post(event(e="xx", cx=encoded))
    (kept,) = await site.rejected()
    inside = base64.urlsafe_b64decode(kept["body"]["cx"] + "==")
    assert b"anna" not in inside
    assert b'"plan":"pro"' in inside


async def test_the_network_cookie_is_given_once_and_is_a_device_of_all_events(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    reply = await site.post(event(), event(eid="e-2"), x_forwarded_proto="https")
    cookie = reply.headers["set-cookie"]
    name, _, attributes = cookie.partition("; ")
    assert attributes == "Max-Age=31536000; Path=/; HttpOnly; SameSite=None; Secure"
    device = name.removeprefix("sp=")
    assert [named(each) for each in await site.stored()] == [
        [("anonymous_id", "d-1"), ("device_id", device)]
    ] * 2
    site.client.cookies.clear()
    again = await site.post(event(eid="e-3"), cookie=f"other=1; sp={device}")
    assert "set-cookie" not in again.headers
    assert named((await site.stored())[2])[1] == ("device_id", device)


async def test_over_plain_http_the_cookie_is_one_that_browsers_take(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    assert (await site.post(event())).headers["set-cookie"].endswith("HttpOnly; SameSite=Lax")


async def test_a_picture_in_a_mail_is_known_by_the_cookie_alone(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    await site.get({"e": "pv", "p": "web", "tv": "no-js-0.1.0"}, cookie=f"sp={DEVICE}")
    assert named((await site.stored())[0]) == [("device_id", DEVICE)]


async def test_there_is_no_cookie_unless_the_workspace_says_so(start: Start) -> None:
    site = await start()
    reply = await site.post(event(), cookie=f"sp={DEVICE}")
    assert "set-cookie" not in reply.headers
    assert named((await site.stored())[0]) == [("anonymous_id", "d-1")]


async def test_one_denial_keeps_the_cookie_from_the_whole_request(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    denied = described("com.snowplowanalytics.snowplow", "consent_withdrawn", {"all": True})
    told = event(eid="e-2", e="ue", ue_pr=orjson.dumps({"data": denied}).decode())
    assert "set-cookie" not in (await site.post(event(), told)).headers


async def test_a_tracker_named_device_needs_no_cookie(start: Start) -> None:
    site = await start(workspace("shop", network_cookie=True))
    assert "set-cookie" not in (await site.post(event(tnuid="n-1"))).headers


@pytest.mark.parametrize(
    ("value", "device"),
    [
        ("d-9.1700000000000", "d-9"),
        ("d-9.1699999880000", "d-9"),
        ("d-9.1699999879999", ""),
        ("d-9.1700000120001", ""),
        ("d-9.1700000000000.s.dXNlcg..web", "d-9"),
        ("d-9.1700000000000x", ""),
        ("d-9", ""),
        (".1700000000000", ""),
        ("", ""),
        ("d-9.99999999999999999999", ""),
        ("d%2F9.1700000000000", ""),
    ],
)
def test_a_link_hands_its_device_over_for_two_minutes(value: str, device: str) -> None:
    assert handed_over(f"https://shop.ch/a?x=1&_sp={value}&y=2#z", str(NOW)) == device


@pytest.mark.parametrize("happened", ["", "soon", "-1", "²"])
def test_without_a_time_nothing_is_handed_over(happened: str) -> None:
    assert handed_over("https://shop.ch/?_sp=d-9.1700000000000", happened) == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"data":[]}',
        b'{"data":null}',
        b'{"data":{}}',
        b'{"data":"x"}',
        b"\xff",
        b"[" * 9999,
    ],
)
async def test_a_body_without_events_is_refused_as_a_whole(start: Start, body: bytes) -> None:
    reply = await (await start()).client.post(TP2, content=body)
    assert (reply.status_code, bool(reply.json()["problems"])) == (400, True)


async def test_a_picture_without_an_event_is_refused(start: Start) -> None:
    site = await start()
    assert (await site.client.get("/i")).status_code == 400
    refused = await site.get({"e": "pv", "p": "srv"})
    assert (refused.status_code, refused.content[:3]) == (400, b"GIF")
    assert refused.headers["x-etappe-rejected"] == "missing_identifier=1"


DEEP = "[" * 40 + "]" * 40


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"e": None}, "unknown_call"),
        ({"e": "PV"}, "unknown_call"),
        ({"e": {}}, "bad_type"),
        ({"url": ["https://shop.ch"]}, "bad_type"),
        ({"e": "ue", "ue_pr": "{"}, "bad_type"),
        ({"e": "ue", "ue_pr": "[]"}, "bad_type"),
        ({"e": "ue", "ue_pr": 7}, "bad_type"),
        ({"e": "ue", "ue_px": "e30"}, "bad_type"),
        ({"e": "ue", "ue_px": "ä"}, "bad_type"),
        ({"e": "ue", "ue_pr": '{"data":{"schema":"iglu:a/b/c/1-0-0","data":[]}}'}, "bad_type"),
        ({"e": "ue", "ue_pr": f'{{"data":{DEEP}}}'}, "too_deep"),
        ({"co": '{"data":[7]}'}, "bad_type"),
        ({"co": '{"data":[{"schema":7}]}'}, "bad_type"),
        ({"co": f'{{"data":[{{"schema":"iglu:a/b/c/1-0-0","data":{"[" * 31 + "]" * 31}}}]}}'}, "too_deep"),
        ({"cx": "gICA"}, "bad_type"),
        ({"co": '{"data":[{"schema":"iglu:a/b/c/1-0-0","data":1e999}]}'}, "bad_type"),
        ({"dtm": "1e999"}, "bad_time"),
        ({"duid": "x" * 600}, "bad_identifier"),
        ({"eid": "x" * 300}, "too_long"),
        ({"page": "x" * 40_000}, "too_large"),
    ],
)
async def test_one_bad_event_is_refused_by_itself(start: Start, fields: Fields, reason: str) -> None:
    site = await start()
    reply = await site.post(event(), event(**{"eid": "e-2", **fields}))
    assert (reply.status_code, reply.headers["x-etappe-rejected"]) == (200, f"{reason}=1")
    assert [each.id for each in await site.stored()] == ["e-1"]


@pytest.mark.parametrize("item", [None, 7, "pv", [], [[]]])
async def test_an_event_that_is_no_object_is_refused_by_itself(start: Start, item: object) -> None:
    reply = await (await start()).post(event(), item)
    assert (reply.status_code, reply.headers["x-etappe-rejected"]) == (200, "bad_type=1")


async def test_numbers_beyond_64_bits_are_doubles(start: Start) -> None:
    site = await start()
    entity = described("com.acme", "shelf", {"n": 10**30})
    reply = await site.client.post(
        TP2, content=json.dumps({"data": [event(vid="1e300", co={"data": [entity]})]})
    )
    assert reply.status_code == 200
    found = orjson.loads(bytes((await site.stored())[0].properties))
    assert (found["session_index"], found["shelf"]) == (1e300, {"n": 1e30})


async def test_a_refused_event_can_be_replayed(start: Start) -> None:
    site = await start(workspace("shop"))
    old = str(NOW - 80 * 3_600_000)
    for path in (TP2, "/i"):
        await site.get(event(eid=f"get {path}", ttm=old, uid="anna@example.ch"), path)
    await site.post(event(eid="post", ttm=old, uid="anna@example.ch"))
    admin = {"authorization": f"Bearer {site.keys['shop admin']}"}
    refused = [{key: each[key] for key in each if key != "state"} for each in await site.rejected()]
    reply = await site.client.post("/v1/replay", content=orjson.dumps(refused), headers=admin)
    assert (reply.status_code, reply.json()["accepted"]) == (200, 3), reply.text
    assert [each.id for each in await site.stored()] == [
        "get /com.snowplowanalytics.snowplow/tp2",
        "get /i",
        "post",
    ]
    wanted = make_identifier(bytes.fromhex("00" * 32), "user_id", "anna@example.ch").key
    assert {each.identifiers[0].key for each in await site.stored()} == {wanted}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["schema", "data", "x"]), inner)
    ),
    max_leaves=8,
)
SCHEMAS = st.sampled_from(
    [
        f"iglu:{vendor}/{name}/jsonschema/1-0-0"
        for vendor in (SNOWPLOW, ECOMMERCE, "a")
        for name in SCHEMA_NAMES
    ]
)
DESCRIBED = st.fixed_dictionaries(
    {"schema": SCHEMAS, "data": VALUES | st.dictionaries(st.sampled_from(READ), VALUES)}
)
ENVELOPES = st.fixed_dictionaries({"data": DESCRIBED | st.lists(DESCRIBED, max_size=3)})
EVENTS = st.dictionaries(
    st.sampled_from(sorted(FIELDS)),
    VALUES | ENVELOPES | ENVELOPES.map(json.dumps) | st.integers().map(str),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from([*KINDS, "xx"]), fields=EVENTS, anonymous=st.booleans(), known=st.booleans())
def test_whatever_an_event_holds_it_is_accepted_or_refused(
    kind: str, fields: Fields, anonymous: bool, known: bool
) -> None:
    headers = [(b"sp-anonymous", b"*")] if anonymous else []
    head = Head({"method": "POST", "path": TP2, "query_string": b"", "headers": headers})
    shop = workspace("shop", network_cookie=known, consent_default=known, keep_ip=True)
    sender = Sender(Caller("write", shop, shop.salt_bytes), NOW, "snowplow")
    body = json.dumps({"data": [{"duid": "d-1", **fields, "e": kind}]}).encode()
    found = sort_events(Snowplow().read(body, head), sender)
    assert len(found.accepted) + len(found.refused) == 1
    for each in found.accepted:
        encode_record(each)
        assert known or not each.consent_analytics or b"onsent" in body
        assert each.consent_analytics or [name.type for name in each.identifiers] == ["daily_id"]


async def test_half_an_emoji_inside_json_inside_json_is_mended(start: Start) -> None:
    site = await start()
    inside = '{"data":{"schema":"iglu:com.acme/said/jsonschema/1-0-0","data":{"words":"\\ud83d"}}}'
    assert (await site.post(event(e="ue", ue_pr=inside))).status_code == 200
    assert orjson.loads(bytes((await site.stored())[0].properties))["words"] == "\ufffd"


async def test_an_events_own_fields_win_over_entities_and_those_over_common_ones(start: Start) -> None:
    site = await start()
    entities = [described("com.acme", "language", "fr"), described("com.acme", "plan", {"name": "entity"})]
    own = described("com.acme", "bought", {"plan": "pro"})
    told = {"co": orjson.dumps({"data": entities}).decode(), "ue_pr": orjson.dumps({"data": own}).decode()}
    await site.post(event(e="ue", lang="de", **told))
    assert orjson.loads(bytes((await site.stored())[0].properties)) == {
        "platform": "web",
        "language": "fr",
        "plan": "pro",
    }


async def test_personal_values_of_events_and_entities_do_not_reach_the_log(start: Start) -> None:
    site = await start()
    own = described("com.acme", "asked", {"email": "anna@example.ch", "note": "to anna@example.ch", "n": 1})
    await site.post(event(e="ue", uid="anna@example.ch", ue_pr=orjson.dumps({"data": own}).decode()))
    (record,) = await site.log.read(TOUCHPOINTS, await site.log.starts(TOUCHPOINTS), 10)
    assert b"anna" not in record.value
    assert orjson.loads(bytes((await site.stored())[0].properties)) == {
        "platform": "web",
        "note": "to [redacted]",
        "n": 1,
    }


@pytest.mark.parametrize("written", ['"/a/b, /c/d"', '["/a/b", "/c/d"]'])
def test_pairs_are_written_as_a_list_or_with_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etappe.toml").write_text(f"snowplow_paths = {written}\n")
    assert read_settings().snowplow_paths == ("/a/b", "/c/d")
    monkeypatch.setenv("ETAPPE_SNOWPLOW_PATHS", "/e/f,")
    assert read_settings().snowplow_paths == ("/e/f",)

"""The collector's HTTP contract, over the real event log on SQLite."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from etappe.errors import LogFull, LogUnavailable
from etappe.eventlog import COLLECTOR_TOPICS, REJECTS, TOUCHPOINTS, Entry, EventLog, Position, connect_log
from etappe.settings import Settings, read_settings
from etappe.touchpoint import Touchpoint, decode_touchpoint
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from ingest.app import create_app
from ingest.limits import (
    BATCH_EVENTS,
    BODY_BYTES,
    EVENT_BYTES,
    LARGE_BODY_BYTES,
    LISTED_EVENTS,
    TOO_MANY_KEPT,
    UNKNOWN_LARGE_BODIES,
)
from ingest.posthog_settings import PATHS as POSTHOG
from ingest.protocols.segment import BATCH_PATHS, PATHS
from ingest.reasons import Reason
from ingest.routes import protocols
from ingest.sdk_settings import RUDDERSTACK, SEGMENT
from ingest.validate import PATH as VALIDATE

NOW = 1_700_000_000_000
HOUR = 3_600_000


class Switchboard:
    """The real log, whose failures a test can ask for."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.broken: dict[str, Exception] = {}

    async def append(self, topic: str, entries: Sequence[Entry]) -> Position:
        if topic in self.broken:
            raise self.broken[topic]
        return await self.log.append(topic, entries)

    async def check(self) -> None:
        if TOUCHPOINTS in self.broken:
            raise self.broken[TOUCHPOINTS]
        await self.log.check()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)


@dataclass
class Site:
    """A collector, its keys, a client, and a look into its log."""

    client: httpx.AsyncClient
    log: Switchboard
    keys: dict[str, str]
    register: Path

    async def send(
        self, body: Any, key: str = "write", path: str = "/v1/touchpoints", **more: Any
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"authorization": f"Bearer {self.keys.get(key, key)}", **more.pop("headers", {})}
        return await self.client.post(path, content=content, headers=headers, **more)

    async def stored(self) -> list[Touchpoint]:
        records = await self.log.read(TOUCHPOINTS, await self.log.starts(TOUCHPOINTS), 10_000)
        return [decode_touchpoint(record.value) for record in records]

    async def rejects(self) -> list[dict[str, Any]]:
        records = await self.log.read(REJECTS, await self.log.starts(REJECTS), 10_000)
        return [orjson.loads(record.value) for record in records]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    settings: Settings = read_settings(data_dir=tmp_path)
    register, keys = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "secret", "read", "admin"):
        register, _, keys[kind] = register.with_key(kind, "shop", NOW)
    write_register(settings.workspaces, register)
    log = Switchboard(await connect_log(settings.log, COLLECTOR_TOPICS))
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
        yield Site(client, log, keys, settings.workspaces)
    await log.close()


def event(**fields: Any) -> dict[str, Any]:
    return {"event": "Order Paid", "identifiers": {"user_id": "u-42"}, **fields}


async def test_an_accepted_event_is_in_the_log_when_the_reply_comes(site: Site) -> None:
    reply = await site.send(event(id="ord-1"))
    assert (reply.status_code, reply.json()) == (202, {"accepted": 1, "rejected": []})
    assert [each.id for each in await site.stored()] == ["ord-1"]


async def test_the_reply_waits_for_the_log(site: Site) -> None:
    gate = asyncio.Event()
    append = site.log.append

    async def slow(topic: str, entries: Sequence[Entry]) -> Position:
        await gate.wait()
        return await append(topic, entries)

    site.log.append = slow  # type: ignore[method-assign]  # a log that takes its time
    sending = asyncio.create_task(site.send(event()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not sending.done()
    gate.set()
    assert (await sending).status_code == 202


async def test_the_position_is_the_logs_after_the_write(site: Site) -> None:
    reply = await site.send([event(id=str(number)) for number in range(20)])
    position = Position.parse(reply.headers["x-etappe-position"])
    assert sum(position.offsets.values()) == 20
    assert position.offsets == (await site.log.ends(TOUCHPOINTS)).offsets


@pytest.mark.parametrize("body", [b"[]", b"{", orjson.dumps(event(event=""))])
async def test_replies_that_store_nothing_carry_a_position_too(site: Site, body: bytes) -> None:
    first = await site.send(body)
    assert (first.status_code, first.headers["x-etappe-position"]) == (400, "0-0")
    await site.send([event(id=str(number)) for number in range(20)])
    then = Position.parse((await site.send(body)).headers["x-etappe-position"])
    assert then.offsets == (await site.log.ends(TOUCHPOINTS)).offsets


@pytest.mark.parametrize("body", [b"[]", b"{", orjson.dumps(event(event="")), b"x" * (BODY_BYTES + 1)])
async def test_a_position_tells_nothing_of_other_workspaces(site: Site, body: bytes) -> None:
    register = RegisterFile(site.register).current().with_workspace(new_workspace("other"))
    register, _, site.keys["other"] = register.with_key("write", "other", NOW)
    write_register(site.register, register)
    await site.send([event(id=str(number)) for number in range(20)])
    assert (await site.send(body, key="other")).headers["x-etappe-position"] == "0-0"
    own = (await site.send(event(), key="other")).headers["x-etappe-position"]
    await site.send([event(id=str(number)) for number in range(20)])
    assert (await site.send(body, key="other")).headers["x-etappe-position"] == own


async def test_objects_arrays_and_lines_are_taken(site: Site) -> None:
    lines = orjson.dumps(event()) + b"\n" + orjson.dumps(event())
    bodies = [orjson.dumps(event()), orjson.dumps([event(), event()]), lines]
    assert [(await site.send(body)).json()["accepted"] for body in bodies] == [1, 2, 2]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""])
async def test_the_content_type_does_not_matter(site: Site, content_type: str) -> None:
    reply = await site.send(event(), headers={"content-type": content_type})
    assert reply.status_code == 202


async def test_compressed_bodies_are_taken(site: Site) -> None:
    body = gzip.compress(orjson.dumps(event()))
    assert (await site.send(body, headers={"content-encoding": "gzip"})).status_code == 202
    assert (await site.send(body)).status_code == 202


async def test_keys_are_taken_as_bearer_user_name_or_parameter(site: Site) -> None:
    key = site.keys["write"]
    basic = base64.b64encode(f"{key}:".encode()).decode()
    replies = [
        await site.client.post("/v1/touchpoints", json=event(), headers={"authorization": f"Basic {basic}"}),
        await site.client.post("/v1/touchpoints", json=event(), params={"key": key}),
        await site.client.post("/v1/touchpoints", json=event(), params={"writeKey": key}),
    ]
    assert [reply.status_code for reply in replies] == [202, 202, 202]


@pytest.mark.parametrize(("key", "status"), [("write", 202), ("secret", 202), ("admin", 202), ("read", 403)])
async def test_every_kind_of_key_may_send_but_read(site: Site, key: str, status: int) -> None:
    assert (await site.send(event(), key=key)).status_code == status


@pytest.mark.parametrize("body", [b"{", b"[]", b"x" * (BODY_BYTES + 1), orjson.dumps(event())])
@pytest.mark.parametrize("path", ["/v1/touchpoints", "/v1/track"])
@pytest.mark.parametrize(("key", "status"), [("unknown", 401), ("read", 403)])
async def test_who_may_not_send_learns_nothing_about_the_body(
    site: Site, path: str, body: bytes, key: str, status: int
) -> None:
    reply = await site.send(body, key=key, path=path)
    assert (reply.status_code, reply.json()["problems"][0]["field"]) == (status, "key")
    assert await site.stored() == []


async def test_no_key_at_all_is_refused(site: Site) -> None:
    for path in ("/v1/touchpoints", "/v1/batch"):
        reply = await site.client.post(path, json=event())
        assert (reply.status_code, reply.json()["error"]) == (401, "The key is missing, unknown or revoked.")


async def test_a_revoked_key_is_refused_at_once(site: Site) -> None:
    register = RegisterFile(site.register).current()
    write_register(site.register, register.without_key(register.keys[0].id))
    assert (await site.send(event())).status_code == 401
    assert (await site.send(event(), key="secret")).status_code == 202


@pytest.mark.parametrize(("key", "limit"), [("write", BODY_BYTES), ("secret", LARGE_BODY_BYTES)])
async def test_each_key_has_its_size_of_body(site: Site, key: str, limit: int) -> None:
    body = orjson.dumps(event())
    assert (await site.send(body.ljust(limit), key=key)).status_code == 202
    reply = await site.send(body.ljust(limit + 1), key=key)
    assert (reply.status_code, reply.json()["problems"][0]["wanted"]) == (413, f"at most {limit}")
    packed = await site.send(gzip.compress(body.ljust(limit + 1)), key=key)
    assert packed.status_code == 413


async def test_a_body_key_has_its_size_of_body_too(site: Site) -> None:
    call = {"event": "A", "userId": "u", "writeKey": site.keys["write"]}
    for size, status in ((BODY_BYTES, 200), (BODY_BYTES + 1, 413)):
        reply = await site.client.post("/v1/track", content=orjson.dumps(call).ljust(size))
        assert reply.status_code == status
    large = await site.client.post("/v1/track", content=orjson.dumps({**call, "event": "A" * EVENT_BYTES}))
    assert [each["reason"] for each in large.json()["rejected"]] == ["too_large"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_a_secret_key_in_the_body_has_its_large_size(
    site: Site, pack: Callable[[bytes], bytes]
) -> None:
    event = {"event": "A", "distinct_id": "u"}
    body = orjson.dumps({"api_key": site.keys["secret"], "batch": [event] * 3})
    reply = await site.client.post("/batch/", content=pack(body.ljust(LARGE_BODY_BYTES)))
    assert (reply.status_code, reply.json()["accepted"]) == (200, 3)
    reply = await site.client.post("/batch/", content=pack(body.ljust(LARGE_BODY_BYTES + 1)))
    assert (reply.status_code, reply.json()["problems"][0]["wanted"]) == (413, f"at most {LARGE_BODY_BYTES}")


async def test_a_large_body_of_nobody_learns_nothing(site: Site) -> None:
    body = orjson.dumps({"userId": "u", "writeKey": "unknown"}).ljust(BODY_BYTES + 1)
    assert (await site.client.post("/v1/identify", content=body)).status_code == 401
    assert (await site.client.post("/v1/identify", content=gzip.compress(body))).status_code == 401
    body = orjson.dumps({"userId": "u", "writeKey": site.keys["secret"]}).ljust(BODY_BYTES + 1)
    assert (await site.send(body, key="unknown", path="/v1/identify")).status_code == 401


async def test_a_write_key_in_a_large_body_is_told_its_limit_and_its_position(site: Site) -> None:
    await site.send(event())
    body = orjson.dumps({"userId": "u", "writeKey": site.keys["write"]}).ljust(BODY_BYTES + 1)
    reply = await site.client.post("/v1/identify", content=body)
    assert (reply.status_code, reply.json()["problems"][0]["wanted"]) == (413, f"at most {BODY_BYTES}")
    assert sum(Position.parse(reply.headers["x-etappe-position"]).offsets.values()) == 1


async def test_large_bodies_of_nobody_take_only_so_many_places(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.bodies.PLACE_SECONDS", 0.01)
    held, go_on = [], asyncio.Event()

    async def slowly(body: bytes) -> AsyncIterator[bytes]:
        yield body[: BODY_BYTES + 1]
        held.append(body)
        await go_on.wait()
        yield body[BODY_BYTES + 1 :]

    key = orjson.dumps({"event": "A", "userId": "u", "writeKey": site.keys["secret"]})
    calls = [
        asyncio.create_task(site.client.post("/v1/identify", content=slowly(key.ljust(2 * BODY_BYTES))))
        for _ in range(UNKNOWN_LARGE_BODIES)
    ]
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert len(held) == UNKNOWN_LARGE_BODIES
    late = await site.client.post("/v1/identify", content=slowly(key.ljust(2 * BODY_BYTES)))
    announced = await site.client.post("/v1/identify", content=key.ljust(2 * BODY_BYTES))
    for reply in (late, announced):
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert (await site.client.post("/v1/identify", content=key)).status_code == 200
    assert (await site.send(key.ljust(2 * BODY_BYTES), key="secret", path="/v1/identify")).status_code == 200
    go_on.set()
    assert [reply.status_code for reply in await asyncio.gather(*calls)] == [200] * UNKNOWN_LARGE_BODIES
    assert (await site.client.post("/v1/identify", content=key.ljust(2 * BODY_BYTES))).status_code == 200


@pytest.mark.parametrize("count", [5_000, 4_180_000])
async def test_deep_bodies_of_nobody_are_not_looked_into(
    site: Site, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("ingest.json_events.cut_deep")
    body = gzip.compress(b'{"a":' + b"[" * count)
    for path in ("/v1/track", "/v1/batch"):
        assert (await site.client.post(path, content=body)).status_code in (401, 413)
        assert (await site.send(body, key="unknown", path=path)).status_code == 401


async def test_a_deep_body_with_a_key_in_it_is_still_cut_and_read(site: Site) -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    calls = b'[{"type":"page","userId":"u"},{"type":"page","userId":"u","properties":{"a":%b}}]' % deep
    body = b'{"batch":%b,"writeKey":"%b"}' % (calls, site.keys["write"].encode())
    reply = await site.client.post("/v1/batch", content=body)
    assert (reply.status_code, reply.json()["accepted"]) == (200, 1)
    assert reply.json()["rejected"][0]["reason"] == "too_deep"


async def test_an_unknown_encoding_is_refused(site: Site) -> None:
    reply = await site.send(event(), headers={"content-encoding": "zstd"})
    assert reply.status_code == 415


async def test_a_body_that_does_not_come_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.bodies.BODY_SECONDS", 0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"authorization": f"Bearer {site.keys['write']}"}
    request = site.client.build_request("POST", "/v1/touchpoints", content=endless(), headers=headers)
    assert (await site.client.send(request)).status_code == 408


async def test_far_too_many_events_are_refused_as_a_whole(site: Site) -> None:
    reply = await site.send(b"[" + b"1," * LISTED_EVENTS + b"1]", key="secret")
    wanted = f"at most {LISTED_EVENTS}, of which {BATCH_EVENTS} are taken"
    problem = {"field": "events", "value": LISTED_EVENTS + 1, "wanted": wanted}
    assert (reply.status_code, reply.json()["problems"]) == (413, [problem])


async def test_all_that_is_too_many_is_listed_and_the_first_of_it_kept(site: Site) -> None:
    reply = await site.send(b"[" + b"1," * (LISTED_EVENTS - 1) + b"1]")
    reasons = [each["reason"] for each in reply.json()["rejected"]]
    assert reasons == ["bad_type"] * BATCH_EVENTS + ["too_many"] * (LISTED_EVENTS - BATCH_EVENTS)
    kept = Counter(each["reason"] for each in await site.rejects())
    assert kept == {"bad_type": BATCH_EVENTS, "too_many": TOO_MANY_KEPT}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[]",
        b"{}",
        b"null",
        b"3",
        b'"x"',
        b"{",
        b"[{]",
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b"\x1f\x8bxx",
    ],
)
@pytest.mark.parametrize("path", ["/v1/touchpoints", "/v1/track", "/v1/batch"])
async def test_malformed_bodies_and_empty_ones_are_400(site: Site, path: str, body: bytes) -> None:
    reply = await site.send(body, path=path)
    assert (reply.status_code, reply.json()["error"]) == (400, "The request cannot be read.")
    assert set(reply.json()["problems"][0]) == {"field", "value", "wanted"}


DEEP: Any = 0
for _ in range(40):
    DEEP = [DEEP]

REFUSED: dict[str, dict[str, Any]] = {
    "missing_event": event(event=""),
    "missing_identifier": event(identifiers={"user_id": "null"}),
    "bad_type": event(value="much"),
    "bad_time": event(at="yesterday"),
    "bad_identifier": event(identifiers={"User Id": "u"}),
    "too_long": event(event="x" * 201),
    "too_large": event(properties={"a": "x" * 33_000}),
    "too_deep": event(properties={"a": DEEP}),
    "too_old": event(at=NOW - 73 * HOUR),
    "in_future": event(at=NOW + 25 * HOUR),
}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"consent": {"analytics": "yes"}}, "consent.analytics is a string (wanted a boolean)"),
        ({"value": "much"}, "value is a string (wanted a number)"),
        ({"seq": 1.5}, "seq is a number (wanted an integer)"),
        ({"at": []}, "at is an array (wanted a number or a string)"),
        ({"account": {}}, "account is an object (wanted a number or a string)"),
        ({"offline": 1}, "offline is a number (wanted a boolean)"),
        ({"page": 7}, "page is a number (wanted an object)"),
    ],
)
async def test_details_speak_of_json(site: Site, fields: dict[str, Any], said: str) -> None:
    reply = await site.send(event(**fields))
    assert reply.json()["rejected"][0]["detail"] == said


@pytest.mark.parametrize("reason", REFUSED)
async def test_a_refused_event_is_reported_kept_and_refuses_no_other(site: Site, reason: str) -> None:
    reply = await site.send([event(id="good"), {**REFUSED[reason], "id": "bad"}])
    assert (reply.status_code, reply.json()["accepted"]) == (202, 1)
    (listed,) = reply.json()["rejected"]
    assert {**listed, "detail": ""} == {"index": 1, "id": "bad", "reason": reason, "detail": ""}
    (kept,) = await site.rejects()
    assert (kept["workspace"], kept["id"], kept["reason"], kept["stamp"]) == ("shop", "bad", reason, NOW)
    assert kept["detail"] == listed["detail"] != ""


async def test_the_other_reasons_are_reported_too(site: Site) -> None:
    many = await site.send([event(id=str(number)) for number in range(BATCH_EVENTS + 1)], key="secret")
    assert many.json()["rejected"][0]["reason"] == "too_many"
    call = await site.send({"batch": [{"type": "buy", "userId": "u"}]}, path="/v1/batch")
    assert call.json()["rejected"][0]["reason"] == "unknown_call"
    call = await site.send({"event": "A", "userId": "u", "integrations": {"Etappe": False}}, path="/v1/track")
    assert call.json()["rejected"][0]["reason"] == "not_for_us"
    assert set(REFUSED) | {"too_many", "unknown_call", "not_for_us"} == {reason.code for reason in Reason}


async def test_nothing_accepted_is_400(site: Site) -> None:
    reply = await site.send([event(event=""), event(event="")])
    assert (reply.status_code, reply.json()["accepted"], len(reply.json()["rejected"])) == (400, 0, 2)
    assert reply.json()["error"] == "No event was accepted."


async def test_an_event_without_an_id_gets_one_also_when_refused(site: Site) -> None:
    reply = await site.send([event(), event(event="")])
    (kept,) = await site.rejects()
    assert reply.json()["rejected"][0]["id"] == kept["id"] != ""


async def test_personal_values_stand_nowhere_in_the_log(site: Site, tmp_path: Path) -> None:
    personal = {
        "identifiers": {"email": "Anna.Muster@example.ch", "phone": "+41791234567", "user_id": "u"},
        "traits": {"firstName": "Annabella", "email": "Anna.Muster@example.ch"},
        "properties": {"note": "Anna.Muster@example.ch", "address": "Musterweg 77"},
        "page": {"url": "https://x.ch/?email=Anna.Muster%40example.ch"},
    }
    assert (await site.send([event(**personal), event(**personal, at="never")])).json()["accepted"] == 1
    written = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir())
    assert b"Order Paid" in written
    for value in (b"nna.muster", b"791234567", b"annabella", b"musterweg"):
        assert value not in written.lower()


@pytest.mark.parametrize(("error", "seconds"), [(LogFull(), "30"), (LogUnavailable(), "5")])
async def test_no_room_in_the_log_is_503(site: Site, error: Exception, seconds: str) -> None:
    site.log.broken[TOUCHPOINTS] = error
    for path, body in (("/v1/touchpoints", event()), ("/v1/track", {"event": "A", "userId": "u"})):
        reply = await site.send(body, path=path)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, seconds)
    assert await site.stored() == []


async def test_rejects_that_cannot_be_kept_cost_nobody_an_event(site: Site) -> None:
    site.log.broken[REJECTS] = LogFull()
    assert (await site.send([event(), event(event="")])).json()["accepted"] == 1


async def test_every_segment_path_takes_its_call(site: Site) -> None:
    call = {"type": "track", "userId": "u", "event": "A", "previousId": "p", "groupId": "g"}
    for path in PATHS:
        reply = await site.send(call, path=path)
        assert (reply.status_code, reply.json()) == (200, {"success": True, "accepted": 1, "rejected": []})
    for path in BATCH_PATHS:
        reply = await site.send(
            {"batch": [{"type": "page", **call}, {"type": "track", "userId": "u"}]}, path=path
        )
        assert (reply.status_code, reply.json()["accepted"], len(reply.json()["rejected"])) == (200, 1, 1)
    assert {each.source for each in await site.stored()} == {"segment"}


async def test_segment_calls_that_hold_nothing_good_are_400(site: Site) -> None:
    reply = await site.send({"userId": "u"}, path="/v1/track")
    assert (reply.status_code, reply.json()["success"], reply.json()["accepted"]) == (400, False, 0)


async def test_segments_key_may_stand_in_the_body(site: Site) -> None:
    body = {"writeKey": site.keys["write"], "batch": [{"type": "page", "userId": "u"}]}
    assert (await site.client.post("/v1/batch", json=body)).status_code == 200
    assert (await site.client.post("/v1/b", content=gzip.compress(orjson.dumps(body)))).status_code == 200
    read = {**body, "writeKey": site.keys["read"]}
    assert (await site.client.post("/v1/batch", json=read)).status_code == 403


async def test_a_page_of_any_origin_may_send(site: Site) -> None:
    asked = {"origin": "https://shop.ch", "access-control-request-headers": "authorization"}
    reply = await site.client.options("/v1/touchpoints", headers=asked)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (204, "https://shop.ch")
    assert reply.headers["access-control-allow-headers"] == "authorization"
    for sent in (event(), b"{"):
        reply = await site.send(sent, headers={"origin": "https://shop.ch"})
        assert reply.headers["access-control-allow-origin"] == "https://shop.ch"
        assert "X-Etappe-Position" in reply.headers["access-control-expose-headers"]


async def test_other_methods_are_not_allowed(site: Site) -> None:
    reply = await site.client.get("/v1/touchpoints")
    assert (reply.status_code, reply.headers["allow"]) == (405, "OPTIONS, POST")
    assert reply.json() == {"error": "This path takes OPTIONS, POST.", "problems": []}


async def test_readiness_is_the_logs_and_the_keys(site: Site) -> None:
    assert (await site.client.get("/readyz")).status_code == 200
    site.log.broken[TOUCHPOINTS] = LogFull()
    reply = await site.client.get("/readyz")
    assert (reply.status_code, reply.json()["error"]) == (503, "The event log has no room left.")
    site.log.broken.clear()
    write_register(site.register, Register())
    assert "No key may send" in (await site.client.get("/readyz")).json()["error"]
    assert (await site.client.get("/healthz")).status_code == 200


async def test_metrics_count_events_and_requests(site: Site) -> None:
    def value(page: str, name: str) -> float:
        return next((float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name)), 0)

    names = (
        'etappe_accepted_events_total{protocol="native",workspace="shop"}',
        'etappe_refused_events_total{reason="missing_event",workspace="shop"}',
        'etappe_requests_total{service="collector",status="202"}',
    )
    before = (await site.client.get("/metrics")).text
    await site.send([event(), event(), event(event="")])
    after = (await site.client.get("/metrics")).text
    assert [value(after, name) - value(before, name) for name in names] == [2, 1, 1]


async def test_openapi_knows_every_route(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    service = {"/healthz", "/readyz", "/metrics", SEGMENT, RUDDERSTACK, *POSTHOG}
    assert {*protocols(), VALIDATE, *service} <= set(document["paths"])
    native = document["paths"]["/v1/touchpoints"]["post"]
    assert {"202", "400", "401", "403", "413", "503"} <= set(native["responses"])
    reasons = document["components"]["schemas"]["Rejected"]["properties"]["reason"]["enum"]
    assert reasons == [reason.code for reason in Reason]


async def test_every_reference_of_the_openapi_document_leads_somewhere(site: Site) -> None:
    text = (await site.client.get("/openapi.json")).text
    schemas = orjson.loads(text)["components"]["schemas"]
    names = [part.split('"')[0] for part in text.split("#/components/schemas/")[1:]]
    assert names and set(names) <= set(schemas)


async def test_an_unknown_path_is_404_in_the_form_of_every_error(site: Site) -> None:
    reply = await site.send(event(), path="/v1/nothing")
    assert (reply.status_code, reply.json()) == (404, {"error": "There is no such path.", "problems": []})


async def test_a_route_that_is_not_hot_answers_other_methods_in_that_form_too(site: Site) -> None:
    reply = await site.send(event(), path="/healthz")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD")
    assert reply.json() == {"error": "This path takes GET, HEAD.", "problems": []}

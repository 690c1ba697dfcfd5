"""Hostile questions and orders to the query API: each is answered or refused with its problems named."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote_from_bytes

import httpx
import pytest
from fuzz.conftest import Asked
from fuzz.examples import EXAMPLES, LONG
from fuzz.values import VALUES

from etappe.errors import MOST_PROBLEMS

pytestmark = pytest.mark.timeout(600)

T = TypeVar("T")

MOST_SECONDS = 1.0
"""Of this process's processor time for a refusal."""

CALLS: Mapping[str, tuple[str, ...]] = {
    "/v1/funnel": (
        *("model", "order", "unit", "window", "by", "touch", "interval", "basis", "from", "to"),
        *("where", "percentiles", "entries", "identity_at"),
    ),
    "/v1/funnel/people": ("phase", "state", "group", "period", "stuck_for", "cursor", "limit", "where"),
    "/v1/journeys": ("phase", "stuck_for", "since", "live", "customer", "where", "cursor", "limit"),
    "/v1/customers/0000000000000001/phase": ("at", "model"),
    "/v1/paths": ("by", "start", "end", "depth", "collapse", "nodes", "where"),
    "/v1/sequences": ("by", "start", "limit"),
    "/v1/segments": ("model", "from", "limit"),
    "/v1/models": ("limit", "cursor"),
    "/v1/models/acpl": ("version", "after"),
    "/v1/customers": ("identifier", "at", "format"),
    "/v1/customers/0000000000000001/journey": ("limit", "cursor"),
    "/v1/customers/0000000000000001/identity": ("a", "b", "identity_at", "limit", "cursor"),
    "/v1/identity/splits": ("after", "limit"),
    "/v1/identity/rules": ("cursor",),
    "/v1/privacy/erase/0": ("format",),
    "/v1/coverage": ("model", "limit", "cursor"),
    "/v1/map": ("model", "where", "to"),
    "/v1/map/people": ("phase", "channel", "cursor"),
    "/v1/freshness": ("after", "timeout", "format"),
    "/v1/rejects": ("reason", "source", "id", "state", "by", "cursor", "limit"),
    "/v1/imports": ("from",),
    "/v1/keys": ("cursor",),
    "/v1/workspaces": ("limit",),
    "/v1/rebuild": ("to",),
}


def coded(value: object) -> str:
    return base64.urlsafe_b64encode(
        value if isinstance(value, bytes) else json.dumps(value).encode()
    ).decode()


MORE = {
    "funnel by a property": ("/v1/funnel", "by=property:'); DROP TABLE touchpoints; --"),
    "funnel by a property of 30 KB": ("/v1/funnel", "by=property:" + "a" * 30_000),
    "funnel by a property with dots": ("/v1/funnel", "by=property:" + "a." * 5_000),
    "funnel by a property with NUL": ("/v1/funnel", "by=property:%00"),
    "funnel by a trait, quotation marks": ("/v1/funnel", "by=trait:`'%22\\"),
    "funnel by an experiment, braces": ("/v1/funnel", "by=experiment:{x:String}"),
    "window of 4,301 digits": ("/v1/funnel", "window=" + "9" * 4_301 + "d"),
    "window of 30,000 digits": ("/v1/funnel", "window=" + "9" * 30_000 + "w"),
    "window of nothing": ("/v1/funnel", "window=0ms"),
    "all days there are": ("/v1/funnel", "from=1900-01-01&to=2299-12-31&interval=day"),
    "from after to": ("/v1/funnel", "from=2026-01-02&to=2026-01-01"),
    "a range of nothing": ("/v1/funnel", "from=2026-01-01&to=2026-01-01"),
    "5,000 parameters": ("/v1/funnel", "&".join(f"a{n}=1" for n in range(5_000))),
    "a parameter 5,000 times": ("/v1/funnel", "&".join(["model=acpl"] * 5_000)),
    "no names": ("/v1/funnel", "=1&=2&&&;"),
    "cursor: a number": ("/v1/rejects", f"cursor={coded(5)}"),
    "cursor: null": ("/v1/rejects", f"cursor={coded(None)}"),
    "cursor: an object": ("/v1/rejects", f"cursor={coded({'a': 1})}"),
    "cursor: four": ("/v1/rejects", f"cursor={coded([1, 2, 3, 4])}"),
    "cursor: a huge number": ("/v1/rejects", f"cursor={coded([1 << 80, 'a', 'b'])}"),
    "cursor: 10,000 digits": ("/v1/rejects", f"cursor={coded(b'[' + b'9' * 10_000 + b',1,2]')}"),
    "cursor: nested": ("/v1/rejects", f"cursor={coded(b'[' * 30_000)}"),
    "cursor: half a pair": ("/v1/rejects", "cursor=" + coded(b'[1,"\\ud800","a"]')),
    "cursor: NUL": ("/v1/rejects", "cursor=" + coded([1, "\0", "\0"])),
    "cursor: not ASCII": ("/v1/rejects", "cursor=%e4%ff"),
    "cursor: NaN": ("/v1/rejects", "cursor=" + coded(b'[NaN,"a","b"]')),
    "cursor of places": ("/v1/customers/0000000000000001/journey",
                         "cursor=999999999999999_9223372036854775808_" + "F" * 32),
    "cursor past all": ("/v1/coverage", "cursor=999999999999999999"),
    "position of 10,000 parts": ("/v1/freshness", "after=" + "_".join(f"{n}-1" for n in range(8_000))),
    "position of 10,000 digits": ("/v1/freshness", "after=0-" + "9" * 10_000),
    "position far away": ("/v1/freshness", "after=0-1099511627775&timeout=0"),
    "position negative": ("/v1/freshness", "after=0--1"),
    "people: a cursor of another list": ("/v1/funnel/people", f"phase=p1&cursor={coded([1, 'a', 'b'])}"),
    "people: a cursor past all": ("/v1/funnel/people", f"phase=p1&cursor={coded([0, (1 << 64) - 1, 1, ''])}"),
    "people: a cursor of huge numbers": ("/v1/funnel/people", f"phase=p1&cursor={coded([1 << 70, 1, 1, ''])}"),
    "people: a group of 30 KB": ("/v1/funnel/people", "phase=p1&by=channel&group=" + "a" * 30_000),
    "people: a period that is no day": ("/v1/funnel/people", "phase=p1&interval=day&period=2026-02-30"),
    "1,000 filters": ("/v1/funnel", "&".join(["where=channel:eq:a"] * 1_000)),
    "a filter of 30 KB": ("/v1/journeys", "where=channel:eq:" + "a" * 30_000),
    "a filter for 10,000 values": ("/v1/paths", "where=channel:in:" + "a," * 10_000),
    "a filter by a property of dots": ("/v1/funnel", "where=properties." + "a." * 5_000 + ":eq:1"),
    "a filter by a pattern that explodes": ("/v1/funnel", "where=event:matches:" + "(a*)*" * 200 + "b"),
    "a filter by a pattern that is none": ("/v1/journeys", "where=event:matches:(" * 5),
    "a filter by a segment that is none": ("/v1/paths", "where=segment:eq:'); DROP TABLE journeys; --"),
    "paths of no depth": ("/v1/paths", "depth=0"),
    "paths of any depth": ("/v1/paths", "depth=99999999999999999999"),
    "percentiles without an end": ("/v1/funnel", "percentiles=" + "1," * 10_000),
    "a model that is a path": ("/v1/models/..%2f..%2fetc", ""),
    "a customer of no number": ("/v1/customers/" + "z" * 16 + "/journey", ""),
    "a customer of 10 KB": ("/v1/customers/" + "0" * 10_000 + "/journey", ""),
    "a customer that is a path": ("/v1/customers/..%2f..%2fetc/journey", ""),
    "identifier of 60 KB": ("/v1/customers", "identifier=user_id:" + "a" * 60_000),
    "phone of 10,000 digits": ("/v1/customers", "identifier=phone:%2B41" + "7" * 10_000),
    "address of 30 KB": ("/v1/customers", "identifier=email:" + "a@" * 15_000),
    "a type that is none": ("/v1/customers", "identifier='; DROP TABLE:1"),
}  # fmt: skip


def questions() -> Iterator[tuple[str, str]]:
    """By name, path and query."""
    for path, parameters in CALLS.items():
        for parameter in parameters:
            for name, value in VALUES.items():
                if len(value) <= 20_000:
                    prefix = "user_id:" if parameter == "identifier" else ""
                    encoded = prefix + quote_from_bytes(value.strip(b'"'))
                    yield f"{path} {parameter}: {name}", f"{path}?{parameter}={encoded}"
    for name, (path, query) in MORE.items():
        yield name, f"{path}?{query}"


ORDERS: Mapping[str, tuple[str, tuple[bytes, ...]]] = {
    "/v1/keys": ("POST", (
        b"%b", b'{"kind":%b}', b'{"kind":"write","name":%b}', b'{"kind":"write","origins":[%b]}',
        b'{"kind":"write","rate":%b}',
    )),
    "/v1/keys/{id}": ("PATCH", (b"%b", b'{"name":%b}', b'{"origins":%b}')),
    "/v1/keys/{id}/rotate": ("POST", (b'{"grace_seconds":%b}',)),
    "/v1/workspaces": ("POST", (b"%b", b'{"name":%b}')),
    "/v1/workspaces/shop": ("PATCH", (
        b'{"time_zone":%b}', b'{"gap_days":%b}', b'{"app_ids":[%b]}', b'{"phone_region":%b}', b'{%b:1}',
    )),
    "/v1/identity/splits": ("POST", (
        b"%b", b'{"a":%b,"b":"user_id:1"}', b'{"ban":%b}', b'{"ban":"user_id:1","note":%b}', b'{"a":"email:a","b":%b}',
    )),
    "/v1/identity/rules": ("PUT", (b"%b", b'{"rules":%b}', b"types: {email: %b}", b"blocked: {values: [%b]}")),
    "/v1/identity/rules/preview": ("POST", (b"%b", b"blocked: {patterns: [%b]}")),
    "/v1/privacy/erase": ("POST", (b"%b", b'{"identifier":%b}', b'{"customer":%b}')),
    "/v1/funnel/steps": ("POST", (
        b"%b", b'{"steps":%b}', b'{"steps":[%b]}', b'{"steps":[{"event":%b},{"event":"*"}]}',
        b'{"steps":[{"any_of":[{"event":"P1","where":[%b]}]}]}',
        b'{"steps":[{"event":"P1","where":[{"field":"properties.a","op":"eq","value":%b}]}]}',
        b'{"steps":[{"event":"P1","where":[{"field":%b,"op":"in","value":["a"]}]}]}',
        b'{"steps":[{"event":"P1"},{"event":"P2","optional":%b}],"histogram":%b}',
        b'{"steps":[{"event":"P1"},{"event":"P2"}],"exclude":[{"event":"P3","after":%b,"before":2}]}',
        b'{"steps":[{"event":"P1"}],"by":%b,"touch":%b}', b'{"steps":[{"event":"P1"}],"window":%b,"hold":%b}',
        b'{"steps":[{"event":"P1"}],"from":%b,"order":%b,"unit":%b}', b'{"steps":[{"event":"P1"}],%b:1}',
    )),
    "/v1/funnel/steps/people": ("POST", (
        b'{"steps":[{"event":"P1"}],"step":%b}', b'{"steps":[{"event":"P1"}],"step":1,"state":%b,"limit":%b}',
        b'{"steps":[{"event":"P1"}],"step":1,"cursor":%b}',
        b'{"steps":[{"event":"P1"}],"step":1,"by":"channel","group":%b}',
    )),
    "/v1/models/shop": ("PUT", (
        b"%b", b'{"name":"shop","conversion":"a","phases":%b}',
        b'{"name":"shop","conversion":%b,"phases":[{"name":"a","rules":[{"event":"A"}]}]}',
        b'{"name":"shop","conversion":"a","phases":[{"name":"a","rules":[{"event":%b}]}]}',
        b'{"name":"shop","conversion":"a","phases":[{"name":"a","rules":[{"properties.a":{"gt":%b}}]}]}',
        b"name: shop\nconversion: a\nphases: [{name: a, rules: [{event: {matches: %b}}]}]",
    )),
    "/v1/models/preview": ("POST", (
        b"%b", b'{"name":"try","conversion":"a","phases":[{"name":"a","rules":[{"value":{"gt":%b}}]}]}',
        b'{"name":"try","conversion":"a","phases":[{"name":"a","rules":[{"page.path":{"prefix":%b}}]}]}',
    )),
    "/v1/rejects/replay": ("POST", (
        b"%b", b'{"ids":%b}', b'{"ids":[%b]}', b'{"reason":%b}', b'{"reason":"missing_event","from":%b}',
        b'{"reason":"missing_event","limit":%b}', b'{"ids":["bad-1"],"merge":{"event":%b}}',
        b'{"ids":["bad-2"],"merge":%b,"dry_run":true}',
    )),
}  # fmt: skip
"""By path the method, and what one hostile value is put into."""


def orders(key_id: str) -> Iterator[tuple[str, str, str, bytes]]:
    """Name, method, path and body."""
    for path, (method, templates) in ORDERS.items():
        for template in templates:
            for name, value in VALUES.items():
                label = f"{method} {path} {template.decode()}: {name}"
                yield label, method, path.replace("{id}", key_id), template.replace(b"%b", value)


def test_hostile_questions_are_answered_or_refused(asked: Asked) -> None:
    cases = [(name, "GET", url, b"") for name, url in some(list(questions()))]
    assert len(cases) >= 200
    assert failures(asked, cases) == []


def test_hostile_orders_are_carried_out_or_refused(asked: Asked) -> None:
    key_id = asked.world.register.keys[0].id
    cases = some(list(orders(key_id)))
    assert len({body for *_, body in cases}) >= 300
    assert failures(asked, cases) == []


def some(cases: list[T]) -> list[T]:
    """All of them in a long run; else one in six, and the last ones, which are by hand."""
    return cases if EXAMPLES >= LONG else [*cases[: -len(MORE) : 6], *cases[-len(MORE) :]]


def failures(asked: Asked, cases: list[tuple[str, str, str, bytes]]) -> list[str]:
    """What is wrong with the answers, by name."""
    found = []
    for name, method, url, body in cases:
        headers = {"authorization": f"Bearer {asked.world.tokens['admin']}"}
        request = httpx.Request(method, "http://query" + url, headers=headers, content=body)
        begun = time.process_time()
        try:
            reply = asked.send(request)
        except Exception as error:
            found.append(f"{name}: {type(error).__name__}: {error}"[:300])
            continue
        found += [f"{name}: {each}" for each in wrong_with(reply, time.process_time() - begun)]
    return found


def wrong_with(reply: httpx.Response, cost: float) -> Iterator[str]:
    is_made_on_demand = reply.status_code == 503 and "still being made" in reply.text
    if reply.status_code not in (200, 201, 202, 404, 409, 413, 422, 504) and not is_made_on_demand:
        yield f"{reply.status_code}: {reply.text[:200]}"
    if reply.status_code >= 400:
        content = reply.json()
        if not content["error"] or not all(
            each["field"] is not None and each["wanted"] for each in content["problems"]
        ):
            yield f"says nothing: {reply.text[:200]}"
        if cost > MOST_SECONDS:
            yield f"{cost:.2f} s"


def test_of_thousands_of_problems_a_hundred_are_named(asked: Asked) -> None:
    """5,000 unknown parameters: the answer is smaller than what was asked would make of it."""
    headers = {"authorization": f"Bearer {asked.world.tokens['read']}"}
    query = "&".join(f"a{n}=1" for n in range(5_000))
    reply = asked.send(httpx.Request("GET", f"http://query/v1/funnel?{query}", headers=headers))
    content = reply.json()
    assert (reply.status_code, len(content["problems"])) == (422, MOST_PROBLEMS)
    assert content["error"].endswith("; and 4,900 more")
    assert len(reply.content) < 100_000

"""Schemathesis over the collector's OpenAPI document, against the real application and the real log on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import orjson
import pytest
from fuzz.examples import EXAMPLES, SECONDS, Application, Trial, explained, operations, try_out
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from etappe.clock import system_clock
from etappe.eventlog import COLLECTOR_TOPICS, EventLog, connect_log
from etappe.settings import Settings, read_settings
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from ingest.app import create_app
from ingest.openapi import add_hot_routes
from ingest.protocols import WireProtocol
from ingest.protocols.segment import BATCH_PATHS as SEGMENT_BATCHES
from ingest.replay import PATH as REPLAY
from ingest.routes import protocols
from ingest.validate import PATH as VALIDATE

pytestmark = pytest.mark.timeout(SECONDS)

KEYS = ("write", "secret", "write", "admin", "secret", "read", "no such key")
"""They take turns: most of what is sent should get past the door."""

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
"""Not `negative_data_rejection`: what is wrong with one field of an event concerns that field alone where senders
are known to get it wrong, and fields that nobody knows are ignored. Not `positive_data_acceptance`: a document
cannot say that a time is too old."""


async def _connect(settings: Settings, register: Register) -> tuple[EventLog, httpx.AsyncClient]:
    write_register(settings.workspaces, register)
    log = await connect_log(settings.log, COLLECTOR_TOPICS)
    app = create_app(settings, log, RegisterFile(settings.workspaces), system_clock)
    return log, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://collector")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    register, keys = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "secret", "read", "admin"):
        register, _, keys[kind] = register.with_key(kind, "shop", 1)
    with asyncio.Runner() as loop:
        log, client = loop.run(_connect(read_settings(data_dir=tmp_path_factory.mktemp("fuzz")), register))
        yield Application(lambda request: loop.run(client.send(request)), "http://collector", keys)
        loop.run(client.aclose())
        loop.run(log.close())


def protocol_of(label: str) -> WireProtocol | None:
    """What the route table has for `POST /v1/track`; None for what is no write."""
    method, path = label.split()
    return next((each for each in protocols().get(path, ()) if method in each.methods), None)


def same(a: WireProtocol, b: WireProtocol) -> bool:
    """Objects of one class, made with the same arguments: whichever path asks them, the same code runs on the same
    data."""
    return type(a) is type(b) and vars(a) == vars(b)


def alike(labels: Sequence[str]) -> list[list[str]]:
    """Labels in groups: a group's share one protocol, its call included, and one method."""
    groups: list[list[str]] = []
    for label in labels:
        protocol = protocol_of(label)
        group = next((each for each in groups if _one(label, each[0], protocol)), None)
        if group is None:
            groups.append([label])
        else:
            group.append(label)
    return groups


def _one(label: str, other: str, protocol: WireProtocol | None) -> bool:
    known = protocol_of(other)
    return bool(
        protocol
        and known
        and same(protocol, known)
        and label.split(maxsplit=1)[0] == other.split(maxsplit=1)[0]
    )


def _documented() -> list[str]:
    return sorted(operations(_document()))


def _document() -> dict[str, object]:
    """The hot routes alone: what FastAPI adds is asked of the application."""
    return add_hot_routes({"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}})


GROUPS = alike(_documented())
SERVICE = (
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/projects/{write_key}/settings", "GET /sourceConfig/",
    "GET /array/{token}/config", "GET /array/{token}/config.js", "GET /flags/", "POST /flags/", "GET /decide/",
    "POST /decide/", "GET /api/surveys/", "GET /api/web_experiments/", "GET /api/product_tours/",
    "GET /api/early_access_features/",
)  # fmt: skip


def test_every_documented_operation_is_tried_out(application: Application) -> None:
    tried = [label for group in GROUPS for label in group] + list(SERVICE)
    assert sorted(tried) == sorted(operations(application.document))


def test_paths_that_share_their_examples_are_one_protocol() -> None:
    """Ten paths of Segment's `track` are one; `track` and `page` are not, nor are POST and GET of one path."""
    by_label = {label: group for group in GROUPS for label in group}
    assert by_label["POST /v1/track"] is by_label["POST /v1/t"]
    assert by_label["POST /v1/track"] is not by_label["POST /v1/page"]
    assert by_label["POST /capture/"] is not by_label["GET /capture/"]
    assert len(GROUPS) == 25


GOOD = {
    "event": "A", "identifiers": {"user_id": "u-1"},
    "anonymous_id": "d-1", "type": "track", "userId": "u-1", "previousId": "d-1", "groupId": "g-1",
    "distinct_id": "d-1", "e": "pv", "duid": "d-1",
}  # fmt: skip
"""What some protocol needs; the others ignore it."""

TIMES = ("at", "sent_at", "timestamp", "originalTimestamp", "sentAt", "dtm", "stm", "ttm", "offset")
"""What is of the right type may still be no time, or one too long ago."""

BATCHES = (*SEGMENT_BATCHES, "/batch", "/batch/")
SEVERAL = ("batch", "events", "data")


def mend(case: Case) -> None:
    """Put what is needed into each event, wherever the protocol has it."""
    if isinstance(case.body, dict | list):
        case.body = (
            {"batch": [GOOD]} if case.path in BATCHES and not _events(case.body) else _mended(case.body)
        )
    if case.method == "GET":
        event = _without_times(case.query) | {n: v for n, v in GOOD.items() if isinstance(v, str)}
        data = orjson.dumps({**GOOD, "event": "A"}).decode() if "data" in case.operation.query else None
        case.query = event | ({"data": data} if data else {})


def _events(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("batch"), list)


def _mended(body: Any) -> Any:
    if isinstance(body, list):
        return [_mended(each) for each in body if isinstance(each, dict)] or [GOOD]
    several = [name for name in SEVERAL if isinstance(body.get(name), list)]
    if several:
        return _without_times(body) | {name: _mended(body[name]) for name in several}
    return _without_times(body) | GOOD


def _without_times(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in TIMES}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0].replace("/", "_"))
def test_writes_answer_as_documented(application: Application, group: list[str]) -> None:
    known = operations(application.document)
    seen = try_out(application, [known[label] for label in group], Trial(KEYS, CHECKS, counted, mend))
    if EXAMPLES >= 200:
        assert any(status in (200, 202) for _, status in seen), f"{group}: nothing was taken: {seen}"


def counted(reply: httpx.Response, case: Case, key: str) -> None:
    """2xx where an event was accepted, else 400 that says what is wrong with each."""
    explained(reply, case, key)
    refused = {"read": 403, "no such key": 401}
    assert reply.status_code == refused.get(key, reply.status_code)
    if reply.headers.get("content-type") != "application/json" or reply.status_code not in (200, 202, 400):
        return
    content = reply.json()
    if case.path not in (VALIDATE, REPLAY):  # which answer 200 whatever became of the events
        assert bool(content.get("accepted")) is reply.is_success, reply.text
    assert all(each["detail"] and each["reason"] for each in content.get("rejected", [])), reply.text


@pytest.mark.parametrize("label", SERVICE, ids=lambda label: label.replace("/", "_"))
def test_what_is_no_write_answers_as_documented(application: Application, label: str) -> None:
    try_out(application, [operations(application.document)[label]], Trial(KEYS, CHECKS, explained))

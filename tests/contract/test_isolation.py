"""A key of one workspace reaches nothing of another: every route of both services, with every kind of key.

The routes come from the OpenAPI documents, so that a new one is covered by itself.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from asking.world import NOON, NOW, World, model_of, touchpoint
from reference.journeys import Touch

from etappe.eventlog import (
    CHANGES,
    COLLECTOR_TOPICS,
    REJECTS,
    TOUCHPOINTS,
    Entry,
    EventLog,
    LogOptions,
    Position,
    connect_log,
)
from etappe.identifiers import event_key, make_identifier
from etappe.settings import read_settings
from etappe.touchpoint import record_key
from etappe.workspaces import KEY_KINDS, Register, RegisterFile, new_workspace, write_register
from ingest.app import create_app

KINDS = (*KEY_KINDS, "unknown")
REQUIRED = {"identifier": "user_id:anna", "phase": "p1"}
"""Values of parameters that a call cannot do without."""
BY_ITS_NAME = {("put", "/v1/models/{model}")}
"""Makes a thing of the asking workspace's own, whatever others call theirs."""
ENDLESS = "/v1/live"
"""Answered until somebody hangs up; tests/contract/test_query_live.py has a stranger listen."""
BODIES: dict[tuple[str, str], Any] = {
    ("patch", "/v1/keys/{id}"): {"name": "taken over"},
    ("patch", "/v1/workspaces/{name}"): {"keep_ip": True},
}
"""Good bodies of calls on a thing with an id, so that only the id can be what they are refused for."""


class Stranger:
    """A workspace whose every name begins with its own marker, in the tables, the register and the log."""

    def __init__(self, world: World, marker: str, customers: int) -> None:
        self.world = world
        self.marker = marker
        self.user = make_identifier(world.workspace.salt_bytes, "user_id", "anna").key
        self.customers = [self.user, *range(1, customers)]

    def fill(self) -> None:
        """Customers of whom all but the first have the same ids in every workspace."""
        world = self.world
        world.add_build(model_of(3))
        touches = [
            Touch(
                each,
                NOON,
                1,
                id=f"{self.marker}-{each}",
                channel=f"{self.marker}-channel",
                value=len(self.customers),
            )
            for each in self.customers
        ]
        world.add_journeys_of(touches)
        properties = json.dumps({"said": f"{self.marker}-property"})
        world.add_touchpoints(
            *(
                touchpoint(
                    t,
                    page_path=f"/{self.marker}",
                    properties=properties,
                    stamp=NOON,
                    import_id=f"{self.marker}-import",
                )
                for t in touches
            )
        )
        for each in self.customers:
            world.insert(
                "identifiers", [{"identifier": each, "type": "user_id", "value": f"{self.marker}-{each}"}]
            )
        world.insert("progress", [self._progress()])
        world.insert("receipts", [self._receipt(n) for n in range(len(self.customers))])
        world.insert("rejects", [self._reject()])
        world.insert("decisions", [self._decision()])
        world.insert("erasures", [self._erasure()])
        world.insert("models", [self._model()])

    def _decision(self) -> dict[str, Any]:
        return {"id": f"{self.marker}-decision", "kind": "ban", "a": self.user, "a_type": "user_id", "b": 0,
                "b_type": "", "asked": NOON, "asked_by": f"{self.marker}-key", "note": f"{self.marker}-note",
                "taken_back": 0, "version": 1}  # fmt: skip

    def _erasure(self) -> dict[str, Any]:
        return {"id": f"{self.marker}-erasure", "identifier": 1 << 60, "since": 0, "until": 1, "asked": NOON,
                "asked_by": f"{self.marker}-key", "done": True, "version": 1}  # fmt: skip

    def _model(self) -> dict[str, Any]:
        text = f"{{name: {self.marker}, conversion: p, phases: [{{name: p, rules: [{{event: {self.marker}-event}}]}}]}}"
        return {"model": self.marker, "asked": NOON, "model_version": "0", "definition": text,
                "asked_by": f"{self.marker}-key", "dropped": False}  # fmt: skip

    async def accept(self, log: EventLog) -> None:
        name = self.world.workspace.name
        await log.append(
            TOUCHPOINTS, [Entry(record_key(name, f"e{n}"), b"{}") for n in range(len(self.customers))]
        )

    def _progress(self) -> dict[str, Any]:
        position = (self.world.epoch << 40) + len(self.customers)
        return {"partition": 0, "position": position, "stamp": NOON, "identity_version": 1}

    def _receipt(self, offset: int) -> dict[str, Any]:
        position = (self.world.epoch << 40) + offset
        id_ = event_key(f"{self.marker}-{offset}")
        return {
            "event_id": id_,
            "partition": 0,
            "position": position,
            "outcome": "stored",
            "reason": "",
            "stamp": NOON,
        }

    def _reject(self) -> dict[str, Any]:
        body = json.dumps({"event": f"{self.marker}-event"})
        return {"id": f"{self.marker}-reject", "stage": "door", "version": 1, "position": 1, "reason": "too_deep",
                "state": "open", "detail": f"{self.marker}-detail", "stamp": NOON, "first": NOON, "times": 1,
                "source": "native", "body": body, "size": len(body)}  # fmt: skip


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    topics = [*COLLECTOR_TOPICS, CHANGES]
    log = await connect_log(f"sqlite:///{tmp_path / 'log'}", topics, LogOptions(partitions=1), lambda: NOON)
    yield log
    await log.close()


@pytest.fixture
async def pair(tables: Any, log: EventLog) -> AsyncIterator[tuple[Stranger, Stranger]]:
    """Who asks, with its data, and the other, so far without any; neither is the operator's workspace."""
    asking, other = World(*tables), World(*tables)
    register = Register().with_workspace(new_workspace("operators"))
    workspaces = {**register.workspaces, **asking.register.workspaces, **other.register.workspaces}
    asking.register = Register(workspaces, (*asking.register.keys, *other.register.keys))
    other.epoch = asking.epoch
    asking.read_log(log)
    asking.write.insert("epochs", {"name": [f"log:{await log.log_id(TOUCHPOINTS)}"], "epoch": [asking.epoch]})
    ours, theirs = Stranger(asking, "ours", 3), Stranger(other, "theirs", 5)
    ours.fill()
    await ours.accept(log)
    yield ours, theirs
    await asking.client.aclose()
    await other.client.aclose()


async def calls_of(client: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every call of a service that takes a key."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    found = [
        (method, path, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if (operation.get("security") or path.startswith("/v1/")) and path != ENDLESS
    ]
    assert len(found) > 10
    return found


def required(operation: dict[str, Any]) -> dict[str, str]:
    wanted = [
        each["name"] for each in operation.get("parameters", ()) if each["in"] == "query" and each["required"]
    ]
    return {name: REQUIRED[name] for name in wanted}


def at_once(operation: dict[str, Any]) -> dict[str, str]:
    """Nothing is waited for, where a call may wait."""
    names = [each["name"] for each in operation.get("parameters", ())]
    return {"timeout": "0"} if "timeout" in names else {}


async def ask_everything(world: World) -> dict[tuple[str, str, str], tuple[int, Any]]:
    """Status and content of every call that changes nothing and names no id, by method, path and kind of key."""
    found = {}
    for method, path, operation in await calls_of(world.client):
        if method != "get" or "{" in path:
            continue
        for kind in KINDS:
            reply = await world.get(path, token=kind, **required(operation))
            assert reply.status_code < 500, (path, kind, reply.text)
            found[method, path, kind] = (reply.status_code, reply.text)
    return found


async def test_no_answer_depends_on_what_another_workspace_holds(
    pair: tuple[Stranger, Stranger], log: EventLog
) -> None:
    """Asked before and after the other one got touchpoints, customers, receipts, rejects and keys."""
    ours, theirs = pair
    before = await ask_everything(ours.world)
    theirs.fill()
    await theirs.accept(log)
    ours.world.register, *_ = ours.world.register.with_key(
        "admin", theirs.world.workspace.name, 0, name="theirs"
    )
    after = await ask_everything(ours.world)
    assert {call for call in before if before[call] != after[call]} == set()
    answered = [call for call, (status, _) in after.items() if status == 200]
    assert {kind for *_, kind in answered} == {"read", "admin"}
    assert any("ours-channel" in text for _, text in after.values())
    told = [
        call for call, (_, text) in after.items() if "theirs" in text or theirs.world.workspace.name in text
    ]
    assert told == []


def ids_of(stranger: Stranger, path: str) -> tuple[str, str]:
    """An id of this workspace for the place in `path`, and one that nobody has.

    A call on a new kind of thing has to be added here.
    """
    world = stranger.world
    known = {
        "/v1/customers/{customer}": (f"{stranger.user:016x}", f"{(1 << 63) + 1:016x}"),
        "/v1/imports/{import_id}": ("theirs-import", "nobodys-import"),
        "/v1/identity/splits/{id}": ("theirs-decision", "nobodys-decision"),
        "/v1/privacy/erase/{id}": ("theirs-erasure", "nobodys-erasure"),
        "/v1/keys/{id}": (next(key.id for key in world.register.keys if key.kind == "write"), "00000000"),
        "/v1/models/{model}": ("theirs", "nobodys"),
        "/v1/workspaces/{name}": (world.workspace.name, "nobody"),
    }
    begin = path[: path.index("}") + 1]
    assert begin in known, f"name an id of another workspace to try on {path}"
    return known[begin]


SAID = ("theirs-reject", "theirs-import", "theirs-decision", "theirs-erasure")
"""Ids of the other one that a request names, so that a refusal may repeat them."""


def without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


def at(path: str, id_: str) -> str:
    """The path with an id in the place that it has for one."""
    return path[: path.index("{")] + id_ + path[path.index("}") + 1 :]


async def test_the_id_of_another_workspace_is_answered_like_one_that_nobody_has(
    pair: tuple[Stranger, Stranger], log: EventLog
) -> None:
    ours, theirs = pair
    theirs.fill()
    tried = set()
    for method, path, operation in await calls_of(ours.world.client):
        if "{" not in path or (method, path) in BY_ITS_NAME:
            continue
        for kind in KINDS:
            found = []
            for id_ in ids_of(theirs, path):
                body, more = BODIES.get((method, path)), required(operation)
                reply = await ours.world.send(method.upper(), at(path, id_), body, token=kind, **more)
                assert reply.status_code in (401, 403, 404), (method, path, kind, reply.text)
                found.append((reply.status_code, reply.text.replace(id_, "ID")))
            assert found[0] == found[1], (method, path, kind)
            tried.add((path, kind, found[0][0]))
    assert {status for _, kind, status in tried if kind == "admin"} == {404}
    assert {status for _, kind, status in tried if kind == "unknown"} == {401}


async def test_no_order_changes_another_workspace(pair: tuple[Stranger, Stranger], log: EventLog) -> None:
    """Every call that changes something, with ids of the other one in path and body; then that one is as it was."""
    ours, theirs = pair
    theirs.fill()
    await theirs.accept(log)
    world = ours.world
    name = theirs.world.workspace.name
    admin = next(key for key in theirs.world.register.keys if key.kind == "admin")
    theirs_admin = theirs.world.tokens["admin"]
    world.tokens["theirs"] = theirs_admin

    async def as_they_see_it() -> list[tuple[str, int, str]]:
        found = []
        for method, path, operation in await calls_of(world.client):
            if method == "get" and "{" not in path:
                reply = await world.get(path, token="theirs", **required(operation))
                found.append((path, reply.status_code, reply.text))
        return found

    before = await as_they_see_it()
    keys = world.register.keys_of(name)
    for method, path, operation in await calls_of(world.client):
        if method == "get":
            continue
        paths = [at(path, ids_of(theirs, path)[0])] if "{" in path else [path]
        for kind in KINDS:
            for each in paths:
                for body in (
                    None,
                    {"ids": ["theirs-reject"]},
                    {"id": admin.id},
                    {"workspace": name, "kind": "read"},
                    {"ban": "user_id:anna", "note": "theirs"},
                    {"identifier": "user_id:anna"},
                    {"rules": "alias: merge"},
                ):
                    more = required(operation) | at_once(operation)
                    reply = await world.send(method.upper(), each, body, token=kind, **more)
                    assert reply.status_code != 500, (method, path, kind, reply.text)
                    assert "theirs-" not in without(reply.text, SAID)
    assert world.register.keys_of(name) == keys
    assert world.register.workspaces[name] == theirs.world.workspace
    assert await as_they_see_it() == before
    orders = [each.key for each in await log.read(CHANGES, await log.starts(CHANGES), 1_000)]
    assert set(orders) <= {world.workspace.name.encode()}


EVENT = {
    "id": "e1", "event": "Order Paid", "at": "2026-01-01T00:00:00Z", "identifiers": {"user_id": "u"},
    "type": "track", "messageId": "m1", "userId": "u", "previousId": "p", "groupId": "g", "name": "n",
    "workspace": "theirs", "properties": {"workspace": "theirs"},
}  # fmt: skip

FLAT = {"event": "Order Paid", "user_id": "u", "userId": "u", "name": "n", "workspace": "theirs"}
TOUCHPOINT = {
    "workspace": "theirs",
    "id": "e2",
    "event": "Order Paid",
    "at": NOW,
    "stamp": NOW,
    "identifiers": [],
}
REJECT = {"workspace": "theirs", "id": "e3", "reason": "too_deep", "detail": "", "stamp": NOW}
SENT = (
    EVENT,
    [EVENT],
    {"batch": [EVENT]},
    [{**EVENT, "event": 7, "type": "none"}],
    [{**REJECT, "source": "native", "path": "/v1/touchpoints", "body": EVENT}],
    [{**REJECT, "source": "log", "body": TOUCHPOINT}],
    [{**REJECT, "workspace": "ours", "source": "log", "body": TOUCHPOINT}],
)
"""Good events, bad ones, and events as an operator replays them: with the other workspace wherever one may stand."""


async def test_whatever_a_key_sends_lands_in_its_own_workspace(tmp_path: Path) -> None:
    """Good events and bad ones, on every path of the collector, with every kind of key of two workspaces."""
    settings = read_settings(data_dir=tmp_path)
    register = Register()
    secrets: dict[tuple[str, str], str] = {}
    for workspace in ("ours", "theirs"):
        register = register.with_workspace(new_workspace(workspace))
        for kind in KEY_KINDS:
            register, _, secrets[workspace, kind] = register.with_key(kind, workspace, NOW)
        secrets[workspace, "unknown"] = "wk_unknown"
    write_register(settings.workspaces, register)
    log = await connect_log(settings.log, COLLECTOR_TOPICS)
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://collector") as client:
        landed = set()
        for method, path, _ in await calls_of(client):
            for (workspace, kind), secret in secrets.items():
                begin = [await log.ends(topic) for topic in (TOUCHPOINTS, REJECTS)]
                for body in SENT:
                    headers = {"authorization": f"Bearer {secret}"}
                    said: dict[str, Any] = (
                        {"params": FLAT} if method == "get" else {"content": orjson.dumps(body)}
                    )
                    reply = await client.request(method, path, headers=headers, **said)
                    assert reply.status_code < 500, (method, path, reply.text)
                    if kind in ("read", "unknown"):
                        assert reply.status_code in (401, 403), (method, path, kind, reply.text)
                names = [
                    await workspaces_since(log, topic, at)
                    for topic, at in zip((TOUCHPOINTS, REJECTS), begin, strict=True)
                ]
                assert set().union(*names) <= {workspace}, (method, path, kind)
                assert not (kind in ("read", "unknown") and any(names)), (method, path, kind)
                landed |= {(path, workspace) for each in names if each}
    for path in ("/v1/touchpoints", "/v1/track", "/v1/batch", "/b", "/b.gif"):
        assert {(path, "ours"), (path, "theirs")} <= landed
    await log.close()


async def workspaces_since(log: EventLog, topic: str, begin: Position) -> set[str]:
    records = await log.read(topic, begin, 10_000)
    return {orjson.loads(record.value)["workspace"] for record in records}

"""Refused events over HTTP: listed, counted by reason, and sent to the collector again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson
import pytest
from asking.world import World
from collecting.site import Site, collecting, event

from etappe.touchpoint import Reject
from etappe.warehouse import Session
from query_api import rejects
from stitcher.rejects import RejectRow, row_of, store_rejects

DAY = 86_400_000
NOON = 1_767_268_800_000
"""2026-01-01T12:00:00Z."""


def add(world: World, *ids: str, **fields: Any) -> None:
    """Refused events, a day after the other."""
    rows = []
    for n, event_id in enumerate(ids):
        body = msgspec.Raw(fields.get("body", b'{"a" : 1.50}'))
        given = {"reason": "bad_type", "detail": "why", "stamp": NOON + n * DAY, **fields, "body": body}
        rows.append(row_of(Reject(workspace=world.workspace.name, id=event_id, **given), position=n + 1))
    store_rejects(world.write, rows)


async def ids(world: World, **parameters: Any) -> list[str]:
    return [row["id"] for row in await world.rows("/v1/rejects", token="admin", **parameters)]


async def test_they_are_listed_newest_first_with_the_very_bytes_of_their_bodies(world: World) -> None:
    add(world, "e1", "e2", source="segment", path="/v1/track", caller="write")
    first, second = await world.rows("/v1/rejects", token="admin")
    assert (first["id"], second["id"]) == ("e2", "e1")
    assert second == {
        "id": "e1", "reason": "bad_type", "detail": "why", "stamp": "2026-01-01T12:00:00.000Z",
        "first_stamp": "2026-01-01T12:00:00.000Z", "times": 1, "state": "open", "replayed_at": None,
        "replayed_by": None, "stage": "door", "source": "segment", "path": "/v1/track", "caller": "write",
        "import_id": "", "body": '{"a" : 1.50}', "encoding": None, "outer": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"reason": "too_old"}, ["c"]),
        ({"source": "segment"}, ["b", "a"]),
        ({"id": "a"}, ["a"]),
        ({"state": "replayed"}, ["d"]),
        ({"state": "open"}, ["c", "b", "a"]),
        ({"begin": "2026-01-02", "end": "2026-01-03"}, ["b"]),
        ({"id": "x"}, []),
    ],
)
async def test_they_are_narrowed_down(world: World, parameters: dict[str, str], found: list[str]) -> None:
    add(world, "a", "b", source="segment")
    add(world, "c", reason="too_old", stamp=NOON + 5 * DAY)
    add(world, "d", state="replayed", replayed_at=NOON, stamp=NOON + 9 * DAY)
    assert await ids(world, **parameters) == found


async def test_pages_hold_everything_once_also_where_times_are_equal(world: World) -> None:
    names = [f"e{n}" for n in range(7)]
    add(world, *names[:4], stamp=NOON)
    add(world, *names[4:])
    found: list[str] = []
    cursor = None
    while cursor != "":
        answer = (await world.get("/v1/rejects", token="admin", limit=2, cursor=cursor)).json()
        assert len(answer["rows"]) <= 2
        found += [row["id"] for row in answer["rows"]]
        cursor = answer["meta"]["next"] or ""
        add(world, f"new{len(found)}", stamp=NOON + 50 * DAY)  # what comes meanwhile moves no page
    assert sorted(found) == names


async def test_reasons_are_counted(world: World) -> None:
    add(world, "a", "b")
    add(world, "a", stamp=NOON + DAY)
    store_rejects(world.write, [_again(world, "a", position=9)])
    add(world, "c", reason="too_old", state="replayed", replayed_at=NOON)
    rows = await world.rows("/v1/rejects", token="admin", by="reason")
    assert [(r["reason"], r["count"], r["open"], r["replayed"], r["times"]) for r in rows] == [
        ("bad_type", 2, 2, 0, 3), ("too_old", 1, 0, 1, 0),
    ]  # fmt: skip


def _again(world: World, event_id: str, position: int) -> RejectRow:
    reject = Reject(workspace=world.workspace.name, id=event_id, reason="bad_type", detail="", stamp=NOON)
    return row_of(reject, position)


async def test_another_workspaces_are_not_shown(world: World) -> None:
    add(world, "mine")
    add_stranger = Reject(workspace="stranger", id="theirs", reason="bad_type", detail="", stamp=NOON)
    store_rejects(world.write, [row_of(add_stranger, 1)])
    assert await ids(world) == ["mine"]


@pytest.mark.parametrize(
    ("token", "status"), [("read", 403), ("write", 403), ("nobody", 401), ("admin", 200)]
)
async def test_listing_takes_an_admin_token(world: World, token: str, status: int) -> None:
    assert (await world.get("/v1/rejects", token=token)).status_code == status


@pytest.mark.parametrize("name", ["cursor", "state", "by", "limit", "reason"])
async def test_what_cannot_be_read_is_named(world: World, name: str) -> None:
    value = "" if name == "reason" else "nonsense"
    reply = await world.get("/v1/rejects", token="admin", **{name: value})
    assert reply.status_code == 422
    assert [each["field"] for each in reply.json()["problems"]] == [name]


@pytest.mark.parametrize("wanted", ["csv", "ndjson", "arrow", "parquet"])
async def test_they_come_in_every_format(world: World, wanted: str) -> None:
    add(world, "e1")
    reply = await world.get("/v1/rejects", token="admin", format=wanted)
    assert reply.status_code == 200
    assert json.loads(reply.headers["x-etappe-meta"])["next"] is None


async def test_more_bodies_than_an_answer_may_hold_are_asked_for_in_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "MOST_BYTES", 20)
    add(world, "a", "b")
    reply = await world.get("/v1/rejects", token="admin")
    assert (reply.status_code, "give limit=" in reply.json()["error"]) == (422, True)
    assert (await world.get("/v1/rejects", token="admin", limit=1)).status_code == 200


class Operator:
    """A query API whose collector is the real one in this process, with the same workspace and keys."""

    def __init__(self, world: World, site: Site) -> None:
        self.world = world
        self.site = site

    async def replay(self, order: Any, token: str = "admin") -> httpx.Response:
        return await self.world.client.post(
            "/v1/rejects/replay", content=order if isinstance(order, bytes) else orjson.dumps(order),
            headers={"Authorization": f"Bearer {self.world.tokens.get(token, token)}"},
        )  # fmt: skip

    async def take_over(self, session: Session) -> None:
        """What the stitcher's third step does with the collector's rejects."""
        store_rejects(session, [row_of(each, n + 1) for n, each in enumerate(await self.site.rejects())])


@pytest.fixture
async def operator(world: World, tmp_path: Path) -> AsyncIterator[Operator]:
    async with collecting(tmp_path) as site:
        world.settle(name="shop", salt=site.workspace.salt)
        for kind, token in site.keys.items():
            world.tokens[kind] = token
        world.register = site.register
        world.reach(lambda: httpx.AsyncClient(transport=site.client._transport, base_url="http://collector"))
        world.write.execute("DELETE FROM rejects WHERE workspace = 'shop'")
        yield Operator(world, site)


async def test_replay_walks_from_the_list_to_the_log_and_back(operator: Operator) -> None:
    site, world = operator.site, operator.world
    await site.send([event(id="good"), event(id="bad", event=""), event(id="worse", event="", at="never")])
    await operator.take_over(world.write)

    answer = (await operator.replay({"reason": "missing_event", "merge": {"event": "Order Paid"}})).json()

    found = {row["id"]: (row["outcome"], row["reason"]) for row in answer["rows"]}
    assert found == {"bad": ("accepted", None), "worse": ("refused", "bad_time")}
    assert (answer["meta"]["accepted"], answer["meta"]["refused"], answer["meta"]["dry_run"]) == (1, 1, False)
    assert answer["meta"]["position"]
    assert sorted(each.id for each in await site.stored()) == ["bad", "good"]
    await operator.take_over(world.write)
    assert await ids(world, state="replayed") == ["bad"]
    (row,) = await world.rows("/v1/rejects", token="admin", id="bad")
    assert json.loads(row["body"])["event"] == "Order Paid"
    assert row["replayed_at"] and len(row["replayed_by"]) == 8
    again = (await operator.replay({"ids": ["bad"]})).json()
    assert again["meta"]["accepted"] == 1
    assert len({each.id for each in await site.stored()}) == 2


async def test_a_dry_run_stores_nothing(operator: Operator) -> None:
    await operator.site.send(event(id="bad", event=""))
    await operator.take_over(operator.world.write)
    answer = (
        await operator.replay({"ids": ["bad", "unknown"], "merge": {"event": "A"}, "dry_run": True})
    ).json()
    found = {row["id"]: row["outcome"] for row in answer["rows"]}
    assert found == {"bad": "accepted", "unknown": "missing"}
    assert (answer["meta"]["dry_run"], answer["meta"]["position"], await operator.site.stored()) == (
        True,
        None,
        [],
    )


async def test_a_limit_takes_the_newest(operator: Operator) -> None:
    for n in range(3):
        operator.site.now += 1000
        await operator.site.send(event(id=f"e{n}", event=""))
    await operator.take_over(operator.world.write)
    answer = (await operator.replay({"reason": "missing_event", "limit": 2, "dry_run": True})).json()
    assert {row["id"] for row in answer["rows"]} == {"e1", "e2"}


async def test_what_was_not_kept_cannot_come_back(operator: Operator) -> None:
    await operator.site.send(event(id="large", properties={"a": "x" * 40_000}))
    await operator.take_over(operator.world.write)
    ((row),) = (await operator.replay({"ids": ["large"], "merge": {"properties": None}})).json()["rows"]
    assert (row["outcome"], row["reason"], "not kept" in row["detail"]) == ("refused", "too_large", True)


async def test_many_go_in_batches_that_the_collector_takes(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_api.replay._BATCH_BYTES", 2_000)
    await operator.site.send([event(id=f"e{n}", event="", properties={"n": n}) for n in range(50)])
    await operator.take_over(operator.world.write)
    answer = (await operator.replay({"reason": "missing_event", "merge": {"event": "A"}})).json()
    assert answer["meta"]["accepted"] == 50
    assert {orjson.loads(bytes(each.properties))["n"] for each in await operator.site.stored()} == set(
        range(50)
    )


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        ({}, ["ids"]),
        ({"ids": ["a"], "reason": "b"}, ["ids"]),
        ({"ids": []}, ["ids"]),
        ({"ids": [1]}, ["ids"]),
        ({"ids": ["a"], "limit": 5}, ["ids"]),
        ({"reason": ""}, ["reason"]),
        ({"reason": "b", "from": "x", "to": 5, "limit": 0, "merge": [], "dry_run": 1, "by": 2},
         ["by", "limit", "from", "to", "merge", "dry_run"]),
        ({"reason": "b", "from": "2026-01-02", "to": "2026-01-01"}, ["to"]),
        (b"[]", ["body"]),
        (b"{", ["body"]),
    ],
)  # fmt: skip
async def test_a_wrong_order_is_answered_with_every_problem(
    operator: Operator, order: Any, fields: list[str]
) -> None:
    reply = await operator.replay(order)
    assert (reply.status_code, [each["field"] for each in reply.json()["problems"]]) == (422, fields)


@pytest.mark.parametrize(("token", "status"), [("read", 403), ("write", 403), ("nobody", 401)])
async def test_replaying_takes_an_admin_token(operator: Operator, token: str, status: int) -> None:
    assert (await operator.replay({"ids": ["a"]}, token)).status_code == status


async def test_while_the_collector_is_away_it_is_503(operator: Operator) -> None:
    await operator.site.send(event(id="bad", event=""))
    await operator.take_over(operator.world.write)
    operator.world.reach(lambda: httpx.AsyncClient(base_url="http://127.0.0.1:9"))
    reply = await operator.replay({"ids": ["bad"]})
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert reply.json()["error"].startswith("The collector cannot be reached")

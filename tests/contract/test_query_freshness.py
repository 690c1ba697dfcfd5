"""/v1/freshness and after=: figures that agree, read from the log itself, and waiting for one's own writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from asking.world import NOW, World

from etappe.eventlog import (
    CHANGES,
    COLLECTOR_TOPICS,
    TOUCHPOINTS,
    Entry,
    EventLog,
    LogOptions,
    Position,
    connect_log,
)
from etappe.identifiers import event_key, make_identifier
from etappe.telemetry import UNRECONCILED


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    """A log of one partition, so that offsets can be told by heart."""
    url = f"sqlite:///{tmp_path / 'log'}"
    log = await connect_log(url, [*COLLECTOR_TOPICS, CHANGES], LogOptions(partitions=1), lambda: NOW - 5000)
    yield log
    await log.close()


@pytest.fixture
async def logged(world: World, log: EventLog) -> World:
    """A world whose log the stitcher has begun with."""
    world.read_log(log)
    world.write.insert("epochs", {"name": [f"log:{await log.log_id(TOUCHPOINTS)}"], "epoch": [world.epoch]})
    return world


async def accept(world: World, *ids: str, workspace: str = "") -> None:
    """What the collector does."""
    name = workspace or world.workspace.name
    assert world.log
    await world.log.append(TOUCHPOINTS, [Entry(f"{name}\0{each}".encode(), b"{}") for each in ids])


def receive(world: World, offset: int, id_: str, outcome: str = "stored", **more: Any) -> None:
    """What normalise does with the record at `offset`."""
    row = {"event_id": event_key(id_), "partition": 0, "position": (world.epoch << 40) + offset, "outcome": outcome,
           "reason": "", "stamp": NOW - 5000, **more}  # fmt: skip
    world.insert("receipts", [row])


async def commit(world: World, offset: int) -> None:
    """What normalise does once its rows are safe."""
    assert world.log
    consumer = await world.log.consumer(TOUCHPOINTS, "normalise")
    await consumer.poll(1000, 1)
    await consumer.commit(Position({0: offset}))
    await consumer.close()


def fold(world: World, offset: int, epochs_ago: int = 0) -> None:
    """What the fold says when it is done."""
    row = {
        "partition": 0,
        "position": (world.epoch - epochs_ago << 40) + offset,
        "stamp": NOW,
        "identity_version": 1,
    }
    world.insert("progress", [row])


async def freshness(world: World) -> dict[str, Any]:
    (row,) = await world.rows("/v1/freshness")
    return row


async def test_nothing_accepted_is_nothing_late(logged: World) -> None:
    assert await freshness(logged) == {
        "accepted": 0, "stored": 0, "duplicates": 0, "rejected": 0, "erased": 0, "lag_seconds": 0.0,
        "positions": "0-0",
    }  # fmt: skip


async def test_what_is_only_in_the_log_is_accepted_and_late(logged: World) -> None:
    await accept(logged, "a", "b")
    row = await freshness(logged)
    assert (row["accepted"], row["stored"], row["lag_seconds"]) == (2, 0, 5.0)


async def test_a_lag_of_zero_means_that_every_accepted_event_has_its_outcome(logged: World) -> None:
    await accept(logged, "a", "b", "a", "c", "d")
    for offset, (id_, outcome) in enumerate(
        [("a", "stored"), ("b", "rejected"), ("a", "duplicate"), ("c", "erased"), ("d", "stored")]
    ):
        receive(logged, offset, id_, outcome)
    await commit(logged, 5)
    fold(logged, 5)
    assert await freshness(logged) == {
        "accepted": 5, "stored": 2, "duplicates": 1, "rejected": 1, "erased": 1, "lag_seconds": 0.0,
        "positions": "0-5",
    }  # fmt: skip


async def alarm(world: World) -> float:
    """The metric after a look at the workspace."""
    await world.app.state.reconciling.look(world.workspace)
    return UNRECONCILED.labels(world.workspace.name)._value.get()


async def test_an_alarm_rises_while_an_accepted_event_has_no_outcome(logged: World) -> None:
    await accept(logged, "a", "b")
    receive(logged, 0, "a")
    assert await alarm(logged) == 0  # late: nothing can be said
    await commit(logged, 2)
    fold(logged, 2)
    with structlog.testing.capture_logs() as lines:
        assert await alarm(logged) == 1
    assert [(each["event"], each["workspace"]) for each in lines] == [
        ("does not reconcile", logged.workspace.name)
    ]
    receive(logged, 1, "b")
    assert await alarm(logged) == 0


async def test_what_looks_at_it_goes_on_while_the_log_is_away(logged: World) -> None:
    assert logged.log
    await logged.log.close()
    await logged.app.state.reconciling._look(logged.workspace.name)


async def test_receipts_written_again_by_a_replay_count_once(logged: World) -> None:
    await accept(logged, "a")
    receive(logged, 0, "a")
    receive(logged, 0, "a")
    fold(logged, 1)
    row = await freshness(logged)
    assert (row["accepted"], row["stored"], row["lag_seconds"]) == (1, 1, 0.0)


async def test_stored_but_not_folded_is_late(logged: World) -> None:
    """Also when its offset is committed, so that it is no longer read from the log."""
    await accept(logged, "a", "b")
    receive(logged, 0, "a")
    receive(logged, 1, "b", stamp=NOW - 9000)
    fold(logged, 1)
    assert (await freshness(logged))["lag_seconds"] == 9.0
    await commit(logged, 2)
    assert (await freshness(logged))["lag_seconds"] == 9.0
    assert (await freshness(logged))["positions"] == "0-1"


async def test_other_workspaces_records_are_not_ours(logged: World) -> None:
    """Neither those committed, nor those in the tail; nor do they make us late."""
    await accept(logged, "x", workspace="other")
    await accept(logged, "a")
    await accept(logged, "y", "z", workspace="other")
    logged.write.insert(
        "receipts",
        {"workspace": ["other"], "event_id": [event_key("x")], "partition": [0], "position": [logged.epoch << 40],
         "outcome": ["stored"], "stamp": [NOW]},
    )  # fmt: skip
    receive(logged, 1, "a")
    await commit(logged, 2)
    fold(logged, 2)
    row = await freshness(logged)
    assert (row["accepted"], row["stored"], row["lag_seconds"]) == (1, 1, 0.0)


async def test_a_former_log_counts_by_its_receipts(logged: World) -> None:
    """Records of a log that was replaced are gone; what became of them is known."""
    receive(logged, 7 - (1 << 40), "old")
    await accept(logged, "a")
    receive(logged, 0, "a")
    fold(logged, 1)
    row = await freshness(logged)
    assert (row["accepted"], row["stored"], row["lag_seconds"]) == (2, 2, 0.0)


async def test_a_new_log_that_the_stitcher_has_not_seen_is_all_late(logged: World, tmp_path: Path) -> None:
    receive(logged, 0, "old")
    fold(logged, 900)
    url = f"sqlite:///{tmp_path / 'second'}"
    second = await connect_log(
        url, [*COLLECTOR_TOPICS, CHANGES], LogOptions(partitions=1), lambda: NOW - 2000
    )
    logged.read_log(second)
    await accept(logged, "a")
    row = await freshness(logged)
    assert (row["accepted"], row["stored"], row["lag_seconds"], row["positions"]) == (2, 1, 2.0, "0-0")
    reply = await logged.get("/v1/funnel", after="0-1", timeout="0")
    assert reply.status_code == 504
    await second.close()


async def test_without_a_log_there_is_no_freshness(world: World) -> None:
    reply = await world.get("/v1/freshness")
    assert reply.status_code == 503
    assert reply.json()["error"].endswith("This query API reads no log: set log_url.")


async def test_after_answers_once_the_position_is_included(logged: World) -> None:
    await accept(logged, "a", "b")
    fold(logged, 1)
    waiting = asyncio.create_task(logged.get("/v1/funnel", after="0-2", timeout="30"))
    late = await logged.get("/v1/funnel", after="0-2", timeout="0")
    assert late.status_code == 504
    assert late.json()["problems"] == []
    assert not waiting.done()
    fold(logged, 2)
    assert (await waiting).status_code == 200
    assert (await logged.get("/v1/freshness", after="0-2", timeout="0")).status_code == 200


async def test_a_position_of_a_former_log_does_not_answer_for_this_one(logged: World) -> None:
    await accept(logged, "a")
    fold(logged, 900, epochs_ago=1)
    assert (await logged.get("/v1/funnel", after="0-1", timeout="0")).status_code == 504


@pytest.mark.parametrize("after", ["1-5", "x", "0", "0-", "-1-5", "0-1_7-1"])
async def test_an_impossible_position_is_refused(logged: World, after: str) -> None:
    reply = await logged.get("/v1/freshness", after=after)
    assert reply.status_code == 422
    assert [problem["field"] for problem in reply.json()["problems"]] == ["after"]


async def test_a_range_is_taken_and_said_not_to_apply(logged: World) -> None:
    await accept(logged, "a")
    reply = (await logged.get("/v1/freshness", begin="2001-01-01", end="2001-01-02")).json()
    assert reply["rows"][0]["accepted"] == 1
    assert reply["meta"]["range"] == "not applied: of all time"
    u1 = make_identifier(logged.workspace.salt_bytes, "user_id", "u1")
    logged.insert("identifiers", [{"identifier": u1.key, "type": "user_id", "value": "u1"}])
    customer = await logged.get("/v1/customers", identifier="user_id:u1", begin="2001-01-01")
    rebuild = await logged.get("/v1/rebuild", token="admin", begin="2001-01-01")
    for answer in (customer, rebuild):
        assert answer.json()["meta"]["range"] == "not applied: of all time"

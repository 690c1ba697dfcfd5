"""Normalise: every record ends as a receipt, a copy of an event counts once, and workspaces are strangers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stitching.links import key
from stitching.world import Event, World

from etappe.changes import Batch
from etappe.eventlog import TOUCHPOINTS, Record
from etappe.identifiers import event_key
from etappe.touchpoint import decode_touchpoint, encode_record
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from stitcher.epochs import compose, log_epoch, writer_epoch
from stitcher.normalise import NamedIdentifiers, normalise


@pytest.fixture
def session(warehouse_url: str) -> Iterator[Session]:
    session = connect_warehouse(warehouse_url).session()
    migrate(session)
    yield session
    session.close()


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def outcomes(world: World) -> list[tuple[str, str]]:
    sql = (
        "SELECT toString(outcome), reason FROM receipts FINAL WHERE workspace = {w:String} ORDER BY position"
    )
    return world.session.rows(sql, {"w": world.name})


def test_the_copy_at_the_lowest_position_wins_whole(world: World) -> None:
    world.log([Event(1, "u1", 1), Event(1, "u2", 9), Event(1, "u1", 1)])
    world.normalise(2)
    world.drain()
    assert [outcome for outcome, _ in outcomes(world)] == ["stored", "duplicate", "duplicate"]
    assert world.journeys().keys() == {key("u1")}
    assert world.count("touchpoints") == 1


def test_a_record_that_is_no_touchpoint_is_rejected_and_stops_nothing(world: World) -> None:
    poison = Record(TOUCHPOINTS, 0, 0, f"{world.name}\0x".encode(), b"\xff{", 5)
    nobody = encode_record(Event(2, "", 2).touchpoint(world.name))
    world.records = [poison, Record(TOUCHPOINTS, 0, 1, f"{world.name}\0002".encode(), nobody, 5)]
    world.take(Event(3, "u1", 3))
    assert outcomes(world) == [("rejected", "unreadable"), ("rejected", "missing_identifier"), ("stored", "")]
    assert world.progress() == {0: (1 << 40) + 3}
    assert world.journeys().keys() == {key("u1")}


def test_the_same_event_id_in_another_workspace_is_another_event(session: Session) -> None:
    here, there = World(session), World(session)
    for world in (here, there):
        world.log([Event(1, "u1", 1)])
    records = [here.records[0], there.records[0]._replace(offset=1)]
    batches = normalise(session, records, 1, NamedIdentifiers())
    assert [batch.workspace for batch in batches] == [here.name, there.name]
    for world, batch in zip((here, there), batches, strict=True):
        world.changes.append(batch)
        world.apply(1)
        assert world.journeys().keys() == {key("u1")}


def test_an_event_sent_again_through_a_new_log_is_a_duplicate(world: World) -> None:
    world.take(Event(1, "u1", 1))
    normalise(world.session, world.records, 2, NamedIdentifiers())
    assert [outcome for outcome, _ in outcomes(world)] == ["stored", "duplicate"]
    assert world.count("touchpoints") == 1


def test_names_of_identifiers_are_stored_once(world: World) -> None:
    world.take(Event(1, "u1 a1", 1), Event(2, "u1 a1", 2))
    sql = "SELECT identifier, type, value FROM identifiers FINAL WHERE workspace = {w:String} ORDER BY value"
    rows = world.session.rows(sql, {"w": world.name})
    assert rows == [(key("a1"), "anonymous_id", "a1"), (key("u1"), "user_id", "u1")]


def test_a_touchpoint_is_stored_as_it_came_and_enriched(world: World) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
    world.take(Event(7, "u1 a1", 1_700_000_000_123, agent=agent, seq=-3))
    sql = (
        "SELECT identifier, identifiers, toUnixTimestamp64Milli(at), seq, id, event_id, channel, device_type, bot "
        "FROM touchpoints WHERE workspace = {w:String}"
    )
    ((*row,),) = world.session.rows(sql, {"w": world.name})
    assert row == [
        key("u1"), [key("u1"), key("a1")], 1_700_000_000_123, -3, "7", event_key("7"), "channel1", "mobile", False,
    ]  # fmt: skip
    assert decode_touchpoint(world.records[0].value).user_agent == agent


def test_epochs_grow_and_a_log_keeps_its_own(session: Session) -> None:
    first = log_epoch(session, "a")
    assert log_epoch(session, "a") == first
    second = log_epoch(session, "b")
    assert second > first
    owners = [writer_epoch(session, "changes") for _ in range(3)]
    assert owners == sorted(set(owners))
    assert owners[0] > second
    assert log_epoch(session, "a") == first


def test_positions_that_tables_which_are_gone_gave_name_nothing_here(world: World) -> None:
    """Changes of then are applied once more when tables are made from the log again; progress is what is here."""
    epoch = log_epoch(world.session, "here")
    then = Batch(world.name, [], [], {0: compose(epoch + 1, 900), 1: compose(epoch, 7)}, 5)
    world.writer.apply(world.session, [(0, then)])
    assert world.progress() == {1: compose(epoch, 7)}

"""Refused events become rows: one per event, however often it is refused, within bounds; nothing is invisible."""

from __future__ import annotations

import uuid
from base64 import b64decode
from typing import Any

import msgspec
import pytest
from stitching.world import Event, World

from etappe import telemetry
from etappe.eventlog import REJECTS, TOUCHPOINTS, Record
from etappe.touchpoint import Reject, encode_record, record_key
from etappe.warehouse import Session
from stitcher.refusing import Bounds, read_rejects, sweep
from stitcher.rejects import store_rejects

DAY = 86_400_000
NOW = 1_700_000_000_000


class Log:
    """Refused events of one workspace, in the order of the topic."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.name = uuid.uuid4().hex
        self.records: list[Record] = []

    def refuse(self, event_id: str, reason: str = "bad_type", **fields: Any) -> None:
        body = msgspec.Raw(fields.pop("body", b'{"a":1}'))
        fields = {"detail": "why", "stamp": NOW, **fields}
        reject = Reject(workspace=self.name, id=event_id, reason=reason, body=body, **fields)
        offset = len(self.records)
        self.records.append(
            Record(REJECTS, 0, offset, record_key(self.name, event_id), encode_record(reject), reject.stamp)
        )

    def store(self, *parts: slice, epoch: int = 1) -> None:
        for part in parts or (slice(None),):
            store_rejects(self.session, read_rejects(self.records[part], epoch))

    def rows(self) -> dict[str, dict[str, Any]]:
        sql = "SELECT * FROM rejects FINAL WHERE workspace = {w:String} ORDER BY id"
        names, columns = self.session.columns(sql, {"w": self.name})
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return {row["id"]: row for row in rows}


@pytest.fixture
def log(session: Session) -> Log:
    return Log(session)


def test_an_event_is_stored_with_all_that_a_replay_needs(log: Log) -> None:
    log.refuse(
        "e", body=b'{"a" : 1.50}', outer=msgspec.Raw(b'{"batch":[]}'), marks=["[email:00]"], source="segment",
        path="/v1/batch", caller="write", agent="x", country="CH", import_id="i",
    )  # fmt: skip
    log.store()
    row = log.rows()["e"]
    kept = (
        "body",
        "outer",
        "marks",
        "source",
        "path",
        "caller",
        "agent",
        "country",
        "import_id",
        "size",
        "encoding",
    )
    assert [row[name] for name in kept] == [
        '{"a" : 1.50}', '{"batch":[]}', ["[email:00]"], "segment", "/v1/batch", "write", "x", "CH", "i", 24, "",
    ]  # fmt: skip
    assert (row["stage"], row["state"], row["reason"], row["detail"], row["times"]) == (
        "door", "open", "bad_type", "why", 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "parts", [(slice(0, 4),), (slice(0, 2), slice(2, 4)), (slice(0, 3), slice(1, 4), slice(0, 4))]
)
def test_a_sender_who_repeats_an_event_has_one_row_with_the_last_reason(
    log: Log, parts: tuple[slice, ...]
) -> None:
    for n, reason in enumerate(("bad_type", "bad_time", "too_old")):
        log.refuse("e", reason, stamp=NOW + n)
    log.refuse("other")
    log.store(*parts)
    row = log.rows()["e"]
    assert (row["reason"], row["times"]) == ("too_old", 3)
    assert (row["stamp"].microsecond, row["first"].microsecond) == (2000, 0)
    assert log.rows().keys() == {"e", "other"}


def test_the_same_records_again_change_nothing(log: Log) -> None:
    log.refuse("e")
    log.refuse("e", "too_old")
    log.store()
    before = log.rows()
    log.store(slice(0, 1), slice(0, 2))
    assert log.rows() == before


def test_a_replayed_event_says_when_and_by_whom_and_stays_so(log: Log) -> None:
    log.refuse("e")
    log.refuse("e", state="replayed", replayed_at=NOW + 5, replayed_by="k1", body=b'{"a":2}')
    log.refuse("e", "too_old")
    log.store(slice(0, 2), slice(2, 3))
    row = log.rows()["e"]
    assert (row["state"], row["replayed_by"], row["times"]) == ("replayed", "k1", 2)
    assert row["replayed_at"].microsecond == 5000


def test_a_new_log_goes_on_where_the_former_ended(log: Log) -> None:
    log.refuse("e")
    log.store(epoch=1)
    log.store(epoch=2)
    assert log.rows()["e"]["times"] == 2


def test_a_record_that_is_no_reject_is_counted_and_stops_nothing(log: Log) -> None:
    before = telemetry.DROPPED_REJECTS.labels("unreadable")._value.get()
    log.records.append(Record(REJECTS, 0, 0, b"", b"\xff", NOW))
    log.refuse("e")
    log.store()
    assert log.rows().keys() == {"e"}
    assert telemetry.DROPPED_REJECTS.labels("unreadable")._value.get() == before + 1


def test_a_record_that_nobody_can_read_has_a_row_with_its_bytes(session: Session, log: Log) -> None:
    world = World(session)
    log.name = world.name
    key = record_key(world.name, "text")
    world.records = [
        Record(TOUCHPOINTS, 0, 0, key, b'{"a": 1', NOW),
        Record(TOUCHPOINTS, 0, 1, record_key(world.name, "bytes"), b"\xff\x00", NOW),
        Record(TOUCHPOINTS, 0, 2, world.name.encode(), b"no id", NOW),
        Record(TOUCHPOINTS, 0, 3, record_key(world.name, "large"), b"x" * 70_000, NOW),
    ]
    world.normalise(4)
    rows = log.rows()
    assert {row["stage"] for row in rows.values()} == {"log"}
    assert (rows["text"]["body"], rows["text"]["encoding"], rows["text"]["source"]) == ('{"a": 1', "", "log")
    assert b64decode(rows["bytes"]["body"]) == b"\xff\x00"
    assert rows["bytes"]["encoding"] == "base64"
    assert rows["touchpoints/0/2"]["body"] == "no id"
    assert (rows["large"]["body"], "70,000 bytes" in rows["large"]["detail"]) == ("", True)


def test_a_rejected_receipt_does_not_block_the_replay_of_its_event(session: Session) -> None:
    world = World(session)
    world.records = [Record(TOUCHPOINTS, 0, 0, record_key(world.name, "1"), b"poison", NOW)]
    world.normalise(1)
    world.take(Event(1, "u1", 1))
    sql = "SELECT toString(outcome) FROM receipts FINAL WHERE workspace = {w:String} ORDER BY position"
    assert [outcome for (outcome,) in session.rows(sql, {"w": world.name})] == ["rejected", "stored"]
    assert world.count("touchpoints") == 1


def dropped(why: str) -> float:
    return float(telemetry.DROPPED_REJECTS.labels(why)._value.get())


def test_what_is_too_old_goes(log: Log) -> None:
    before = dropped("age")
    log.refuse("old", stamp=NOW - 31 * DAY)
    log.refuse("young", stamp=NOW - 29 * DAY)
    log.store()
    sweep(log.session, Bounds(days=30), NOW)
    assert log.rows().keys() == {"young"}
    assert dropped("age") == before + 1


@pytest.mark.parametrize("bounds", [Bounds(rows=10), Bounds(bytes=70)])
def test_of_a_workspace_that_holds_too_much_the_oldest_go_and_no_others(log: Log, bounds: Bounds) -> None:
    """Each body has 7 bytes; nine tenths of a bound are left."""
    stranger = Log(log.session)
    stranger.refuse("e", stamp=NOW - DAY)
    stranger.store()
    before = dropped("room")
    for n in range(12):
        log.refuse(f"e{n:02}", stamp=NOW + n)
    log.store()
    sweep(log.session, bounds, NOW)
    assert list(log.rows()) == [f"e{n:02}" for n in range(3, 12)]
    assert stranger.rows().keys() == {"e"}
    assert dropped("room") == before + 3

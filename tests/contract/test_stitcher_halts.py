"""The running stitcher over what it cannot read or apply: it stops before it throws most of it away, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from etappe import telemetry
from etappe.clock import system_clock
from etappe.errors import EtappeError
from etappe.eventlog import (
    CHANGES,
    COLLECTOR_TOPICS,
    REJECTS,
    TOUCHPOINTS,
    Entry,
    EventLog,
    Position,
    connect_log,
)
from etappe.identifiers import make_identifier
from etappe.settings import Settings, read_settings
from etappe.touchpoint import Reject, Touchpoint, encode_record, record_key
from etappe.warehouse import Session, Sessions, Warehouse, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
from stitcher import writer
from stitcher.failing import CannotApply
from stitcher.ratio import TooManyUnreadable
from stitcher.service import Stitcher


@dataclass
class Place:
    """A data folder with a migrated warehouse and one workspace."""

    settings: Settings
    warehouse: Warehouse
    session: Session

    def count(self, table: str, **equal: str) -> int:
        where = " AND ".join(f"toString({name}) = {{{name}:String}}" for name in equal) or "1"
        ((count,),) = self.session.rows(f"SELECT count() FROM {table} FINAL WHERE {where}", equal)
        return int(count)

    def change(self, **settings: Any) -> None:
        self.settings = read_settings(data_dir=self.settings.data_dir, commit_seconds=0.1, **settings)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    settings = read_settings(data_dir=tmp_path, commit_seconds=0.1)
    warehouse = connect_warehouse(settings.warehouse)
    session = warehouse.session()
    migrate(session)
    write_register(settings.workspaces, Register().with_workspace(new_workspace("default")))
    yield Place(settings, warehouse, session)
    session.close()


@asynccontextmanager
async def running(place: Place) -> AsyncIterator[tuple[Stitcher, EventLog]]:
    log = await connect_log(place.settings.log, (CHANGES,), place.settings.log_options)
    sessions = Sessions(place.warehouse, 2)
    stitcher = Stitcher(place.settings, log, sessions, RegisterFile(place.settings.workspaces))
    work = asyncio.create_task(stitcher.run())
    try:
        yield stitcher, log
    finally:
        stitcher.stop()
        try:
            async with asyncio.timeout(20):
                await work
        finally:
            await sessions.close()
            await log.close()


async def append(place: Place, topic: str, entries: list[Entry]) -> Position:
    log = await connect_log(place.settings.log, COLLECTOR_TOPICS, place.settings.log_options)
    try:
        return await log.append(topic, entries)
    finally:
        await log.close()


def entries(records: int, unreadable: int) -> list[Entry]:
    """Touchpoints of which so many, spread among the others, cannot be read."""
    return [_entry(n, poison=n * unreadable % records < unreadable) for n in range(records)]


def _entry(n: int, poison: bool) -> Entry:
    person = [make_identifier(b"salt", "user_id", f"u{n % 50}")]
    touchpoint = Touchpoint(
        workspace="default", id=str(n), event="A", at=1000, stamp=2000, identifiers=person
    )
    return Entry(record_key("default", str(n)), b"poison" if poison else encode_record(touchpoint))


async def stands(stitcher: Stitcher, why: type[EtappeError] = TooManyUnreadable) -> str:
    """What it says, once it stands still for that."""
    async with asyncio.timeout(60):
        while True:
            try:
                await stitcher.halt.check()
            except why as said:
                return str(said)
            await asyncio.sleep(0.05)


async def committed(log: EventLog, end: Position, topic: str = TOUCHPOINTS, group: str = "normalise") -> None:
    async with asyncio.timeout(60):
        while (await log.committed(topic, group)).offsets != end.offsets:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("records", "unreadable", "batch"),
    [(3000, 30, 10_000), (3000, 1200, 10_000), (3000, 1200, 100), (900, 900, 50)],
)
async def test_some_unreadable_records_and_few_records_stop_nothing(
    place: Place, records: int, unreadable: int, batch: int
) -> None:
    """1 %, 40 % at once and in small batches, and all of a log too small to judge."""
    place.change(stitch_batch=batch)
    end = await append(place, TOUCHPOINTS, entries(records, unreadable))
    async with running(place) as (stitcher, log):
        await committed(log, end)
        await stitcher.halt.check()
    assert place.count("receipts", outcome="stored") == records - unreadable
    assert place.count("receipts", outcome="rejected") == place.count("rejects", stage="log") == unreadable


@pytest.mark.parametrize(
    ("unreadable", "batch", "most"), [(3000, 10_000, 0), (1800, 10_000, 0), (3000, 100, 1000)]
)
async def test_most_of_it_unreadable_stops_it_and_nothing_of_the_batch_is_stored_or_committed(
    place: Place, unreadable: int, batch: int, most: int
) -> None:
    """`most`: of small batches a thousand records have to be seen before anything can be said."""
    place.change(stitch_batch=batch)
    await append(place, TOUCHPOINTS, entries(3000, unreadable))
    async with running(place) as (stitcher, log):
        assert "ETAPPE_REJECT_RATIO=1" in await stands(stitcher)
        assert telemetry.REGISTRY.get_sample_value("etappe_halted_steps") == 1
        assert place.count("receipts") == place.count("rejects") <= most
        assert sum((await log.committed(TOUCHPOINTS, "normalise")).offsets.values()) <= most


async def test_the_other_steps_go_on_while_it_stands(place: Place) -> None:
    await append(place, TOUCHPOINTS, entries(1500, 1500))
    async with running(place) as (stitcher, log):
        await stands(stitcher)
        reject = Reject(workspace="default", id="r", reason="bad_type", detail="", stamp=system_clock())
        end = await append(place, REJECTS, [Entry(record_key("default", "r"), encode_record(reject))])
        await committed(log, end, REJECTS, "rejects")
    assert place.count("rejects", id="r") == 1


async def test_a_version_that_can_read_them_goes_on_from_the_same_place_and_nothing_is_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = await append(place, TOUCHPOINTS, entries(1500, 0))
    with monkeypatch.context() as defect:
        defect.setattr("stitcher.items.decode_touchpoint", _defective)
        async with running(place) as (stitcher, _):
            await stands(stitcher)
    assert place.count("receipts") == 0
    async with running(place) as (stitcher, log):
        await committed(log, end)
        assert place.count("receipts", outcome="stored") == 1500


def _defective(value: bytes) -> Touchpoint:
    raise msgspec.ValidationError("a defect of this version")


async def test_a_share_of_one_lets_rubbish_go_to_the_rejects(place: Place) -> None:
    place.change(reject_ratio=1)
    end = await append(place, TOUCHPOINTS, entries(1500, 1500))
    async with running(place) as (_, log):
        await committed(log, end)
    assert place.count("rejects", stage="log") == 1500


def _deadly(n: int) -> Entry:
    """It can be decoded, and its properties are no text."""
    person = [make_identifier(b"salt", "user_id", f"u{n}")]
    touchpoint = Touchpoint(
        workspace="default",
        id=f"deadly-{n}",
        event="A",
        at=1000,
        stamp=2000,
        identifiers=person,
        properties=msgspec.Raw(b'{"a": "\xff"}'),
    )
    return Entry(record_key("default", f"deadly-{n}"), encode_record(touchpoint))


async def test_a_record_that_makes_the_step_fail_is_put_aside_and_the_others_go_on(place: Place) -> None:
    # Nothing is merged: freshness counts what is not, too.
    place.session.execute("ALTER TABLE receipts MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1")
    good = entries(200, 0)
    end = await append(place, TOUCHPOINTS, [*good[:90], _deadly(1), *good[90:150], _deadly(2), *good[150:]])
    async with running(place) as (_, log):
        await committed(log, end)
    assert place.count("touchpoints") == 200
    assert place.count("receipts", outcome="rejected", reason="unreadable") == 2
    assert place.session.rows("SELECT uniqExact(position) FROM receipts WHERE outcome = 'stored'") == [(200,)]
    rows = place.session.rows("SELECT id, detail FROM rejects FINAL ORDER BY id")
    assert [name for name, _ in rows] == ["deadly-1", "deadly-2"]
    assert all(detail.startswith("Handling it failed 3 times (") for _, detail in rows)


@pytest.mark.parametrize("where", ["stitcher.writer.resolve_batches", "stitcher.writer.fold"])
async def test_a_change_that_cannot_be_applied_stops_the_views_before_it_and_nothing_is_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is not left out: what follows would be applied to views that lack it. Touchpoints are stored meanwhile."""
    place.change(stitch_batch=100)
    with monkeypatch.context() as defect:
        defect.setattr(where, _failing)
        end = await append(place, TOUCHPOINTS, entries(300, 0))
        async with running(place) as (stitcher, log):
            await committed(log, end)
            said = await stands(stitcher, CannotApply)
            assert (
                "The change at offset 0 (batch of workspace default) failed 3 times (ZeroDivisionError"
                in said
            )
            assert "run a version that can apply it" in said
            assert telemetry.REGISTRY.get_sample_value("etappe_halted_steps") == 1
            assert (await log.committed(CHANGES, "stitch")).offsets.get(0, 0) == 0
        assert place.count("touchpoints") == 300
        assert place.count("progress") == 0
    async with running(place) as (stitcher, log):
        await committed(log, await log.ends(CHANGES), CHANGES, "stitch")
        await stitcher.halt.check()
    assert place.session.rows("SELECT sum(touchpoints) FROM bi_v1_customers") == [(300,)]


async def test_a_change_that_fails_once_is_applied_when_it_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [ValueError, OSError]
    fold = writer.fold

    def sometimes(*given: Any) -> None:
        if left:
            raise left.pop()
        fold(*given)

    monkeypatch.setattr("stitcher.writer.fold", sometimes)
    end = await append(place, TOUCHPOINTS, entries(20, 0))
    async with running(place) as (running_one, log):
        await committed(log, end)
        await committed(log, await log.ends(CHANGES), CHANGES, "stitch")
        await running_one.halt.check()
    assert not left
    assert place.session.rows("SELECT sum(touchpoints) FROM bi_v1_customers") == [(20,)]


async def test_views_that_cannot_be_filled_stop_in_the_same_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as defect:
        defect.setattr("stitcher.writer.Writer.fill", _failing)
        async with running(place) as (stitcher, _):
            assert "Filling of views failed 3 times" in await stands(stitcher, CannotApply)
    async with running(place) as (stitcher, _):
        await stitcher.halt.check()


def _failing(*_: Any) -> None:
    raise ZeroDivisionError


async def test_a_step_that_fails_for_every_record_fails_loudly_and_puts_nothing_aside(place: Place) -> None:
    await append(place, TOUCHPOINTS, [_deadly(n) for n in range(30)])
    with pytest.raises(ExceptionGroup):
        async with running(place):
            await asyncio.sleep(20)
    assert place.count("rejects") == place.count("touchpoints") == 0

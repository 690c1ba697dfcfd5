"""The running stitcher: it waits for what is away, goes on where it was, and stops when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from etappe import telemetry
from etappe.errors import SettingsError, WarehouseUnavailable
from etappe.eventlog import CHANGES, COLLECTOR_TOPICS, TOUCHPOINTS, Entry, EventLog, connect_log
from etappe.identifiers import make_identifier
from etappe.settings import Settings, read_settings
from etappe.touchpoint import Touchpoint, encode_record, record_key
from etappe.warehouse import Session, Sessions, Warehouse, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.workspaces import Register, RegisterFile, Workspace, new_workspace, write_register
from stitcher.service import Stitcher


@dataclass
class Place:
    """A data folder with a migrated warehouse, a register with one workspace, and no log yet."""

    settings: Settings
    warehouse: Warehouse
    session: Session
    workspace: Workspace

    def names(self, *names: str) -> None:
        """Make these the workspaces of the register, with one salt."""
        known = {name: Workspace(name, self.workspace.salt) for name in names}
        write_register(self.settings.workspaces, Register(known))

    def stored(self, workspace: str = "default") -> int:
        question = "SELECT sum(touchpoints) / 5 FROM journeys FINAL WHERE workspace = {workspace:String}"
        return int(self.session.rows(question, {"workspace": workspace})[0][0])

    def epoch_of_progress(self) -> set[int]:
        return {position >> 40 for (position,) in self.session.rows("SELECT position FROM progress FINAL")}

    def epoch_of_log(self, log_id: str) -> set[int]:
        question = "SELECT epoch FROM epochs WHERE name = {name:String}"
        return {epoch for (epoch,) in self.session.rows(question, {"name": f"log:{log_id}"})}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    settings = read_settings(data_dir=tmp_path, commit_seconds=0.1)
    warehouse = connect_warehouse(settings.warehouse)
    session = warehouse.session()
    migrate(session)
    made = Place(settings, warehouse, session, new_workspace("default"))
    made.names("default")
    yield made
    session.close()


@asynccontextmanager
async def running(place: Place, warehouse: Warehouse | None = None) -> AsyncIterator[Stitcher]:
    """A stitcher at work, which must stop within seconds when told to."""
    log = await connect_log(place.settings.log, (CHANGES,), place.settings.log_options)
    sessions = Sessions(warehouse or place.warehouse, 2)
    stitcher = Stitcher(place.settings, log, sessions, RegisterFile(place.settings.workspaces))
    work = asyncio.create_task(stitcher.run())
    try:
        yield stitcher
    finally:
        stitcher.stop()
        async with asyncio.timeout(10):
            await work
        await sessions.close()
        await log.close()


@asynccontextmanager
async def collector(place: Place) -> AsyncIterator[EventLog]:
    log = await connect_log(place.settings.log, COLLECTOR_TOPICS, place.settings.log_options)
    yield log
    await log.close()


async def accept(log: EventLog, place: Place, *ids: str, workspace: str = "default") -> None:
    person = [make_identifier(place.workspace.salt_bytes, "user_id", "u1")]
    touchpoints = [
        Touchpoint(
            workspace=workspace, id=each, event="Order Completed", at=1000, stamp=2000, identifiers=person
        )
        for each in ids
    ]
    entries = [Entry(record_key(each.workspace, each.id), encode_record(each)) for each in touchpoints]
    await log.append(TOUCHPOINTS, entries)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.05)


async def test_a_stitcher_that_starts_before_the_log_exists_counts_in_the_log_that_comes(
    place: Place,
) -> None:
    async with running(place):
        await asyncio.sleep(0.2)
        async with collector(place) as log:
            await accept(log, place, "e1")
            await eventually(lambda: place.stored() == 1 and bool(place.epoch_of_progress()))
            assert place.epoch_of_progress() == place.epoch_of_log(await log.log_id(TOUCHPOINTS))
    assert place.epoch_of_log("") == set()


class Away:
    """A warehouse that cannot be reached until it is back."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.back = False

    def session(self, limits: object = None) -> Session:
        if not self.back:
            raise WarehouseUnavailable("taken away by the test")
        return self._warehouse.session()


async def test_a_stitcher_stops_while_the_warehouse_is_away(place: Place) -> None:
    async with running(place, Away(place.warehouse)):  # type: ignore[arg-type]  # it has what is used of one
        await asyncio.sleep(0.1)


async def test_a_stitcher_goes_on_when_the_warehouse_is_back(place: Place) -> None:
    away = Away(place.warehouse)
    async with collector(place) as log, running(place, away):  # type: ignore[arg-type]  # as above
        await accept(log, place, "e1", "e2")
        await asyncio.sleep(0.1)
        assert place.stored() == 0
        away.back = True
        await eventually(lambda: place.stored() == 2)


async def test_a_record_of_changes_that_holds_no_change_is_counted_and_passed_over(place: Place) -> None:
    before = telemetry.UNREADABLE_CHANGES._value.get()
    async with collector(place) as log:
        core = await connect_log(place.settings.log, (CHANGES,), place.settings.log_options)
        await core.append(CHANGES, [Entry(b"default", b"\xff not a change")])
        await core.close()
        await accept(log, place, "e1")
        async with running(place):
            await eventually(lambda: place.stored() == 1)
    assert telemetry.UNREADABLE_CHANGES._value.get() == before + 1


async def test_changes_of_an_unknown_workspace_wait_until_the_register_has_it(place: Place) -> None:
    async with collector(place) as log, running(place):
        await accept(log, place, "e1", workspace="late")
        await asyncio.sleep(0.5)
        place.names("default", "late")
        await eventually(lambda: place.stored("late") == 1)


async def test_a_broken_model_file_stops_the_start_and_is_named_with_its_line(
    place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "bad.yaml").write_text("name: bad\nconversion: a\nphases:\n  - {name: a, rules: [{evnt: X}]}\n")
    place.settings = read_settings(data_dir=place.settings.data_dir, models_dir=folder)
    with pytest.raises(SettingsError, match=r"bad\.yaml line 4.*evnt.*etappe models check"):
        async with running(place):
            await asyncio.sleep(5)


async def test_lag_is_zero_when_nothing_is_in_hand(place: Place) -> None:
    async with collector(place) as log, running(place):
        await accept(log, place, "e1")
        await eventually(lambda: place.stored() == 1)
        await eventually(lambda: telemetry.REGISTRY.get_sample_value("etappe_lag_seconds") == 0)


async def test_lag_grows_while_the_warehouse_is_away(place: Place) -> None:
    async with collector(place) as log, running(place, Away(place.warehouse)):  # type: ignore[arg-type]  # as above
        await accept(log, place, "e1")
        await eventually(lambda: (telemetry.REGISTRY.get_sample_value("etappe_lag_seconds") or 0) > 0)

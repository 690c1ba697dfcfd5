"""Erasing a person: the data folder holds no byte of a name any more, once old parts are gone."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from stitching.links import key
from stitching.world import Event, World

from etappe.changes import Erase
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from stitcher.erasure.forgetting import CLEANED

NAME = "Wilhelmina-Quackenbush"


def parts_with(folder: Path, text: str) -> list[str]:
    """The files of the data folder in which `text` stands; the first time, compression leaves it as it is."""
    found = []
    for where, _, files in os.walk(folder / "store"):  # parts come and go meanwhile
        for file in (Path(where) / name for name in files):
            with suppress(FileNotFoundError):
                if text.encode() in file.read_bytes():
                    found.append(str(file))
    return found


def rows_with(session: Session, text: str, settings: str = "") -> dict[str, int]:
    """Table -> rows that hold `text` in any column, of all tables there are."""
    sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    found = {}
    for (table,) in session.rows(sql):
        asked = f"SELECT count() FROM {table} WHERE position(toString(tuple(*)), {{t:String}}) > 0 {settings}"
        ((found[table],),) = session.rows(asked, {"t": text})
    return {table: count for table, count in found.items() if count}


@pytest.mark.timeout(120)
def test_no_byte_of_a_name_stays_in_the_data_folder(tmp_path: Path) -> None:
    session = connect_warehouse(f"chdb:///{tmp_path}").session()
    migrate(session)
    world = World(session)
    events = [Event(1, "u1 e1 a1", 1), Event(2, "u2 a2", 2), Event(3, "u1 a2", 3, import_id="i")]
    for some in (events, [Event(3, "u1", 3)]):
        world.log(some)
        for records in (world.records, world.lane):
            records[:] = [each._replace(value=named(each.value)) for each in records]
        world.drain()
    store_rejected(session, world)
    assert rows_with(session, NAME).keys() == {"touchpoints", "identifiers", "rejects", "spares"}
    assert parts_with(tmp_path, NAME)
    for table in CLEANED:
        session.execute(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 1")
    world.changes.append(Erase(world.name, "x", [key("u1")], 1_000, "k1"))
    world.drain()
    ends = time.monotonic() + 90
    while (left := parts_with(tmp_path, NAME)) and time.monotonic() < ends:
        for table in CLEANED:  # the engine looks after idle tables only now and then, and after this one
            session.execute(f"SYSTEM START MERGES {table}")
        time.sleep(0.5)
    assert left == []
    assert rows_with(session, NAME, "SETTINGS apply_deleted_mask = 0") == {}
    assert world.journeys().keys() == {key("u2")}
    session.close()


def named(value: bytes) -> bytes:
    """A record of u1 that says the name wherever it can."""
    if b'"u1"' not in value:
        return value
    return value.replace(b'"u1"', f'"{NAME}"'.encode()).replace(b'"P1"', f'"Hello {NAME}"'.encode())


def store_rejected(session: Session, world: World) -> None:
    """A refused event whose touchpoint came later, and one in which a mark stands for an e-mail address."""
    count = 2
    session.insert(
        "rejects",
        {
            "workspace": [world.name] * count,
            "id": ["1", "refused"],
            "stage": ["door"] * count,
            "stamp": [1] * count,
            "body": [f'{{"user_id": "{NAME}"}}'] * count,
            "marks": [[], [f"[email:{key('e1'):016x}]"]],
        },
    )

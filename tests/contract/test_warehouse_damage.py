"""Parts that cannot be read when the engine opens its folder again: missed, or made anew from the log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.damage import DamagedTable, check_parts
from etappe.warehouse.synced import FILE, synced_blocks

TABLE = "CREATE TABLE facts (n UInt64) ENGINE = MergeTree() ORDER BY n SETTINGS old_parts_lifetime = 480"


def opened(folder: Path) -> Session:
    return connect_warehouse(f"chdb:///{folder}").session()


def cut(folder: Path, part: str) -> None:
    """As a power cut leaves a part that was never synced: all its files are there, and empty."""
    (found,) = folder.glob(f"store/*/*/{part}")
    for file in found.glob("*.*"):
        os.truncate(file, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two blocks, the first of them synced."""
    session = opened(tmp_path)
    session.execute(TABLE)
    session.insert("facts", {"n": [1, 2]})
    session.sync()
    session.insert("facts", {"n": [3, 4]})
    session.close()
    assert synced_blocks(tmp_path) == {"facts": 1}
    return tmp_path


def facts(session: Session) -> list[int]:
    return [n for (n,) in session.rows("SELECT n FROM facts ORDER BY n")]


def test_a_part_that_was_never_synced_is_removed_and_nobody_misses_it(folder: Path) -> None:
    cut(folder, "all_2_2_0")
    session = opened(folder)
    check_parts(session)
    assert facts(session) == [1, 2]
    assert list(folder.glob("store/*/*/detached/*")) == []
    session.insert("facts", {"n": [3, 4]})  # as the log gives them again
    session.sync()
    session.close()
    session = opened(folder)
    assert facts(session) == [1, 2, 3, 4]
    session.close()


def test_a_part_that_was_synced_is_missed(folder: Path) -> None:
    cut(folder, "all_1_1_0")
    session = opened(folder)
    with pytest.raises(
        DamagedTable, match=r"facts: rows are missing(.|\n)*detached/broken-on-start_all_1_1_0"
    ):
        check_parts(session)
    session.close()


def test_where_nobody_knows_what_was_synced_every_part_is_missed(folder: Path) -> None:
    (folder / FILE).unlink()
    cut(folder, "all_2_2_0")
    session = opened(folder)
    with pytest.raises(DamagedTable, match="facts: rows are missing"):
        check_parts(session)
    session.close()


def test_what_is_there_at_the_start_is_synced(folder: Path) -> None:
    session = opened(folder)
    check_parts(session)
    session.close()
    assert synced_blocks(folder) == {"facts": 2}
    cut(folder, "all_2_2_0")
    session = opened(folder)
    with pytest.raises(DamagedTable, match="facts: rows are missing"):
        check_parts(session)
    session.close()


def test_a_merged_part_that_cannot_be_read_gives_way_to_those_that_it_was_made_of(folder: Path) -> None:
    session = opened(folder)
    session.sync()
    session.execute("OPTIMIZE TABLE facts FINAL")
    session.close()
    cut(folder, "all_1_2_1")
    session = opened(folder)
    check_parts(session)
    assert facts(session) == [1, 2, 3, 4]
    session.close()

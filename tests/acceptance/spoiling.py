"""What a disk may do to the files of a data folder that nothing runs in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from etappe.eventlog.sqlite_store import PAGE_BYTES


def log_file(folder: Path, name: str = "collector") -> Path:
    """A file of the log with everything in it, nothing in the write-ahead log beside it."""
    path = folder / "log" / f"{name}.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def pages_in(path: Path) -> int:
    """How many pages an open log file has by now."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def spoil_page(path: Path, number: int) -> None:
    """Random bytes in the place of one page; the first one has the number 0."""
    with path.open("r+b") as file:
        file.seek(number * PAGE_BYTES)
        file.write(os.urandom(PAGE_BYTES))


def spoil_byte_of_last_row(path: Path) -> None:
    """One bit of what was appended last."""
    with closing(sqlite3.connect(path)) as connection:
        (body,) = connection.execute("SELECT body FROM batches ORDER BY rowid DESC LIMIT 1").fetchone()
    whole = bytearray(path.read_bytes())
    place = whole.index(body[-40:]) + 20
    whole[place] ^= 1
    path.write_bytes(whole)


def cut_parts(folder: Path, column: str) -> int:
    """Cut every part of the one table that has this column in half; how many these were."""
    parts = list(_parts(folder, column))
    for part in parts:
        data = part / "data.bin"
        os.truncate(data, data.stat().st_size // 2)
    return len(parts)


def _parts(folder: Path, column: str) -> Iterator[Path]:
    found = (folder / "warehouse" / "store").glob("*/*/all_*/columns.txt")
    return (each.parent for each in found if f"`{column}`" in each.read_text())

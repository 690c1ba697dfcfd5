"""Taking a backup from beside a running `etappe up`.

The order makes it whole. First the core's log with its offsets: whatever they say is done is in the tables, which are
frozen next. Then the collector's log, so that it holds every record that the tables know of. What the tables are ahead
of the offsets is done once more after a restore, and changes nothing, as after a crash.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from etappe.backups.manifest import FILES, LOG, TABLES, Table, new_manifest, write_manifest
from etappe.clock import iso
from etappe.errors import EtappeError
from etappe.eventlog.sqlite_store import COLLECTOR_FILE, CORE_FILE, path_of
from etappe.warehouse.frozen import FrozenTable

Freeze = Callable[[], Sequence[FrozenTable]]
Tell = Callable[[str, float], None]
"""What is being copied, and the share (0 to 1) of all of it that is done."""


class CannotBackUp(EtappeError):
    """The backup cannot be taken."""


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that becomes `path` when everything in it is on disk; CannotBackUp where something is there."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CannotBackUp(f"{path} is not empty: name a folder that is, or a new one.")
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        yield unfinished
        os.sync()
        if path.exists():
            path.rmdir()
        unfinished.rename(path)
    except OSError as error:
        raise CannotBackUp(f"{said_of(error, path)}. Nothing was changed.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def said_of(error: OSError, path: Path) -> str:
    """Which file could not be copied, and why; `path` is what it was about where the error names none."""
    if isinstance(error, shutil.Error):
        # Source, target and text of every file; one of them is enough.
        _, target, why = error.args[0][0]
        return f"{target}: {why}"
    return f"{error.filename or path}: {error.strerror}"


def take_backup(data: Path, into: Path, freeze: Freeze, now: int, tell: Tell) -> None:
    """Write the backup of the data folder into an empty one. `now` in ms."""
    (into / LOG).mkdir(mode=0o700)
    tell("event log", 0)
    copy_log(data / LOG, into / LOG, CORE_FILE)
    tables = list(freeze())
    _copy_tables(tables, into / TABLES, tell)
    tell("event log", 1)
    copy_log(data / LOG, into / LOG, COLLECTOR_FILE)
    for name in FILES:
        shutil.copy2(data / name, into / name)
    listed = [Table(each.name, each.create, each.rows) for each in tables]
    write_manifest(into, new_manifest(iso(now), listed))


def copy_log(source: Path, into: Path, file: str) -> None:
    """A whole copy of a log file as it is at one moment, while its writer goes on; CannotBackUp."""
    copy = path_of(into, file)
    try:
        with (
            closing(sqlite3.connect(f"file:{path_of(source, file)}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(copy)) as writing,
        ):
            reading.backup(writing)
    except sqlite3.Error as error:
        raise CannotBackUp(f"{copy}: {error}. Nothing was changed.") from error
    copy.chmod(0o600)


def _copy_tables(tables: Sequence[FrozenTable], into: Path, tell: Tell) -> None:
    sizes = {each.name: _bytes_in(each.parts) for each in tables}
    total, done = sum(sizes.values()) or 1, 0
    for table in tables:
        tell(table.name, done / total)
        if table.parts.exists():
            shutil.copytree(table.parts, into / table.name)
        else:
            (into / table.name).mkdir(parents=True)
        done += sizes[table.name]


def _bytes_in(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())

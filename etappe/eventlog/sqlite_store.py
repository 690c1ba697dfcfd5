"""The SQLite files of a log: who writes which, making one, opening one, holding its lock."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from etappe.errors import LogUnavailable, SettingsError
from etappe.eventlog import CHANGES, COLLECTOR_TOPICS

COLLECTOR_FILE = "collector"
CORE_FILE = "core"
FILE_TOPICS = {COLLECTOR_FILE: COLLECTOR_TOPICS, CORE_FILE: (CHANGES,)}
FILE_OF = {topic: name for name, topics in FILE_TOPICS.items() for topic in topics}

URL_START = "sqlite:///"
PAGE_BYTES = 16384
"""Pages twice as large save a fifth of the time that SQLite takes for the bytes of a busy log."""
WAL_PAGES = 1000
WAL_KEEP_BYTES = 64 << 20
BUSY_SECONDS = 5.0

_SQL = {file.stem: file.read_text() for file in (Path(__file__).parent / "sql").glob("*.sql")}


class Damage(sqlite3.DatabaseError):
    """What we find by ourselves in rows that SQLite could read."""


class Identity(NamedTuple):
    """What a file was made with; it never changes."""

    log_id: str
    partitions: int


def sql(name: str) -> str:
    """The statement in `sql/NAME.sql`."""
    return _SQL[name]


def folder_of(url: str) -> Path:
    """`sqlite:///data/log` is relative, `sqlite:////var/log` absolute."""
    path = url.removeprefix(URL_START)
    if path == url or not path:
        raise SettingsError(f"log_url is {url!r} (wanted sqlite:///DIR, or sqlite:////DIR from the root)")
    return Path(path)


def path_of(folder: Path, file: str) -> Path:
    return folder / f"{file}.sqlite"


def lock(path: Path) -> int:
    """Be the only process that writes this file until the descriptor is closed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LogUnavailable(f"The folder {path.parent} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise LogUnavailable(
            f"{path} is already written by another process; stop it or choose another data folder."
        ) from None
    return held


def create(path: Path, partitions: int) -> None:
    """Make the file beside its place and move it there whole: a reader never sees half a log.

    LogUnavailable where the write-ahead log of another one lies there, which SQLite would copy into the new file.
    """
    if Path(f"{path}-wal").exists():
        raise LogUnavailable(f"{path} is not there, but {path}-wal is: put it back, or move that away, too.")
    draft = path.with_suffix(".new")
    for left in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm")):
        left.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(sql("create_log_file"))
        connection.execute(sql("insert_log"), (secrets.token_hex(8), partitions))
    draft.chmod(0o600)
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A rename survives a power cut only after this."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_to_write(path: Path, max_bytes: int) -> sqlite3.Connection:
    connection = _open(path, "rw")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEEP_BYTES}")
    # What retention removes is to be gone from the disk, not only from the table.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // PAGE_BYTES)}")
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    return _open(path, "ro")


def identity(connection: sqlite3.Connection) -> Identity:
    found = connection.execute(sql("read_log")).fetchone()
    if found is None:
        raise Damage("the row that names it is missing")
    return Identity(*found)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_SECONDS
    )

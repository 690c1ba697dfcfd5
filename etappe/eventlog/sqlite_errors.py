"""SQLite's errors in our words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from etappe.errors import LogDamaged, LogFull, LogUnavailable
from etappe.eventlog.sqlite_store import COLLECTOR_FILE, Damage

_PRIMARY = 0xFF
"""SQLite's extended error codes carry the primary one in their lowest byte."""

_WORDS = {
    sqlite3.SQLITE_BUSY: "is locked by another program; stop it",
    sqlite3.SQLITE_LOCKED: "is locked by another program; stop it",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the folder exists and belongs to this user",
    sqlite3.SQLITE_PERM: "cannot be opened; check that it belongs to this user",
    sqlite3.SQLITE_READONLY: "cannot be written; check that it belongs to this user and that its disk is not read-only",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check the disk",
}

_DAMAGE = {
    sqlite3.SQLITE_CORRUPT: "has pages that cannot be read",
    sqlite3.SQLITE_NOTADB: "is not an Etappe log",
}

_LOST_OF_COLLECTOR = "what was accepted and is not in the tables yet is lost"
_LOST_OF_CORE = (
    "what the log still holds is read again, which changes nothing, but operators' decisions that were not carried "
    "out yet are lost; run `etappe rebuild` then"
)


def in_our_words(error: sqlite3.Error, path: Path) -> LogUnavailable:
    """LogFull where room is the trouble, LogDamaged where the file is, else LogUnavailable; all of them name the file
    and what to do.
    """
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return LogFull(f"{path} has reached its size limit or the disk is full; see that the stitcher runs.")
    if isinstance(error, Damage):
        return LogDamaged(f"{path}: {error}. {_way_out(path)}")
    if code in _DAMAGE:
        return LogDamaged(f"{path} {_DAMAGE[code]} ({error}). {_way_out(path)}")
    return LogUnavailable(f"{path} {_WORDS.get(code, 'gave an error')} ({error}).")


def is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_FULL


def is_corrupt(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_CORRUPT


def _way_out(path: Path) -> str:
    lost = _LOST_OF_COLLECTOR if path.stem == COLLECTOR_FILE else _LOST_OF_CORE
    return (
        "Stop Etappe and restore a backup with `etappe restore`. To go on without one, move this file away, with those "
        f"beside it that end in -wal and -shm, and start: {lost}."
    )

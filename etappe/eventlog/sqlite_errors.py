"""SQLite's errors in our words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from etappe.errors import LogFull, LogUnavailable

_PRIMARY = 0xFF
"""SQLite's extended error codes carry the primary one in their lowest byte."""

_WORDS = {
    sqlite3.SQLITE_BUSY: "is locked by another program; stop it",
    sqlite3.SQLITE_LOCKED: "is locked by another program; stop it",
    sqlite3.SQLITE_CORRUPT: "is damaged; stop Etappe, move the file away and start",
    sqlite3.SQLITE_NOTADB: "is not an Etappe log; stop Etappe, move the file away and start",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the folder exists and belongs to this user",
    sqlite3.SQLITE_PERM: "cannot be opened; check that it belongs to this user",
    sqlite3.SQLITE_READONLY: "cannot be written; check that it belongs to this user",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check the disk",
}


def in_our_words(error: sqlite3.Error, path: Path) -> LogUnavailable:
    """LogFull where room is the trouble, else LogUnavailable; both name the file and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return LogFull(f"{path} has reached its size limit or the disk is full; see that the stitcher runs.")
    return LogUnavailable(f"{path} {_WORDS.get(code, 'gave an error')} ({error}).")


def is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_FULL

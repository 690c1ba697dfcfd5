"""The reading end of one log file, this process's own or another's, in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from etappe.errors import LogUnavailable
from etappe.eventlog.sqlite_errors import in_our_words
from etappe.eventlog.sqlite_store import Identity, identity, open_to_read

T = TypeVar("T")


class Reader:
    """Answers questions about a file that may not exist yet. One connection, one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"log-read-{path.stem}")

    async def ask(self, question: Callable[[sqlite3.Connection], T], absent: T) -> T:
        """The answer of `question`, `absent` while there is no file; LogUnavailable."""
        if self._closed:
            raise LogUnavailable("It has been closed.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._answer, question, absent)

    async def identity(self) -> Identity | None:
        """What the file was made with, None while there is none."""
        if self._identity is None:
            self._identity = await self.ask(identity, None)
        return self._identity

    async def version(self) -> int:
        """Another number whenever another connection has written."""
        return await self.ask(_data_version, -1)

    async def close(self) -> None:
        """A second time does nothing; a question after it gets LogUnavailable."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
            self._thread.shutdown(wait=False)

    def _answer(self, question: Callable[[sqlite3.Connection], T], absent: T) -> T:
        try:
            if self._connection is None:
                if not self._path.exists():
                    return absent
                self._connection = open_to_read(self._path)
            return question(self._connection)
        except sqlite3.Error as error:
            self._disconnect()
            raise in_our_words(error, self._path) from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])

"""Bytes on their way from a thread that writes them to a reply that sends them.

The thread is never held up by a slow client, and memory does not grow: what is not sent yet lies in a file that has
no name, and is gone with the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile

from etappe.errors import Problem, QueryLimit
from query_api.errors import NoRoom

SMALL = 256 << 10
"""Bytes; an answer that stays below is sent in one piece, and a larger one begins when it has so many."""
SENT_AT_ONCE = 256 << 10


class Spool:
    """One writer, one reader, in order, once. Beyond `most` bytes writing is refused."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._file = SpooledTemporaryFile(max_size=SMALL)  # noqa: SIM115 - closed with the reply
        self._written = self._read = 0
        self._ended = False
        self._failed = False

    def write(self, data: bytes) -> None:
        """QueryLimit beyond the limit, NoRoom on a full disk; nothing happens where nobody reads any more."""
        if self._written + len(data) > self._most:
            wanted = "a smaller answer: pages with limit= and cursor=, a shorter range, or a higher setting"
            raise QueryLimit(problem=Problem("query_bytes", self._most, wanted))
        with self._lock:
            if self._file.closed:
                return
            with _room():
                self._file.seek(self._written)
                self._file.write(data)
                self._file.flush()
            self._written += len(data)
        self._tell()

    def end(self, failed: bool = False) -> None:
        """Nothing comes after this. `failed`: what was written is not the whole."""
        self._failed, self._ended = failed, True
        self._tell()

    @property
    def whole(self) -> bool:
        """Whether all of it is here, and little enough to be a reply in one piece."""
        return self._ended and not self._failed and self._written < SMALL

    @property
    def failed(self) -> bool:
        return self._failed

    async def begun(self) -> None:
        """Return once there is enough to begin with, or all there will be."""
        await self._until(lambda: self._ended or self._written >= SMALL)

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        await self._until(lambda: self._ended or self._written > self._read)
        data = await asyncio.to_thread(self._take)
        self._read += len(data)
        return data

    def close(self) -> None:
        with self._lock, suppress(OSError):  # what had no room is asked for no more
            self._file.close()

    def _take(self) -> bytes:
        with self._lock:
            self._file.seek(self._read)
            return self._file.read(SENT_AT_ONCE)

    async def _until(self, ready: Callable[[], bool]) -> None:
        while not ready():
            self._changed.clear()
            if not ready():  # it may have come between looking and clearing
                await self._changed.wait()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._changed.set)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoom(f"({error.strerror})") from error

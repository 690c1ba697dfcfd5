"""Changes to the register of workspaces and keys, one process at a time. Running services notice by themselves."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from etappe.errors import EtappeError, SettingsError
from etappe.workspaces import Register, read_register, write_register

T = TypeVar("T")

LOCK_SECONDS = 10
_PAUSE = 0.01

Change = Callable[[Register], tuple[Register, T]]
"""From one register to the next and whatever it made; an exception in it changes nothing."""


class NothingChanged(EtappeError):
    """Nothing was changed."""


class NothingThere(EtappeError):
    """There is nothing to show."""


class RegisterBusy(EtappeError):
    """Somebody else is changing workspaces and keys: try again."""


class RegisterEditor(Protocol):
    """Who carries out changes; blocks, so that services call it from a worker thread."""

    def edit(self, change: Change[T]) -> T: ...


class RegisterFileEditor:
    """Changes the register in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def edit(self, change: Change[T]) -> T:
        return edit_register(self._path, change)


def edit_register(path: Path, change: Change[T]) -> T:
    """Write the register that `change` makes, and return what else it made; nobody else changes it meanwhile.

    SettingsError where the file cannot be read or written, RegisterBusy after LOCK_SECONDS of waiting.
    """
    with _locked(path):
        register, made = change(read_register(path))
        try:
            write_register(path, register)
        except OSError as error:
            raise _unwritable(path, error) from error
        return made


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _wait_for(handle)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int) -> None:
    """A change takes milliseconds; who holds the lock for longer hangs, and nobody should hang with it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RegisterBusy from None
            time.sleep(_PAUSE)


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"workspaces_file {path} cannot be written ({error.strerror}): change it where its folder is writable."
    )

"""Changes to the register of workspaces and keys, one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from etappe.errors import EtappeError
from etappe.workspaces import Register, read_register, write_register


class NothingChanged(EtappeError):
    """Nothing was changed."""


class NothingThere(EtappeError):
    """There is nothing to show."""


def change_register(path: Path, change: Callable[[Register], Register]) -> Register:
    """Write, and return, what `change` makes of the register; nobody else changes it meanwhile."""
    with _locked(path):
        register = change(read_register(path))
        write_register(path, register)
        return register


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

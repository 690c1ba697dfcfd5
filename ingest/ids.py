"""Ids for events that came without one."""

from __future__ import annotations

from collections.abc import Iterator
from os import urandom


def _random_ids() -> Iterator[str]:
    """128 random bits in hex each; the system is asked for 256 of them at once."""
    while True:
        block = urandom(4096)
        for start in range(0, 4096, 16):
            yield block[start : start + 16].hex()


_ids = _random_ids()


def new_id() -> str:
    return next(_ids)

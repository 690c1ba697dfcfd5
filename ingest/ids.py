"""Ids for events that came without one."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from os import urandom

from ingest.addresses import holds_address


def _random_ids() -> Iterator[str]:
    """128 random bits in hex each; the system is asked for 256 of them at once."""
    while True:
        block = urandom(4096)
        for start in range(0, 4096, 16):
            yield block[start : start + 16].hex()


_ids = _random_ids()


def new_id() -> str:
    return next(_ids)


def safe_id(salt: bytes, text: str) -> str:
    """The id; its keyed hash where it holds an e-mail address, so that copies are still recognised."""
    return blake2b(text.encode(), key=salt, digest_size=16).hexdigest() if holds_address(text) else text

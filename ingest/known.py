"""Identifiers that were read before: the events of a visit carry the same ones."""

from __future__ import annotations

from functools import lru_cache

from etappe.identifiers import Identifier

MOST = 16_384
"""Of one workspace; past it all are forgotten."""

Ranked = tuple[int, Identifier]
"""An identifier behind the rank of its type."""

Known = dict[tuple[str, str], Ranked | None]
"""By type and text as sent; None: blocked."""


@lru_cache(maxsize=256)
def known_identifiers(salt: bytes, region: str | None, rules: str) -> Known:
    """Those of a workspace, as they are with its phone region and this version of its identity rules."""
    return {}


def remember(known: Known, type_name: str, text: str, ranked: Ranked | None) -> None:
    if len(known) >= MOST:
        known.clear()
    known[type_name, text] = ranked

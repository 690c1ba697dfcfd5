"""Identifiers that were read before: the events of a visit carry the same ones."""

from __future__ import annotations

from functools import lru_cache

from etappe.identifiers import Identifier

MOST = 16_384
"""Of one workspace; past it all are forgotten."""

Ranked = tuple[int, Identifier]
"""An identifier behind the rank of its type."""


class Names(tuple[tuple[str, str], ...]):
    """All identifiers of an event as sent, types and values, made once for events that carry the same. It is found
    again as this very object.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


class Known:
    """Those of a workspace."""

    __slots__ = ("names", "pairs")

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], Ranked | None] = {}
        """By type and text as sent; None: blocked."""
        self.names: dict[Names, list[Identifier]] = {}
        """What becomes of all of an event's: normalised, hashed, best first."""

    def remember(self, type_name: str, text: str, ranked: Ranked | None) -> None:
        if len(self.pairs) >= MOST:
            self.pairs.clear()
        self.pairs[type_name, text] = ranked

    def remember_all(self, names: Names, identifiers: list[Identifier]) -> None:
        if len(self.names) >= MOST:
            self.names.clear()
        self.names[names] = identifiers


@lru_cache(maxsize=256)
def known_identifiers(salt: bytes, region: str | None, rules: str) -> Known:
    """Those of a workspace, as they are with its phone region and this version of its identity rules."""
    return Known()

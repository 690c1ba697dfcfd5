"""What was read before: the events of a visit carry the same identifiers, those of a page the same properties."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from etappe.identifiers import Identifier
from ingest.personal import REMEMBERED

MOST = 16_384
"""Of one workspace; past it all are forgotten."""

Ranked = tuple[int, Identifier]
"""An identifier behind the rank of its type."""


class Names(tuple[tuple[str, str], ...]):
    """All identifiers of an event as sent, types and values."""

    written: bytes
    """The JSON they were read of."""


class Known:
    """Those of a workspace."""

    __slots__ = ("pairs", "written")

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], Ranked | None] = {}
        """By type and text as sent; None: blocked."""
        self.written: dict[bytes, msgspec.Raw] = {}
        """By the JSON of all of an event's what becomes of them: normalised, hashed, best first, one at least; as
        JSON again, so that it is made once and not for each event."""

    def remember(self, type_name: str, text: str, ranked: Ranked | None) -> None:
        if len(self.pairs) >= MOST:
            self.pairs.clear()
        self.pairs[type_name, text] = ranked

    def remember_all(self, names: Names, identifiers: list[Identifier]) -> None:
        if len(self.written) >= MOST:
            self.written.clear()
        self.written[names.written] = msgspec.Raw(msgspec.json.encode(identifiers))


@lru_cache(maxsize=256)
def known_identifiers(salt: bytes, region: str | None, rules: str) -> Known:
    """Those of a workspace, as they are with its phone region and this version of its identity rules."""
    return Known()


impersonal: set[bytes] = set()
"""Properties of whatever workspace in which there is nothing to drop."""


def remember_impersonal(raw: bytes) -> None:
    if len(impersonal) >= REMEMBERED:
        impersonal.clear()
    impersonal.add(raw)

"""The long history: of the identifiers that a fold reads in part, the one with the most touchpoints.

A device that everybody uses has belonged to many; a fold of some of them reads no more of it than the time that they
had it. One such device is what a workspace may have; for short histories it makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etappe.warehouse.statements import statement
from stitcher.facts import Facts
from stitcher.identity.spans import Span

LEAST = 10_000
"""Touchpoints; fewer are read as fast as they are counted."""

_FIRST, _LAST = 0, 1 << 43
"""Ms: a touchpoint's time lies between them, and the engine's times do."""


def long_history(facts: Facts, spans: Iterable[Span]) -> dict[str, int]:
    """What `stored_under_spans.sql` binds: the identifier, 0 for none, and which time of it is asked for."""
    partly = {key: hull for key, hull in _hulls(spans).items() if hull != (_FIRST, _LAST)}
    longest = _longest(facts, partly) if partly else 0
    since, until = partly.get(longest, (0, 0))
    return {"long": longest, "long_since": since, "long_until": until}


def _hulls(spans: Iterable[Span]) -> Mapping[int, tuple[int, int]]:
    """Identifier -> from the first of its spans to the end of the last."""
    found: dict[int, tuple[int, int]] = {}
    for span in spans:
        since, until = max(span.since, _FIRST), min(span.until, _LAST)
        if since < until:
            known = found.get(span.identifier, (since, until))
            found[span.identifier] = min(known[0], since), max(known[1], until)
    return found


def _longest(facts: Facts, identifiers: Iterable[int]) -> int:
    bound = {"workspace": facts.workspace, "identifiers": list(identifiers), "least": LEAST}
    rows = facts.session.rows(statement("stitcher.sql", "longest_history"), bound)
    return int(rows[0][0]) if rows else 0

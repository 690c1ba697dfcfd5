"""How much a run measures: the full size, and a quick one that only shows that the rows work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Rounds, seconds of load a round, touchpoints stitched a round, touchpoints under the funnel."""

    rounds: int = 5
    seconds: float = 6.0
    stitched: int = 100_000
    touchpoints: int = 10_000_000
    watched: int = 300
    """Events whose way to visibility is timed."""
    imported: int = 1_000_000
    """Touchpoints of an import that comes in meanwhile."""


FULL = Scale()
QUICK = Scale(rounds=3, seconds=2, stitched=20_000, touchpoints=200_000, watched=40, imported=30_000)

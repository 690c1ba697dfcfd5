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
    sizes: tuple[int, ...] = (1_000_000, 10_000_000, 30_000_000)
    """Touchpoints under the funnel, to see how its time grows."""
    watched: int = 300
    """Events whose way to visibility is timed."""
    imported: int = 1_000_000
    """Touchpoints of an import that comes in meanwhile."""
    links: int = 1_000_000
    """Links of the graph that new ones come to."""
    identifiers: int = 10_000_000
    """Identifiers in the tables beside which memory is measured."""
    batches: int = 30
    """Batches that a device and a person are in, and as many without them."""


FULL = Scale()
QUICK = Scale(
    rounds=3, seconds=2, stitched=20_000, touchpoints=200_000, sizes=(20_000, 60_000, 200_000), watched=40,
    imported=30_000, links=100_000, identifiers=500_000, batches=10,
)  # fmt: skip

"""What a benchmark finds: pairs of figures, measured in turns, and how they are summed up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """One round: our figure, and the reference's just before or after it."""

    ours: float
    reference: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `target` bounds the ratio (or, without a reference, the figure itself)."""

    name: str
    unit: str
    rounds: Sequence[Pair]
    reference: str = ""
    target: str = ""
    notes: Sequence[str] = field(default_factory=list)
    inverted: bool = False
    """Whether less is more: the ratio is then reference / ours, 'how many times faster'."""

    @property
    def ours(self) -> float:
        return median(pair.ours for pair in self.rounds)

    @property
    def beside(self) -> float:
        return median(pair.reference for pair in self.rounds)

    @property
    def ratios(self) -> list[float]:
        """Each round's ratio, lowest first; empty where there is no reference."""
        if not self.reference:
            return []
        return sorted(
            pair.reference / pair.ours if self.inverted else pair.ours / pair.reference
            for pair in self.rounds
        )

    def as_json(self) -> dict[str, Any]:
        ratios = self.ratios
        summary = {"ours": self.ours, "reference_figure": self.beside if ratios else None}
        if ratios:
            summary |= {"ratio": median(ratios), "ratio_min": ratios[0], "ratio_max": ratios[-1]}
        return {**asdict(self), **summary}


def in_turns(rounds: int, ours: Callable[[], float], reference: Callable[[], float]) -> list[Pair]:
    """Measure A-B, B-A, A-B, …: what slows the machine for a while slows both."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            beside, own = reference(), ours()
        else:
            own, beside = ours(), reference()
        pairs.append(Pair(own, beside))
    return pairs


def percentile(values: Iterable[float], share: float) -> float:
    """The value below or at which `share` (0 to 1) of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

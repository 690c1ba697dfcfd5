"""Decisions: what an operator, or the bound on refusals, has taken out of reach of every link. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """The decisions that hold: pairs of identifiers kept `apart` (the smaller key first), and `banned` ones."""

    apart: frozenset[tuple[int, int]] = frozenset()
    banned: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.apart or self.banned)

    def objection(self, a: int, b: int) -> str | None:
        """The rule by which a link between two identifiers is refused, of whatever kind it is."""
        if a in self.banned or b in self.banned:
            return "banned"
        return "apart" if (min(a, b), max(a, b)) in self.apart else None


NOTHING_HELD = Held()

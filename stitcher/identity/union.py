"""Disjoint sets: who belongs together because links join them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from etappe.changes import Link
from stitcher.identity.decisions import NOTHING_HELD, Held


class Union:
    """Disjoint sets with path halving; the smaller root is kept, so that the result has one form."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def add(self, key: int) -> None:
        self.parent.setdefault(key, key)

    def find(self, key: int) -> int:
        parent = self.parent
        while (above := parent[key]) != key:
            parent[key] = key = parent[above]
        return key

    def join(self, a: int, b: int) -> int:
        """Join two roots and return the one that stays."""
        low, high = (a, b) if a < b else (b, a)
        self.parent[high] = low
        return low

    def roots(self) -> dict[int, int]:
        find = self.find
        return {key: find(key) for key in self.parent}

    def groups(self) -> dict[int, list[int]]:
        """Root -> its group."""
        found: dict[int, list[int]] = defaultdict(list)
        find = self.find
        for key in self.parent:
            found[find(key)].append(key)
        return found


def device_groups(links: Iterable[Link], held: Held = NOTHING_HELD) -> dict[int, int]:
    """Device -> a device that names its group, for the devices that `links` join."""
    union = Union()
    for link in links:
        if link.kind == "device":
            union.add(link.a)
            union.add(link.b)
            if not held.objection(link.a, link.b):
                union.join(union.find(link.a), union.find(link.b))
    return {key: union.find(key) for key in union.parent}

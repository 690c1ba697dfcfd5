"""The ratio limit: a consumer that would throw away nearly everything has a defect of its own, and stops. Pure.

A few records that nobody can read are the world; most of them is us. What was thrown away is looked up by hand,
what was never read stays in the log for a version that can read it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from etappe.errors import EtappeError

LEAST = 1_000
"""Records of a judgement, at least; fewer say nothing."""


class TooManyUnreadable(EtappeError):
    """Most records of the log cannot be read, so the stitcher stopped before it threw them away."""

    def __init__(self, unreadable: int, records: int, limit: float, reasons: Mapping[str, int]) -> None:
        why = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.items())
        super().__init__(
            f"{unreadable:,} of the last {records:,} (now {why}); reject_ratio is {limit:g}. Nothing of the batch "
            "was stored or committed. Run the version that wrote them, or a later one: it goes on from here. If "
            "they are rubbish indeed, ETAPPE_REJECT_RATIO=1 lets them go to the rejects."
        )


class Judged(Protocol):
    """A record that was looked at."""

    @property
    def outcome(self) -> str:
        """`rejected` where it cannot be read."""

    @property
    def reason(self) -> str: ...


class RatioLimit:
    """Remembers the batches that passed: as few of the latest as together have LEAST records.

    Asked before a batch is stored, told after it is: so a batch that is tried again counts once.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._asked = (0, 0)
        self._passed: deque[tuple[int, int]] = deque()
        self._records = 0

    def check(self, batch: Sequence[Judged]) -> None:
        """TooManyUnreadable where more than the limit's share of the last records, these included, cannot be read."""
        reasons = Counter(each.reason for each in batch if each.outcome == "rejected")
        seen, bad = self._asked = len(batch), reasons.total()
        for size, share in reversed(self._passed):
            if seen >= LEAST:
                break
            seen, bad = seen + size, bad + share
        if seen >= LEAST and bad > self._limit * seen:
            raise TooManyUnreadable(bad, seen, self._limit, reasons)

    def passed(self) -> None:
        """The batch is stored: remember it, and forget what no judgement looks at any more."""
        self._passed.append(self._asked)
        self._records += self._asked[0]
        while self._records - self._passed[0][0] >= LEAST:
            self._records -= self._passed.popleft()[0]


class Halt:
    """Which steps stand still and why; for whoever is asked whether the stitcher works."""

    def __init__(self) -> None:
        self._standing: dict[object, EtappeError] = {}

    def stand(self, step: object, why: EtappeError) -> None:
        self._standing[step] = why

    def go(self, step: object) -> None:
        self._standing.pop(step, None)

    @property
    def count(self) -> int:
        return len(self._standing)

    async def check(self) -> None:
        """Raises what stopped a step, while one stands."""
        for why in self._standing.values():
            raise why

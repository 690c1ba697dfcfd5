"""How much a key may send or ask in a time: a token bucket for each, in the memory of one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from etappe.workspaces import KeyKind

BURST_SECONDS = 10
"""A bucket holds what comes in so many seconds: whoever was quiet may send that much at once."""

MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rates:
    """Buckets by key. `now` gives seconds of whatever clock; one that goes back refills nothing.

    Of more than `most` keys the one that was quiet longest is forgotten, and begins anew with a full bucket.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = MOST_BUCKETS) -> None:
        self._now = now
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, rate: float, count: int) -> float:
        """Seconds to wait before asking again; 0.0: admitted, and `count` is taken. `rate` is per second, 0: no limit.

        Admitted while there is one token or more, however large the count; what is then missing is owed. So in
        t seconds no more than rate * t + burst come through, but for the rest of the last request.
        """
        if rate <= 0:
            return 0.0
        bucket = self._bucket(key, rate)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / rate
        bucket.tokens -= count
        return 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def _bucket(self, key: str, rate: float) -> _Bucket:
        """The bucket as it is by now."""
        now, burst = self._now(), burst_of(rate)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(burst, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        bucket.tokens = min(burst, bucket.tokens + max(now - bucket.at, 0) * rate)
        bucket.at = now
        return bucket


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What the settings say of keys that have no rate of their own, per second and process; 0: no limit."""

    events: float = 0
    requests: float = 0

    def of(self, kind: KeyKind) -> float:
        return self.requests if kind in ("read", "admin") else self.events


NO_LIMITS = RateLimits()


def burst_of(rate: float) -> float:
    """What a full bucket holds; a whole event even where the rate is tiny."""
    return max(rate * BURST_SECONDS, 1.0)

"""Time is passed in: services take a clock, tests move one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Returns milliseconds since 1970, UTC."""


def system_clock() -> int:
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """1700000000123 -> '2023-11-14T22:13:20.123Z'."""
    whole, part = divmod(ms, 1000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{part:03d}Z"


def parse_iso(text: str) -> int:
    """An ISO 8601 time or date (a bare date is 00:00 UTC, no offset is UTC) in milliseconds; ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)

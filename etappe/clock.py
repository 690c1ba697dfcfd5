"""Time is passed in: services take a clock, tests move one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Returns milliseconds since 1970, UTC."""


def system_clock() -> int:
    return time.time_ns() // 1_000_000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms_of(moment: datetime) -> int:
    """An aware time in milliseconds since 1970; half of the cost of its `timestamp`, and no rounding of its own."""
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + (since.microseconds + 500) // 1000


def iso(ms: int) -> str:
    """1700000000123 -> '2023-11-14T22:13:20.123Z'."""
    whole, part = divmod(ms, 1000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{part:03d}Z"


def parse_iso(text: str) -> int:
    """An ISO 8601 time or date (a bare date is 00:00 UTC, no offset is UTC) in milliseconds.

    ValueError otherwise; OverflowError at the end of the year 9999.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _unusual(text.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return ms_of(moment)


_MIDNIGHT = re.compile(r"(?<=[T ])24(?=:?00(?::?00(?:[.,]0+)?)?(?:[Z+\-]|$))")
_LEAP = re.compile(r"(?:(?<=[T ]\d\d:59:)|(?<=[T ]\d\d59))60(?=[.,Z+\-]|$)")


def _unusual(text: str) -> datetime:
    """What the library does not read: `z` (RFC 3339), midnight at a day's end as 24:00 (ISO 8601), and a leap second
    as 60, which clocks without leap seconds call the next one.
    """
    if _MIDNIGHT.search(text):
        return datetime.fromisoformat(_MIDNIGHT.sub("00", text)) + timedelta(days=1)
    if _LEAP.search(text):
        return datetime.fromisoformat(_LEAP.sub("59", text)) + timedelta(seconds=1)
    return datetime.fromisoformat(text)

"""Times as senders write them, and the correction of clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from etappe.clock import ms_of, parse_iso
from ingest.limits import CLOCK_ERROR_MS


def read_time(value: object) -> int | None:
    """ISO 8601 or epoch milliseconds, as milliseconds since 1970, UTC; None where there is none.

    Raises TypeError for what is neither text nor number, ValueError for a text that is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _read_text(value.strip())
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return round(value)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970; no offset is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return ms_of(moment)


def _read_text(text: str) -> int:
    """Twelve digits or more are milliseconds in quotes: no ISO date is that long without a separator."""
    if len(text) >= 12 and text.isdecimal() and len(text) <= 16:
        return int(text)
    try:
        return parse_iso(text)
    except OverflowError as error:
        raise ValueError(text) from error


def corrected(at: int, sent_at: int | None, received: int) -> int:
    """`at` by our clock. Without `sent_at` nothing is known of the client's clock and nothing is changed."""
    if sent_at is None or abs(received - sent_at) <= CLOCK_ERROR_MS:
        return at
    return at + received - sent_at

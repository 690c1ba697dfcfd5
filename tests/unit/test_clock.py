"""Times as ISO 8601 writes them."""

from __future__ import annotations

import pytest

from etappe.clock import iso, parse_iso


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T09:30:00.123Z", "2026-11-21T09:30:00.123Z"),
        ("2026-11-21T10:30:00+01:00", "2026-11-21T09:30:00.000Z"),
        ("20261121T093000,123Z", "2026-11-21T09:30:00.123Z"),
        ("2026-W47-6", "2026-11-21T00:00:00.000Z"),
        ("2026-11-21", "2026-11-21T00:00:00.000Z"),
        ("2026-11-21T09:30", "2026-11-21T09:30:00.000Z"),
        ("2026-11-21t09:30:00.5z", "2026-11-21T09:30:00.500Z"),
        ("2026-11-21T24:00:00Z", "2026-11-22T00:00:00.000Z"),
        ("2026-12-31 24:00", "2027-01-01T00:00:00.000Z"),
        ("20261121T2400Z", "2026-11-22T00:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2017-01-01T00:59:60.250+01:00", "2017-01-01T00:00:00.250Z"),
        ("20161231T235960Z", "2017-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_read_however_it_is_written(text: str, moment: str) -> None:
    assert iso(parse_iso(text)) == moment


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-02-30", "2026-11-21T24:00:01Z", "2026-11-21T24:30Z", "2026-11-21T25:00Z",
     "2026-11-21T09:60:00Z", "2026-11-21T09:30:60Z", "2026-11-21T09:59:61Z", "2026-11-21T09:30:00+25:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_iso(text)

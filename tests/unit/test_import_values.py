"""What cells become."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from etappe.importing.values import to_boolean, to_integer, to_number, to_text, to_time

NOON = 1_770_033_600_000  # 2026-02-02T12:00:00Z
ZURICH = ZoneInfo("Europe/Zurich")


@pytest.mark.parametrize(
    ("cell", "text"),
    [(" a ", "a"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (True, "true"), (date(2026, 2, 2), "2026-02-02")],
)
def test_text(cell, text):
    assert to_text(cell) == text


@pytest.mark.parametrize("cell", [None, "", "  ", float("nan")])
@pytest.mark.parametrize(
    "convert", [to_text, to_number, to_integer, to_boolean, lambda c: to_time(c, None, None)]
)
def test_empty_cells_become_nothing(cell, convert):
    assert convert(cell) is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("129.50", 129.5),
        ("1'284.05", 1284.05),
        ("1 000", 1000),
        ("-3e2", -300),
        (Decimal("2.5"), 2.5),
        (4, 4),
    ],
)
def test_numbers(cell, number):
    assert to_number(cell) == number


def test_a_decimal_comma_where_it_is_said_so():
    assert to_number("1.284,05", ",") == 1284.05


@pytest.mark.parametrize("cell", ["12,5", "abc", "1_000", "inf", float("inf"), "12 CHF"])
def test_what_is_no_number(cell):
    with pytest.raises(ValueError, match="number"):
        to_number(cell)


def test_an_integer_has_no_fraction():
    assert to_integer("17") == 17
    with pytest.raises(ValueError, match="whole"):
        to_integer("17.5")


@pytest.mark.parametrize(
    ("cell", "truth"), [("yes", True), ("FALSE", False), (1, True), ("0", False), (True, True)]
)
def test_booleans(cell, truth):
    assert to_boolean(cell) is truth


def test_what_is_no_boolean():
    with pytest.raises(ValueError, match="true or false"):
        to_boolean("perhaps")


@pytest.mark.parametrize(
    ("cell", "form", "zone"),
    [
        ("2026-02-02T12:00:00Z", None, None),
        ("2026-02-02 13:00:00", None, ZURICH),
        ("2026-02-02T12:00:00Z", None, ZURICH),
        ("02.02.2026 13:00", "%d.%m.%Y %H:%M", ZURICH),
        ("1770033600", "epoch_seconds", None),
        (NOON, "epoch_milliseconds", None),
        (datetime(2026, 2, 2, 12, tzinfo=UTC), None, None),
        (datetime(2026, 2, 2, 13), None, ZURICH),
    ],
)
def test_times(cell, form, zone):
    assert to_time(cell, form, zone) == NOON


def test_a_day_begins_at_midnight_of_its_zone():
    assert to_time("2026-02-02", None, None) == NOON - 12 * 3_600_000
    assert to_time(date(2026, 2, 2), None, ZURICH) == NOON - 13 * 3_600_000


@pytest.mark.parametrize(("cell", "form"), [("yesterday", None), ("2026-02-02", "%d.%m.%Y"), (17, None)])
def test_what_is_no_time(cell, form):
    with pytest.raises(ValueError, match="time"):
        to_time(cell, form, None)

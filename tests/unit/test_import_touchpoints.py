"""Rows without a mapping, and the ids that rows get."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from etappe.importing.rows import Row
from etappe.importing.touchpoints import encode, maker

make = maker(None, "shop")


def row(**cells: object) -> Row:
    return Row(2, {"event": "Order Paid", "user_id": "u1"} | cells)


def test_columns_with_native_names_need_no_mapping():
    cells = {
        "at": "2026-02-02",
        "value": "12.50",
        "campaign.source": "google",
        "identifiers.card": "c9",
        "size": "XL",
    }

    assert make(row(id="o1", **cells)) == {
        "event": "Order Paid",
        "at": 1_769_990_400_000,
        "id": "o1",
        "value": 12.5,
        "identifiers": {"card": "c9", "user_id": "u1"},
        "campaign": {"source": "google"},
        "properties": {"size": "XL"},
    }


def test_json_rows_may_be_touchpoints_as_they_are():
    touchpoint = {
        "event": "Order Paid",
        "id": "o1",
        "identifiers": {"user_id": "u1"},
        "properties": {"lines": [{"sku": 1}]},
        "experiments": {"cta": "B"},
    }

    assert make(Row(1, touchpoint)) == touchpoint


def test_equal_rows_get_the_same_id_wherever_they_stand():
    assert make(row(size=1))["id"] == make(Row(99, row(size=1).cells))["id"]


def test_rows_that_differ_in_any_cell_get_different_ids():
    assert make(row(size=1))["id"] != make(row(size=2))["id"]


def test_the_imports_name_is_part_of_the_id():
    assert make(row())["id"] != maker(None, "other")(row())["id"]


def test_an_id_in_the_row_is_kept():
    assert make(row(id="mine"))["id"] == "mine"


def test_a_tables_typed_cells_become_json_values():
    moment = datetime(2026, 2, 2, 12, tzinfo=UTC)
    touchpoint = make(
        row(at=moment, value=Decimal("12.50"), day=date(2026, 2, 2), price=Decimal("2.5"), user_id=7.0)
    )
    sent = json.loads(encode(touchpoint))

    assert (sent["at"], sent["value"], sent["identifiers"]) == (1_770_033_600_000, 12.5, {"user_id": "7"})
    assert sent["properties"] == {"day": "2026-02-02", "price": 2.5}


def test_a_touchpoint_is_sent_as_json():
    assert json.loads(encode(make(row(id="o1")))) == make(row(id="o1"))

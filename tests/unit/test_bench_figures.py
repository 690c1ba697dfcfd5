"""The benchmark's arithmetic: ratios, turns, percentiles, and what wrk prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.events import PHASES, batch_bodies, single_bodies, stream
from bench.figures import Pair, Row, in_turns, percentile
from bench.load import Load, parse_wrk
from bench.table import number, ratio, write_json
from etappe.phases import load_models


def test_a_ratio_is_the_median_of_the_rounds_with_its_range() -> None:
    row = Row("r", "rows/s", [Pair(10, 20), Pair(30, 40), Pair(9, 10)], "reference")
    assert row.ratios == [0.5, 0.75, 0.9]
    assert ratio(row) == "0.75 (0.50 to 0.90)"
    assert ratio(Row("r", "s", [Pair(1, 2)], "reference")) == "0.50"


def test_where_less_is_more_the_ratio_says_how_many_times_faster() -> None:
    assert Row("r", "s", [Pair(0.1, 0.5)], "reference", inverted=True).ratios == [5.0]


def test_without_a_reference_there_is_no_ratio() -> None:
    assert ratio(Row("r", "s", [Pair(1.0, 0.0)])) == "-"


def test_sides_take_turns_at_going_first() -> None:
    order: list[str] = []

    def measured(side: str) -> float:
        order.append(side)
        return float(len(order))

    pairs = in_turns(3, lambda: measured("A"), lambda: measured("B"))
    assert "".join(order) == "ABBAAB"
    assert pairs == [Pair(1, 2), Pair(4, 3), Pair(5, 6)]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.95, 4), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([4, 2, 3, 1], share) == expected


def test_what_wrk_prints_is_read_with_its_unit_and_its_failures() -> None:
    text = "    50%    1.20ms\n    99%  812.00us\nRequests/sec:  9876.54\n"
    assert parse_wrk(text) == Load(9876.54, 0.812, 0)
    assert parse_wrk(text + "  Non-2xx or 3xx responses: 7\n").failed == 7
    with pytest.raises(RuntimeError, match="unable to connect"):
        parse_wrk("unable to connect to 127.0.0.1:1")


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346"), (0.01234, "0.0123"), (12.34, "12.3")])
def test_numbers_keep_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_every_round_is_in_the_json(tmp_path: Path) -> None:
    write_json(tmp_path / "b.json", [Row("r", "s", [Pair(1, 2)], "reference")])
    (row,) = json.loads((tmp_path / "b.json").read_text())["rows"]
    assert row["rounds"] == [{"ours": 1, "reference": 2}]
    assert row["ratio"] == 0.5


def test_the_events_are_of_the_size_and_number_they_are_said_to_be() -> None:
    assert all(450 < len(body) < 700 for body in single_bodies())
    assert all(len(json.loads(body)) == 50 for body in batch_bodies(50))
    assert len({event["id"] for event in stream(100)}) == 100


def test_the_events_of_each_phase_are_in_that_phase_of_the_built_in_model() -> None:
    text = load_models(None)["acpl"].text
    assert all(event in text for names in PHASES.values() for event in names)

"""Parameters: what they take, and that every problem is named."""

from __future__ import annotations

import re

import pytest

from etappe.errors import BadInput
from etappe.phases import parse_model
from query_api.common import COMMON, read_common
from query_api.filters.read import read_conditions
from query_api.funnel.question import BY, PARAMETERS, By, read_question
from query_api.parameters import EARLIEST, LATEST, LONGEST, Reader, read_duration, read_time


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0ms", 0),
        ("90s", 90_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("30d", 2_592_000_000),
        ("1w", 604_800_000),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, milliseconds: int) -> None:
    assert read_duration(text) == milliseconds


def test_a_duration_has_no_upper_limit() -> None:
    assert read_duration("9" * 40 + "w") == LONGEST
    assert read_duration("9" * 5000 + "ms") == LONGEST
    assert read_duration("0" * 5000 + "2d") == 172_800_000


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("text/csv;q=0.1, application/json", "json"),
        ("application/json;q=0.5,text/csv", "csv"),
        ("text/csv, application/json", "csv"),
        ("text/csv;q=0", "json"),
        ("text/csv; q=nonsense", "csv"),
    ],
)
def test_of_several_formats_the_one_wanted_most_is_answered(accept: str, format_: str) -> None:
    assert read_common(Reader([], COMMON), accept).format == format_


@pytest.mark.parametrize("text", ["30", "d", "1.5d", "-1d", "1 d", "1D", "1y", "", "٣d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "iso_ms"),
    [
        ("1970-01-02", 86_400_000),
        ("1970-01-01T01:00:00.5+01:00", 500),
        ("1970-01-01T01:00:00 01:00", 0),
        ("0001-01-01", EARLIEST),
        ("9999-12-31", LATEST),
    ],
)
def test_times(text: str, iso_ms: int) -> None:
    """A bare date is 00:00 UTC; a `+` that a browser made a space is one; the engine's ends are the ends."""
    assert read_time(text) == iso_ms


def test_from_must_lie_before_to() -> None:
    reader = Reader([("from", "2026-01-01"), ("to", "2026-01-01T00:00:00Z")], COMMON)
    read_common(reader, "")
    assert [(p.field, p.wanted) for p in reader.problems] == [("to", "a time after from=2026-01-01")]


def test_a_parameter_is_given_once() -> None:
    reader = Reader([("order", "strict"), ("order", "touched")], PARAMETERS)
    assert [(p.field, p.value, p.wanted) for p in reader.problems] == [("order", "touched", "given once")]


def test_problems_gather_until_the_end() -> None:
    reader = Reader([("nope", "1"), ("unit", "planet"), ("by", "shoe"), ("basis", "sometimes")], PARAMETERS)
    read_question(reader, read_common(reader, "").range)
    with pytest.raises(BadInput) as raised:
        reader.finish()
    assert [p.field for p in raised.value.problems] == ["nope", "unit", "by", "basis"]
    assert raised.value.problems[3].wanted == "one of started, within; default started"


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("channel", By("channel")),
        ("property:a:b", By("property", "a:b")),
        ("trait:plan", By("trait", "plan")),
    ],
)
def test_groups(text: str, by: By) -> None:
    assert BY.read(text) == by


@pytest.mark.parametrize("text", ["channel:x", "property", "property:", "shoe", "", "reached_1", "trait"])
def test_anything_else_makes_no_groups(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        BY.read(text)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [("", "json"), ("*/*", "json"), ("text/html, text/csv;q=0.9", "csv"), ("application/x-ndjson", "ndjson")],
)
def test_the_format_follows_the_accept_header(accept: str, chosen: str) -> None:
    assert read_common(Reader([], COMMON), accept).format == chosen
    assert read_common(Reader([("format", "arrow")], COMMON), accept).format == "arrow"


def test_what_is_missing_is_not_taken_for_a_slip_of_the_pen() -> None:
    """`None` is near to `ne`, but nobody wrote it."""
    wanted: list[str] = []
    read_conditions([{}], "where", lambda _field, _value, words: wanted.append(words))
    assert [words.split()[:2] for words in wanted] == [["one", "of"], ["one", "of"]]
    with pytest.raises(BadInput) as refused:
        parse_model("name: m\nphases: [{name: one, rules: [{event: A}]}]\n", "m")
    assert [problem.wanted for problem in refused.value.problems] == [
        "the phase that is the goal: one of one"
    ]

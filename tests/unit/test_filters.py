"""Filters as text and JSON: what is read, and every problem named at its place."""

from __future__ import annotations

from typing import Any

import pytest

from query_api.filters import WHERE, AnyOf, Filter, compiled, read_conditions, read_where, said
from query_api.parameters import Reader

Problem = tuple[str, object, str]


def read(data: object) -> tuple[Any, list[Problem]]:
    problems: list[Problem] = []
    found = read_conditions(data, "steps[1].where", lambda *problem: problems.append(problem))
    return found, problems


def test_values_keep_their_types() -> None:
    reader = Reader(
        [("where", text) for text in ("properties.n:eq:5", "properties.n:eq:null", "value:in:1,2.5",
                                      "properties.a:eq:a:b", "page.path:contains:42", "campaign.name:eq:2024")],
        [WHERE],
    )  # fmt: skip
    assert read_where(reader) == (
        Filter("properties.n", "eq", 5.0), Filter("properties.n", "eq", None), Filter("value", "in", (1.0, 2.5)),
        Filter("properties.a", "eq", "a:b"), Filter("page.path", "contains", "42"),
        Filter("campaign.name", "eq", "2024"),
    )  # fmt: skip
    assert reader.problems == []


def test_alternatives_are_lists_of_filters() -> None:
    data = [
        {
            "any_of": [
                [{"field": "event", "op": "eq", "value": "Order_Completed"}],
                [{"field": "value", "op": "exists"}],
            ]
        }
    ]
    found, problems = read(data)
    assert problems == []
    assert found == (AnyOf(((Filter("event", "eq", "order completed"),), (Filter("value", "exists"),))),)
    again, _ = read(said(found))
    assert again == found


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("channel", ["steps[1].where"]),
        ([7], ["steps[1].where[0]"]),
        ([{"field": "chanel", "op": "is"}], ["steps[1].where[0].field", "steps[1].where[0].op"]),
        ([{}], ["steps[1].where[0].field", "steps[1].where[0].op"]),
        ([{"field": "channel", "op": "eq"}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "eq", "value": ["a"]}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "in", "value": "a"}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "in", "value": []}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "in", "value": ["a"] * 1001}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "contains", "value": 5}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "matches", "value": "(?<=a)b"}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "matches", "value": "a" * 501}], ["steps[1].where[0].value"]),
        ([{"field": "channel", "op": "exists", "value": 5, "x": 1}],
         ["steps[1].where[0].x", "steps[1].where[0].value"]),
        ([{"field": "event", "op": "contains", "value": "_"}], ["steps[1].where[0].value"]),
        ([{"field": "value", "op": "gt", "value": 10**400}], ["steps[1].where[0].value"]),
        ([{"any_of": []}], ["steps[1].where[0].any_of"]),
        ([{"any_of": [[], [{"field": "x", "op": "exists"}]], "y": 1}],
         ["steps[1].where[0].y", "steps[1].where[0].any_of[0]", "steps[1].where[0].any_of[1][0].field"]),
        ([{"any_of": [[{"any_of": []}]]}],
         ["steps[1].where[0].any_of[0][0].any_of", "steps[1].where[0].any_of[0][0].field",
          "steps[1].where[0].any_of[0][0].op"]),
        ([{"field": "channel", "op": "exists"}] * 51, ["steps[1].where"]),
        ([{"any_of": [[{"field": "channel", "op": "exists"}] * 26] * 2}], ["steps[1].where"]),
        ([{"field": "properties." + ".".join("a" * 30), "op": "exists"}], ["steps[1].where[0].field"]),
        ([{"field": "properties.a..b", "op": "exists"}], ["steps[1].where[0].field"]),
    ],
)  # fmt: skip
def test_problems_are_named_at_their_place(data: object, fields: list[str]) -> None:
    _, problems = read(data)
    assert [field for field, _, _ in problems] == fields
    assert all(wanted for _, _, wanted in problems)


def test_no_text_of_the_sender_becomes_sql() -> None:
    hostile = "x') OR 1=1 --"
    data = [
        {"field": f"{field}{hostile}", "op": op, "value": value}
        for field in ("properties.", "trait.", "experiment.")
        for op, value in (("eq", hostile), ("in", [hostile]), ("matches", "OR 1=1"))
    ]
    found, problems = read(data)
    expression = compiled(found, "w")
    assert problems == []
    assert "1=1" not in expression.sql
    assert "\n" not in expression.sql

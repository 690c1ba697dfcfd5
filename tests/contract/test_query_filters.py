"""Conditions as SQL choose the touchpoints that the definition chooses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from asking.fixtures import Tables
from asking.world import NOON, insert, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.filters import latest_traits, meets
from reference.journeys import Touch

from etappe.warehouse import Session
from query_api.filters import WHERE, Condition, compiled, read_conditions, read_where
from query_api.parameters import Reader
from query_api.sql import text_of

NAMES = ("plan", "size.width", "a b")
TRAITS = ("plan", "home.city")
VALUES: list[Any] = ["pro", "Pro", "", "5", "true", "é%_", 5, 5.5, -0.0, 0, True, False, None]
TEXTS = ["", "email", "pro", "Order Completed", "order_completed", "é%_", "5"]
PATTERNS = ["^p", "r", "o$", "[0-9]", "(?i)PRO", "é", "."]

values = st.sampled_from(VALUES)
texts = st.sampled_from(TEXTS)
documents = st.fixed_dictionaries(
    {}, optional={"plan": values | st.just(["pro"]), "size": values | st.fixed_dictionaries({"width": values}),
                  "a b": values, "home": values | st.fixed_dictionaries({"city": values})}
)  # fmt: skip
touchpoints = st.fixed_dictionaries(
    {
        "customer": st.integers(1, 3),
        "at": st.integers(0, 3),
        "event": st.sampled_from(["Order Completed", "order_completed", " ORDER--completed", "Pro", "5"]),
        "channel": texts,
        "account": texts,
        "page.path": texts,
        "campaign.name": texts,
        "device.type": texts,
        "offline": st.booleans(),
        "value": st.none() | st.sampled_from([0, 5, 5.5, -3]),
        "sentiment": st.none() | st.sampled_from([-1, 0.5]),
        "experiments": st.fixed_dictionaries({}, optional={"cta": st.sampled_from(["A", "B", "5", ""])}),
        "properties": documents,
        "traits": documents,
    }
)

fields = st.sampled_from(
    ["event", "channel", "account", "page.path", "campaign.name", "device.type", "offline", "value", "sentiment",
     "experiment.cta", "experiment.none", *(f"properties.{name}" for name in NAMES), *(f"trait.{t}" for t in TRAITS)]
)  # fmt: skip
asked_texts = texts.filter(bool)


def of(ops: Sequence[str], value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"field": fields, "op": st.sampled_from(ops), "value": value})


filters = st.one_of(
    of(["eq", "ne", "gt", "gte", "lt", "lte"], values | texts),
    of(["in", "not_in"], st.lists(values | texts, min_size=1, max_size=4)),
    of(["contains", "not_contains", "starts_with", "ends_with"], asked_texts),
    of(["matches"], st.sampled_from(PATTERNS)),
    st.fixed_dictionaries({"field": fields, "op": st.sampled_from(["exists", "not_exists"])}),
)
alternatives = st.lists(st.lists(filters, min_size=1, max_size=2), min_size=1, max_size=3)
conditions = st.lists(filters | st.fixed_dictionaries({"any_of": alternatives}), max_size=3)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    touches=st.lists(touchpoints, min_size=1, max_size=20),
    asked=st.lists(conditions, min_size=40, max_size=40),
)
def test_touchpoints_are_chosen_as_defined(
    tables: Tables, touches: list[dict[str, Any]], asked: list[list[dict[str, Any]]]
) -> None:
    """Every field and operator, against values of every type."""
    _, session, _ = tables
    workspace = uuid.uuid4().hex
    insert(session, workspace, "touchpoints", [stored(n, touch) for n, touch in enumerate(touches)])
    found = chosen(session, workspace, [read(each) for each in asked])
    for condition, ids in zip(asked, found, strict=True):
        expected = {
            n for n, touch in enumerate(touches) if meets(touch, traits_of(touches, touch), condition)
        }
        assert ids == expected, (condition, [touches[n] for n in ids ^ expected])


def read(condition: list[dict[str, Any]]) -> tuple[Condition, ...]:
    problems: list[object] = []
    found = read_conditions(condition, "where", lambda *problem: problems.append(problem))
    assert not problems
    return found


def chosen(session: Session, workspace: str, asked: Sequence[tuple[Condition, ...]]) -> list[set[int]]:
    """Per condition the numbers of the touchpoints that meet it."""
    expressions = [compiled(each, f"w{n}") for n, each in enumerate(asked)]
    parts = f"owned AS ({text_of('owned_as_stored')}), touches AS ({text_of('touches')})"
    columns = ", ".join(each.sql for each in expressions)
    values = {name: value for each in expressions for name, value in each.parameters.items()}
    rows = session.rows(
        f"WITH {parts} SELECT toUInt32(id), [{columns}] FROM touches",
        {"workspace": workspace, "generation": 0, **values},
    )
    return [{n for n, met in rows if met[k]} for k in range(len(asked))]


def traits_of(touches: list[dict[str, Any]], touch: dict[str, Any]) -> dict[str, Any]:
    own = [(each["at"], n, each) for n, each in enumerate(touches) if each["customer"] == touch["customer"]]
    return latest_traits([each for _, _, each in sorted(own, key=lambda one: one[:2])], TRAITS)


def stored(n: int, touch: dict[str, Any]) -> dict[str, Any]:
    """A row of touchpoints whose `seq` is its number, so that equal times have an order."""
    row = touchpoint(Touch(touch["customer"], NOON + touch["at"], seq=n, id=str(n)))
    plain = {name.replace(".", "_"): touch[name] for name in touch if name not in ("customer", "at")}
    documents = {name: json.dumps(touch[name]) if touch[name] else "" for name in ("properties", "traits")}
    return {**row, **plain, **documents}


SENT = [
    {"channel": "email"},
    {"channel": ""},
    {"event": "Order Completed"},
    {"value": 120.0},
    {"offline": True},
    {"page_path": "/shop/kasko"},
    {"campaign_name": "2024"},
    {"properties": '{"n": 5, "of": {"a": "5"}}'},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("channel:eq:email", {0}),
        ("channel:exists", {0}),
        ("event:eq:order_completed", {2}),
        ("event:in:order-completed,P1", {2}),
        ("event:matches:^Order", {2}),
        ("value:gt:100", {3}),
        ("value:gt:abc", set()),
        ("offline:eq:true", {4}),
        ("page.path:starts_with:/shop/", {5}),
        ("page.path:matches:^/shop/(kasko|hausrat)$", {5}),
        ("campaign.name:eq:2024", {6}),
        ("campaign.name:contains:02", {6}),
        ("properties.n:eq:5", {7}),
        ("properties.n:in:4,5", {7}),
        ("properties.n:eq:five", set()),
        ("properties.of.a:eq:5", set()),
        ("properties.of.a:contains:5", {7}),
        ("properties.of:exists:", {7}),
        ('{"field": "properties.n", "op": "eq", "value": 5}', {7}),
        ('{"field": "properties.n", "op": "eq", "value": "5"}', set()),
        (
            '{"any_of": [[{"field": "properties.n", "op": "eq", "value": 5}],'
            ' [{"field": "campaign.name", "op": "contains", "value": "02"}]]}',
            {6, 7},
        ),
    ],
)
def test_the_form_of_a_query_string(tables: Tables, text: str, expected: set[int]) -> None:
    _, session, _ = tables
    workspace = uuid.uuid4().hex
    rows = [touchpoint(Touch(1, NOON + n, id=str(n)), event="X") for n in range(len(SENT))]
    insert(session, workspace, "touchpoints", [{**row, **sent} for row, sent in zip(rows, SENT, strict=True)])
    reader = Reader([("where", text)], [WHERE])
    conditions = read_where(reader)
    assert reader.problems == []
    assert chosen(session, workspace, [conditions]) == [expected]

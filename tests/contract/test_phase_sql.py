"""The expression of a phase model, on both engines: it says what the reference says, for any touchpoint."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.models_table import MODELS, rows
from reference.phases import meets, position
from reference.random_phases import models, touchpoints

from etappe.phases import (
    Expression,
    PhaseModel,
    builtin_models,
    goal_expression,
    parse_model,
    phase_expression,
)
from etappe.warehouse import Limits, Session, Warehouse, connect_warehouse
from etappe.warehouse.migrate import migrate

DEFAULTS: Mapping[str, Any] = {
    "event": "Page Viewed",
    "channel": "",
    "contact": "",
    "offline": False,
    "page_path": "",
    "campaign_source": "",
    "campaign_medium": "",
    "campaign_name": "",
    "value": None,
    "properties": "",
}


@pytest.fixture
def warehouse(warehouse_url: str) -> Warehouse:
    return connect_warehouse(warehouse_url)


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Session]:
    session = warehouse.session()
    migrate(session)
    yield session
    session.close()


@pytest.fixture
def reader(warehouse: Warehouse, session: Session) -> Iterator[Session]:
    """Read-only, as questions are asked."""
    reader = warehouse.session(Limits())
    yield reader
    reader.close()


def store(session: Session, touchpoints: Sequence[Mapping[str, Any]]) -> str:
    """Insert touchpoints under a workspace of their own, `seq` their place in the list; return its name."""
    workspace, count = uuid.uuid4().hex, len(touchpoints)
    columns = {name: [{**DEFAULTS, **each}[name] for each in touchpoints] for name in DEFAULTS}
    keys = {
        "workspace": [workspace] * count,
        "event_id": [i.to_bytes(16) for i in range(count)],
        "seq": list(range(count)),
    }
    session.insert("touchpoints", {**keys, **columns})
    return workspace


def positions(session: Session, model: PhaseModel, workspace: str) -> list[int]:
    return evaluated(session, phase_expression(model, "m"), workspace)


def evaluated(session: Session, expression: Expression, workspace: str) -> list[int]:
    sql = f"SELECT {expression.sql} FROM touchpoints WHERE workspace = {{w:String}} ORDER BY seq"
    return [each for (each,) in session.rows(sql, {**expression.parameters, "w": workspace})]


def one_rule(rule: object) -> PhaseModel:
    data = {"name": "m", "conversion": "p", "phases": [{"name": "p", "rules": [rule]}]}
    return parse_model(yaml.safe_dump(data), "test")


def matched(session: Session, rule: object, touchpoints: Sequence[Mapping[str, Any]]) -> list[bool]:
    found = positions(session, one_rule(rule), store(session, touchpoints))
    return [each == 1 for each in found]


def test_every_event_of_the_docs_is_in_the_phase_that_the_docs_say(session: Session) -> None:
    table = rows()
    workspace = store(session, [{"event": event} for event, _ in table])
    for name, model in builtin_models().items():
        names = [None, *(phase.name for phase in model.phases)]
        found = [names[each] for each in positions(session, model, workspace)]
        wrong = [
            (event, wanted[name], phase)
            for (event, wanted), phase in zip(table, found, strict=True)
            if wanted[name] != phase
        ]
        assert wrong == [], f"{name}: (event, docs say, SQL says)"


def test_all_models_fit_into_one_read_only_question(session: Session, reader: Session) -> None:
    workspace = store(session, [{"event": "order_completed"}])
    expressions = [phase_expression(model, name) for name, model in builtin_models().items()]
    parameters = {key: value for each in expressions for key, value in each.parameters.items()}
    columns = ", ".join(f"{each.sql} AS phase_{i}" for i, each in enumerate(expressions))
    sql = f"SELECT {columns} FROM touchpoints WHERE workspace = {{w:String}}"
    assert reader.rows(sql, {**parameters, "w": workspace}) == [(3, 4, 3, 2, 2)]


def test_the_expression_is_a_plain_uint8(session: Session) -> None:
    store(session, [{}])
    for model in builtin_models().values():
        expression = phase_expression(model, "m")
        sql = f"SELECT toTypeName({expression.sql}) FROM touchpoints LIMIT 1"
        assert session.rows(sql, expression.parameters) == [("UInt8",)]


def test_spellings_of_an_event_are_one_event(session: Session) -> None:
    spellings = [
        "Order Completed",
        "order_completed",
        "ORDER-COMPLETED",
        " order  completed ",
        "order_-completed",
    ]
    others = ["OrderCompleted", "Order Completed 2", "Order", ""]
    found = matched(session, {"event": "Order Completed"}, [{"event": each} for each in spellings + others])
    assert found == [True] * 5 + [False] * 4


def test_page_views_of_products_are_further_than_other_page_views(session: Session) -> None:
    paths = ["", "/", "/blog/product", "/product", "/products/shoe", "/pricing", "/checkout/pay"]
    workspace = store(session, [{"page_path": path} for path in paths])
    models = builtin_models()
    assert positions(session, models["acpl"], workspace) == [1, 1, 1, 2, 2, 2, 2]
    assert positions(session, models["aida"], workspace) == [1, 1, 1, 2, 2, 2, 3]
    assert positions(session, models["bda"], workspace) == [1, 1, 1, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"properties.x": 5}, ["5", "5.0"]),
        ({"properties.x": "5"}, ['"5"']),
        ({"properties.x": True}, ["true"]),
        ({"properties.x": [5, "5"]}, ["5", "5.0", '"5"']),
        ({"properties.x": {"ne": 5}}, ["6", "-1"]),
        ({"properties.x": {"not_in": ["5"]}}, ['"6"', '""']),
        ({"properties.x": {"gt": 4}}, ["5", "5.0", "6"]),
        ({"properties.x": {"gt": "4"}}, ['"5"', '"6"']),
        ({"properties.x": {"gte": 5, "lt": 6}}, ["5", "5.0"]),
        ({"properties.x": {"contains": "5"}}, ['"5"']),
        ({"properties.x": {"matches": "^[56]$"}}, ['"5"', '"6"']),
        ({"properties.x": {"exists": False}}, ["null"]),
        ({"properties.x.y": 1}, ['{"y":1}']),
    ],
    ids=str,
)
def test_a_property_keeps_its_json_type(session: Session, rule: object, holds: list[str]) -> None:
    values = ["5", "5.0", "6", "-1", '"5"', '"6"', '""', "true", "false", "null", "[5]", '{"y":1}']
    found = matched(session, rule, [{"properties": f'{{"x":{value}}}'} for value in values])
    assert [value for value, each in zip(values, found, strict=True) if each] == holds


@pytest.mark.parametrize(
    "test",
    [
        {"channel": {"ne": "email"}},
        {"channel": {"not_in": ["email", "store"]}},
        {"channel": "*"},
        {"channel": {"matches": "^$"}},
        {"channel": {"exists": True}},
        {"value": {"ne": 5}},
        {"value": {"lt": 5}},
        {"value": {"exists": True}},
        {"properties.x": {"ne": 5}},
        {"properties.x": {"lt": 5}},
        {"properties.x": {"matches": "^$"}},
        {"properties.x": {"exists": True}},
    ],
    ids=str,
)
def test_what_is_missing_fails_every_test_and_passes_its_negation(session: Session, test: object) -> None:
    assert matched(session, test, [{}]) == [False]
    assert matched(session, {"not": test}, [{}]) == [True]


def test_what_is_missing_does_not_exist(session: Session) -> None:
    absent = {field: {"exists": False} for field in ("channel", "value", "properties.x")}
    present = {"channel": "email", "value": 0.0, "properties": '{"x":0}'}
    found = matched(
        session, absent, [{}, {"properties": '{"x":null}'}, *({k: v} for k, v in present.items())]
    )
    assert found == [True, True, False, False, False]


def test_an_earlier_phase_wins_whatever_kind_of_rule_it_has(session: Session) -> None:
    text = "name: m\nconversion: a\nphases:\n"
    text += "- {name: a, rules: [{event: X}, {channel: email}]}\n"
    text += "- {name: b, rules: [{event: [X, Y]}]}\n"
    text += "- {name: c, rules: [{event: Z}, {channel: store}]}\n"
    text += "- {name: d, rules: [{event: [Y, Z, W]}]}\n"
    cases = {("X", ""): 1, ("Y", ""): 2, ("Z", ""): 3, ("W", ""): 4, ("V", ""): 0}
    cases |= {("X", "store"): 1, ("Y", "store"): 2, ("W", "store"): 3, ("W", "email"): 1, ("Y", "email"): 1}
    workspace = store(session, [{"event": event, "channel": channel} for event, channel in cases])
    assert positions(session, parse_model(text, "m"), workspace) == list(cases.values())


def test_a_rule_of_higher_priority_wins_over_phases_before_it(session: Session) -> None:
    text = "name: m\nconversion: a\nphases:\n"
    text += (
        "- {name: a, rules: [{event: [X, Y]}, {channel: email, priority: 2}, {event: '*', priority: -1}]}\n"
    )
    text += "- {name: b, rules: [{event: Y, priority: 1}, {channel: store, priority: 2}]}\n"
    text += "- {name: c, rules: [{event: [X, Z]}, {channel: [email, store], event: W, priority: 3}]}\n"
    cases = {("X", ""): 1, ("Y", ""): 2, ("Z", ""): 3, ("V", ""): 1, ("Y", "email"): 1, ("Z", "store"): 2}
    cases |= {("W", "email"): 3, ("W", ""): 1, ("W", "store"): 3}
    workspace = store(session, [{"event": event, "channel": channel} for event, channel in cases])
    assert positions(session, parse_model(text, "m"), workspace) == list(cases.values())


def test_a_goal_is_a_phase_or_rules_of_its_own(session: Session) -> None:
    text = "name: m\nconversion: a\nphases: [{name: a, rules: [{event: X}]}, {name: b, rules: [{event: [X, Y]}]}]\n"
    text += "goals: [{name: far, phase: b}, {name: big, rules: [{value: {gt: 5}}, {event: Z}]}]\n"
    model = parse_model(text, "m")
    workspace = store(session, [{"event": "X", "value": 6.0}, {"event": "Y"}, {"event": "Z"}])
    found = [evaluated(session, goal_expression(model, goal, "g"), workspace) for goal in model.goals]
    assert found == [[0, 1, 0], [1, 0, 1]]


def test_text_of_a_model_never_becomes_sql(session: Session) -> None:
    nasty = "'); DROP TABLE touchpoints; --{x:String} \\' \" %_ \n"
    expression = phase_expression(
        one_rule({"all": [{"channel": nasty}, {f"properties.{nasty}": nasty}]}), "m"
    )
    assert "DROP" not in expression.sql
    found = matched(
        session,
        {"any": [{"channel": nasty}, {f"properties.{nasty}": nasty}]},
        [{"channel": nasty}, {"properties": json.dumps({nasty: nasty})}, {}],
    )
    assert found == [True, True, False]


# Not shrunk, since each attempt asks an engine: the failure names the model and the touchpoints that differ.
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(model=models(), batch=st.lists(touchpoints, min_size=20, max_size=40))
def test_any_model_puts_any_touchpoint_where_the_reference_does(
    session: Session, model: PhaseModel, batch: list[dict[str, Any]]
) -> None:
    workspace = store(session, batch)
    found = positions(session, model, workspace)
    wanted = [position(model, each) for each in batch]
    wrong = [each for each in zip(batch, found, wanted, strict=True) if each[1] != each[2]]
    assert wrong == [], f"(touchpoint, SQL, reference) with\n{model.text}"
    for goal in model.goals:
        reached = evaluated(session, goal_expression(model, goal, "g"), workspace)
        assert reached == [meets(model, goal, each) for each in batch], f"{goal.name} of\n{model.text}"


def test_the_docs_name_the_models_there_are() -> None:
    assert tuple(builtin_models()) == MODELS

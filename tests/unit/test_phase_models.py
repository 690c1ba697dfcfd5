"""Reading phase models: what is taken, and how every problem is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etappe.errors import BadInput
from etappe.phases import PhaseModel, builtin_models, load_models, parse_model, phase_expression

GOOD = """\
name: shop
title: A shop
conversion: buy
phases:
  - name: look
    rules:
      - event: [Page Viewed, "Product *"]
  - name: buy
    rules:
      - event: Order Completed
        value: {gt: 0}
"""

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


def problems(text: str) -> list[tuple[str, object, str]]:
    with pytest.raises(BadInput) as caught:
        parse_model(text, "shop.yaml")
    return [(each.field, each.value, each.wanted) for each in caught.value.problems]


def rule(text: str) -> str:
    return f"name: m\nconversion: p\nphases:\n  - name: p\n    rules:\n      - {text}\n"


def test_a_model_keeps_its_phases_in_order_and_its_text() -> None:
    model = parse_model(GOOD, "shop.yaml")
    assert (model.name, model.title, model.conversion) == ("shop", "A shop", "buy")
    assert [phase.name for phase in model.phases] == ["look", "buy"]
    assert model.text == GOOD


def test_the_title_may_be_left_out() -> None:
    assert parse_model(GOOD.replace("title: A shop\n", ""), "shop.yaml").title == "shop"


def test_the_version_is_that_of_the_rules_not_of_their_spelling() -> None:
    model = parse_model(GOOD, "shop.yaml")
    respelled = GOOD.replace("A shop", "Shop").replace("Page Viewed", "page_viewed") + "# a comment\n"
    assert re.fullmatch("[0-9a-f]{12}", model.version)
    assert parse_model(respelled, "shop.yaml").version == model.version


@pytest.mark.parametrize(
    ("old", "new"), [("gt: 0", "gt: 1"), ("gt: 0", "gte: 0"), ("Order Completed", "Order Paid")]
)
def test_another_rule_is_another_version(old: str, new: str) -> None:
    changed = GOOD.replace(old, new)
    assert parse_model(changed, "shop.yaml").version != parse_model(GOOD, "shop.yaml").version


def test_every_problem_is_named_with_its_line_and_a_remedy() -> None:
    text = GOOD.replace("event: [Page", "evnt: [Page").replace("gt: 0", "gtt: 0").replace("n: buy", "n: bye")
    assert problems(text) == [
        ("shop.yaml line 7: phases[0].rules[0].evnt", "evnt", problems(text)[0][2]),
        ("shop.yaml line 11: phases[1].rules[0].value.gtt", "gtt", problems(text)[1][2]),
        ("shop.yaml line 3: conversion", "bye", problems(text)[2][2]),
    ]
    wanted = [each for _, _, each in problems(text)]
    assert wanted[0].startswith("event (did you mean that?)")
    assert wanted[1].startswith("gt (did you mean that?)")
    assert wanted[2].startswith("the phase that is the goal: buy (did you mean that?)")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "the file"),
        ("- a\n", "the file"),
        (GOOD.replace("name: shop", "name: Shop"), "name"),
        (GOOD.replace("name: shop", f"name: {'s' * 41}"), "name"),
        (GOOD.replace("name: shop\n", ""), "name"),
        (GOOD.replace("title: A shop", "title: [A]"), "title"),
        (GOOD.replace("conversion: buy\n", ""), "conversion"),
        (GOOD.replace("name: buy", "name: look").replace("n: buy", "n: look"), "phases[1].name"),
        (GOOD + "extra: 1\n", "extra"),
        (GOOD + "name: shop\n", "name"),
        ("name: m\nconversion: p\nphases: []\n", "phases"),
        ("name: m\nconversion: p\nphases: [{name: p, rules: []}]\n", "phases[0].rules"),
        ("name: m\nconversion: p\nphases: [{name: p}]\n", "phases[0].rules"),
        ("name: m\nconversion: p\nphases: [x]\n", "phases[0]"),
    ],
)
def test_a_broken_model_is_refused_at_the_field_that_is_wrong(text: str, field: str) -> None:
    assert field in [each.partition(": ")[2] for each, _, _ in problems(text)]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{}", ""),
        ("Page Viewed", ""),
        ("{event: no}", ".event"),
        ("{event: [A, 5]}", ".event[1]"),
        ("{event: []}", ".event"),
        ("{event: '_'}", ".event"),
        ("{event: {gt: A}}", ".event.gt"),
        ("{event: {}}", ".event"),
        ("{channel: ''}", ".channel"),
        ("{contact: humn}", ".contact"),
        ("{offline: 1}", ".offline"),
        ("{offline: {exists: true}}", ".offline.exists"),
        ("{value: '5'}", ".value"),
        ("{value: true}", ".value"),
        ("{value: .nan}", ".value"),
        ("{value: {gt: [5]}}", ".value.gt"),
        ("{properties.: 1}", ".properties."),
        ("{properties.a: null}", ".properties.a"),
        ("{properties.a: 2026-11-21}", ".properties.a"),
        ("{properties.a: {exists: 1}}", ".properties.a.exists"),
        ("{properties.a: {in: 1}}", ".properties.a.in"),
        ("{properties.a: {eq: [1]}}", ".properties.a.eq"),
        ("{properties.a: {gt: true}}", ".properties.a.gt"),
        ("{properties.a: {contains: 5}}", ".properties.a.contains"),
        ("{any: {event: A}}", ".any"),
        ("{all: []}", ".all"),
        ("{any: [{event: A}, {evnt: B}]}", ".any[1].evnt"),
        ("{not: [A]}", ".not"),
    ],
)
def test_a_broken_rule_is_refused_at_the_condition_that_is_wrong(text: str, field: str) -> None:
    assert [each for each, _, _ in problems(rule(text))] == [f"shop.yaml line 6: phases[0].rules[0]{field}"]


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "(?<!a)b", r"(a)\1", "a{2000}", "a" * 501, ""])
def test_a_pattern_that_re2_does_not_take_is_refused(pattern: str) -> None:
    [(field, value, wanted)] = problems(rule(f"{{page.path: {{matches: '{pattern}'}}}}"))
    assert field.endswith("page.path.matches")
    assert value == pattern
    assert "RE2" in wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name: [", "expected"),
        ("a: &x [1]\nb: *x\n", "alias"),
        ("a: " + "[" * 40 + "]" * 40, "nested"),
        ("!!python/object:os.system {}", "name"),
        ("a: !!python/name:os.system x", "constructor"),
        ('a: "\\ud800"', "surrogate"),
        ("a: 1\n---\nb: 2\n", "another document"),
        ("name: \x07", "special characters"),
        ("x" * 70_000, "at most 65536 bytes"),
    ],
)
def test_a_text_that_is_no_plain_yaml_is_refused(text: str, wanted: str) -> None:
    assert wanted in str(problems(text))


def test_more_conditions_than_fit_into_a_question_are_refused() -> None:
    many = ", ".join(["{channel: a}"] * 301)
    assert problems(rule(f"any: [{many}]")) == [
        ("shop.yaml line 3: phases", "301 conditions", "at most 300: list values instead of repeating")
    ]


def test_sixteen_phases_are_one_too_many() -> None:
    def text(count: int) -> str:
        phases = ", ".join(f"{{name: p{i}, rules: [{{event: e{i}}}]}}" for i in range(count))
        return f"name: m\nconversion: p0\nphases: [{phases}]\n"

    assert len(parse_model(text(15), "shop.yaml").phases) == 15
    assert problems(text(16))[0][1] == "16 phases"


def test_own_models_stand_beside_the_built_in_ones_and_replace_those_of_their_name(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD)
    (tmp_path / "mine.yaml").write_text(GOOD.replace("name: shop", "name: aida"))
    (tmp_path / "notes.txt").write_text("not a model")
    models = load_models(tmp_path)
    assert list(models) == ["acpl", "aida", "stdc", "aoea", "bda", "shop"]
    assert models["aida"].conversion == "buy"


def test_the_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text(GOOD.replace("phases", "fases"))
    (tmp_path / "d.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput) as caught:
        load_models(tmp_path)
    assert [each.field.partition(":")[0] for each in caught.value.problems] == [
        "b.yaml",
        "c.yaml line 4",
        "c.yaml line 1",
        "d.yaml",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="models_dir"):
        load_models(tmp_path / "nowhere")


def test_the_model_of_the_docs_is_read() -> None:
    [example] = re.findall(r"```yaml\n(name: rental.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert [phase.name for phase in parse_model(example, "rental.yaml").phases] == [
        "looking",
        "booking",
        "booked",
    ]


def test_the_rules_of_the_docs_are_read() -> None:
    [rules] = re.findall(r"```yaml\n(- event.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    text = "name: m\nconversion: p\nphases:\n- name: p\n  rules:\n" + re.sub("(?m)^", "  ", rules)
    assert len(parse_model(text, "docs").phases[0].rules) == 8


def test_the_priorities_and_goals_of_the_docs_are_read() -> None:
    [phases] = re.findall(r"```yaml\n(phases:\n  - name: looking\n    rules:\n      - event: Page Viewed\n.*?)```",
                          DOCS.read_text("utf-8"), re.DOTALL)  # fmt: skip
    [goals] = re.findall(r"```yaml\n(goals:.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    model = parse_model(f"name: m\nconversion: advised\n{goals}{phases}", "docs")
    assert [[rule.priority for rule in phase.rules] for phase in model.phases] == [[0, -1], [10]]
    assert [(goal.name, goal.phase, len(goal.rules)) for goal in model.goals] == [
        ("newsletter", "", 1), ("big_order", "", 1), ("advice", "advised", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: {gt: 0}", "value: {gt: 0}\n        priority: 1"),
        ("title: A shop", "goals: [{name: far, phase: buy}]"),
    ],
)
def test_priorities_and_goals_make_another_version(old: str, new: str) -> None:
    changed = parse_model(GOOD.replace(old, new), "shop.yaml")
    assert changed.version != parse_model(GOOD, "shop.yaml").version


@pytest.mark.parametrize(
    ("goals", "field", "wanted"),
    [
        ("[]", "goals", "1 to 20"),
        ("{name: x}", "goals", "1 to 20"),
        ("[{name: x}]", "goals[0]", "either rules or phase"),
        ("[{name: x, phase: buy, rules: [{event: A}]}]", "goals[0]", "either rules or phase"),
        ("[{name: x, phase: bye}]", "goals[0].phase", "buy (did you mean that?)"),
        ("[{name: X, phase: buy}]", "goals[0].name", "lower-case"),
        ("[{name: buy, phase: buy}]", "goals[0].name", "a phase has it"),
        ("[{name: x, phase: buy}, {name: x, phase: look}]", "goals[1].name", "another goal"),
        ("[{name: x, rules: [{evnt: A}]}]", "goals[0].rules[0].evnt", "event (did you mean that?)"),
        ("[{name: x, phase: buy, when: now}]", "goals[0].when", "one of name, phase, rules"),
    ],
)
def test_a_wrong_goal_is_named(goals: str, field: str, wanted: str) -> None:
    [(found, _, said)] = problems(GOOD.replace("title: A shop", f"goals: {goals}"))
    assert found == f"shop.yaml line 2: {field}"
    assert wanted in said


@pytest.mark.parametrize("value", ["high", "1.5", "101", "-101", "true", "[1]"])
def test_a_wrong_priority_is_named(value: str) -> None:
    [(field, _, wanted)] = problems(rule(f"{{event: A, priority: {value}}}"))
    assert field == "shop.yaml line 6: phases[0].rules[0].priority"
    assert "-100 to 100" in wanted


def test_a_priority_stands_beside_the_conditions_of_a_rule() -> None:
    [(field, _, wanted)] = problems(rule("{any: [{event: A, priority: 1}, {event: B}]}"))
    assert field == "shop.yaml line 6: phases[0].rules[0].any[0].priority"
    assert "beside" in wanted
    assert problems(rule("{priority: 1}"))[0][0] == "shop.yaml line 6: phases[0].rules[0]"


def test_the_usual_priority_need_not_be_said() -> None:
    said = GOOD.replace("value: {gt: 0}", "value: {gt: 0}\n        priority: 0")
    assert parse_model(said, "shop.yaml").version == parse_model(GOOD, "shop.yaml").version


def test_prefix_is_another_word_for_starts_with() -> None:
    versions = {
        parse_model(rule(f"{{page.path: {{{op}: /a}}}}"), "").version for op in ("prefix", "starts_with")
    }
    assert len(versions) == 1


def test_the_docs_describe_every_field_and_operator() -> None:
    from etappe.phases.fields import FIELDS  # noqa: PLC0415 - what the page is held to
    from etappe.phases.rules import _OPERATORS  # noqa: PLC0415

    page = DOCS.read_text("utf-8")
    words = {*FIELDS, *(name for names in _OPERATORS.values() for name in names)}
    assert [word for word in words if not re.search(rf"[` ]{re.escape(word)}[` ]", page)] == []


def test_rules_that_only_list_events_become_one_lookup() -> None:
    def model(rules: str) -> PhaseModel:
        text = (
            "name: m\nconversion: a\nphases:\n- {name: a, rules: [{event: A}]}\n- {name: b, rules: [" + rules
        )
        return parse_model(text + "]}\n", "m")

    plain = phase_expression(model("{event: [a, B]}, {event: C}"), "m")
    assert plain.parameters == {"m_1": ["a", "b", "c"], "m_2": [1, 2, 2]}
    assert plain.sql.count("transform(") == 1
    assert "multiIf" not in plain.sql


def test_two_models_can_share_a_question_since_their_parameters_differ() -> None:
    first, second = (phase_expression(builtin_models()["acpl"], prefix) for prefix in ("a", "b"))
    assert not first.parameters.keys() & second.parameters.keys()


def test_the_built_in_models_say_the_phases_of_the_design() -> None:
    assert {name: [phase.name for phase in model.phases] for name, model in builtin_models().items()} == {
        "acpl": ["awareness", "consideration", "purchase", "loyalty"],
        "aida": ["attention", "interest", "desire", "action"],
        "stdc": ["see", "think", "do", "care"],
        "aoea": ["awareness", "onboarding", "engagement", "advocacy"],
        "bda": ["before", "during", "after"],
    }

"""Commands that ask a service: whom they ask, and what they make of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.table import Table

from etappe.cli.app import load
from etappe.cli.demo import traveller
from etappe.cli.folder import DataFolder, Keys, NotRunning, Service
from etappe.cli.funnel import BY_VALUES, footer
from etappe.cli.funnel_table import funnel_table
from etappe.cli.journey import _timeline
from etappe.cli.show import bar, shorten, span, squeeze
from etappe.cli.steps import footer as steps_footer
from etappe.cli.steps import read_question
from etappe.cli.target import Refused, Target, answer_of, find_target
from etappe.cli.wrong_use import WrongUse
from etappe.demo.traffic import Plan, life_of
from query_api.funnel.question import COLUMNS, NAMED, PARAMETERS, SEGMENT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = DataFolder(tmp_path)
    data.announce(Service("http://127.0.0.1:1", "http://127.0.0.1:2", 3))
    data.write_keys(Keys("default", "wk", "sk", "rk", "ak"))
    return tmp_path


def test_addresses_and_keys_come_from_the_data_folder(folder: Path) -> None:
    assert find_target("query", "read_token", data_dir=folder) == Target("http://127.0.0.1:2", "rk")
    assert find_target("collector", "secret_key", data_dir=folder) == Target("http://127.0.0.1:1", "sk")


def test_what_is_given_wins_and_the_folder_fills_the_gaps(folder: Path) -> None:
    assert find_target("query", "read_token", data_dir=folder, url="http://x/") == Target("http://x", "rk")
    assert find_target("query", "read_token", data_dir=folder, key="t") == Target("http://127.0.0.1:2", "t")


def test_a_service_elsewhere_needs_no_folder(tmp_path: Path) -> None:
    target = find_target("query", "read_token", data_dir=tmp_path / "none", url="http://x", key="t")
    assert target == Target("http://x", "t")


def test_nothing_there_says_how_to_start_it(folder: Path) -> None:
    with pytest.raises(NotRunning, match="start it with `etappe up`"):
        find_target("query", "read_token", data_dir=folder).get("/v1/funnel")


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(Refused, match="nonsense"):
        Target("nonsense", "t").get("/v1/funnel")


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (401, "{}", "The key is not good for this"),
        (403, "{}", "give another --token"),
        (
            422,
            json.dumps({"error": "The question needs more time than its limit allows.", "problems": []}),
            "422: The question needs more time",
        ),
        (404, json.dumps({"detail": "Not Found"}), "404: Not Found"),
        (502, "<html>", "502: it gave no reason"),
        (200, "[1]", "200: it gave no reason"),
    ],
)
def test_a_refusal_is_passed_on_in_words(status: int, content: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        answer_of(httpx.Response(status, text=content))


def test_a_question_that_the_service_does_not_understand_is_wrong_use_one_problem_a_line() -> None:
    problems = [
        {"field": "model", "value": "x", "wanted": "acpl"},
        {"field": "by", "value": "y", "wanted": "channel"},
    ]
    with pytest.raises(WrongUse) as caught:
        answer_of(httpx.Response(422, text=json.dumps({"error": "all of it", "problems": problems})))
    assert str(caught.value).splitlines() == ["model is 'x', wanted acpl", "by is 'y', wanted channel"]


def test_a_bar_is_drawn_to_the_eighth() -> None:
    assert [bar(share, 4) for share in (0, 0.5, 1 / 32, 1, 2)] == ["    ", "██  ", "▏   ", "████", "████"]


def test_durations_are_said_in_the_unit_that_fits() -> None:
    assert [span(each) for each in (None, 5, 90, 5400, 129600)] == ["", "5 s", "1.5 min", "1.5 h", "1.5 d"]


def row(group: str | None, phase: str, count: int) -> dict[str, Any]:
    return {
        "group": group, "phase": phase, "count": count, "rate": count / 4, "step_rate": count / 4,
        "dropped": 0, "median_seconds": None,
    }  # fmt: skip


def drawn(rows: list[dict[str, Any]], width: int = 100) -> list[str]:
    return printed(funnel_table(rows, width), width)


def printed(table: Table, width: int) -> list[str]:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_funnel_names_each_group_once() -> None:
    lines = drawn([row("email", "awareness", 4), row("email", "purchase", 1), row(None, "awareness", 2)])
    assert [line.split()[0] for line in lines[1:]] == ["email", "purchase", "(none)"]
    assert "████████" in lines[1]
    assert lines[2].split()[-4:] == ["1", "25.0%", "25.0%", "0"]


def test_a_funnel_without_groups_has_no_column_for_them() -> None:
    assert drawn([row(None, "awareness", 4)])[0].split()[:2] == ["phase", "count"]


@pytest.mark.parametrize("width", [80, 100])
def test_no_row_of_a_funnel_is_wrapped(width: int) -> None:
    large = {"count": 1_234_567, "dropped": 123_456, "rate": 1.0, "step_rate": 1.0, "median_seconds": 755.0}
    rows = [
        row(group, phase, 1) | large | {"period": period}
        for group in ("newsletter of the spring campaign", None)
        for period in ("2026-01-01", "2026-02-01")
        for phase in ("awareness", "consideration")
    ]
    lines = drawn(rows, width)
    assert len(lines) == 1 + len(rows)
    assert max(map(len, lines)) <= width
    assert sum("considera" in line for line in lines) == 4
    assert sum("12.6 min" in line for line in lines) == len(rows)


def test_a_funnel_by_interval_has_all_groups_of_a_period_together() -> None:
    rows = [
        row(group, "awareness", 1) | {"period": period}
        for group in ("email", "social")
        for period in ("2026-01-01", "2026-02-01")
    ]
    assert [line.split()[:2] for line in drawn(rows)[1:]] == [
        ["2026-01-01", "email"],
        ["social", "awareness"],
        ["2026-02-01", "email"],
        ["social", "awareness"],
    ]


def meta(**given: Any) -> dict[str, Any]:
    excluded = {"unmapped": 0, "bot_touchpoints": 0}
    return {"order": "reached", "unit": "customer", "watermark": {}, "excluded": excluded} | given


def test_a_funnel_says_what_was_left_out() -> None:
    excluded = {"unmapped": 1_200, "bot_touchpoints": 3, "without_account": 0}
    lines = list(footer([row(None, "awareness", 4)], meta(excluded=excluded)))
    assert lines[-1] == "left out: 1,200 in no phase of this model, 3 touchpoints of bots"


def test_a_funnel_of_accounts_says_why_it_is_empty() -> None:
    excluded = {"without_account": 5}
    lines = list(footer([row(None, "awareness", 0)], meta(unit="account", excluded=excluded)))
    assert "No customer in this range has an account" in lines[-1]


def test_touched_says_whose_share_of_first_is() -> None:
    said = [list(footer([row(None, "a", 1)], meta(order=order)))[-1] for order in ("touched", "reached")]
    assert ["of first" in each for each in said] == [True, False]


def test_the_help_lists_every_value_of_by() -> None:
    named = [f"{each}:NAME" for each in NAMED]
    assert sorted(BY_VALUES.replace(" or ", ", ").split(", ")) == sorted([*COLUMNS, SEGMENT, *named])


def test_every_parameter_of_the_call_is_an_option() -> None:
    """But those that say how an answer is sent: a table has one format, and waits for nothing."""
    options = {each.opts[0].removeprefix("--").replace("-", "_") for each in load("funnel").params}
    assert {each.name for each in PARAMETERS} - options == {"format", "after", "timeout"}


def test_what_was_asked_for_arrives_as_the_call_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Target, "get", lambda *given: asked.append(given[2]) or {"rows": [], "meta": meta()})
    options = [
        *("--where", "channel:eq:email", "--where", "segment:ne:new", "--basis", "within"),
        "--entries",
    ]
    target = ["--url", "http://x", "--token", "t", "--json"]
    load("funnel").main([*options, "--percentiles", "10,90", *target], standalone_mode=False)
    given = {name: value for name, value in asked[0].items() if value is not None}
    assert given == {
        "model": "acpl", "where": ["channel:eq:email", "segment:ne:new"], "basis": "within", "entries": "true",
        "percentiles": "10,90",
    }  # fmt: skip


def test_a_funnel_shows_percentiles_and_entries_where_there_are_some() -> None:
    rows = [row(None, "awareness", 4) | {"p10_seconds": None, "p90_seconds": 120.0, "entered": 3}]
    head, line = drawn(rows)
    assert head.split()[-4:] == ["entered", "median", "p10", "p90"]
    assert line.split()[-3:] == ["3", "2.0", "min"]


def test_steps_are_drawn_as_phases_are() -> None:
    rows = [
        {"group": None, "step": name, "count": count, "rate": count / 4, "step_rate": count / 4,
         "average_seconds": None, "median_seconds": 60.0}
        for name, count in (("Basket Filled", 4), ("Order Completed", 1))
    ]  # fmt: skip
    head, *lines = drawn(rows)
    assert head.split() == ["step", "count", "of", "first", "of", "prev.", "median"]
    assert [line[:15].strip() for line in lines] == ["Basket Filled", "Order Completed"]
    assert lines[1].endswith("25.0%  1.0 min")


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff"])
def test_a_question_that_is_none_is_wrong_use(content: bytes) -> None:
    with pytest.raises(WrongUse, match=r"^FILE is"):
        read_question(content)


def test_a_question_about_steps_says_its_rules_and_what_was_left_out() -> None:
    told = meta(unit="customer", window_ms=5, by="channel", touch="last", excluded={"void": 2})
    assert list(steps_footer(told)) == [
        "order=reached  unit=customer  window_ms=5  by=channel  touch=last", "left out: 2 because of an exclusion",
    ]  # fmt: skip


def seen(identifier: str) -> dict[str, Any]:
    return {
        "at": "2026-11-21T20:27:01.706Z", "event": "Application Submitted", "channel": "organic_search",
        "phases": {"acpl": "consideration"}, "identifier": identifier, "journey": 1,
    }  # fmt: skip


@pytest.mark.parametrize("width", [80, 100])
def test_a_journey_is_not_wrapped_and_tells_devices_apart(width: int) -> None:
    devices = [f"anonymous_id:demo-7-90-000011-device-{number}" for number in (1, 2)]
    lines = printed(_timeline([seen(each) for each in devices], "acpl", width), width)
    assert len(lines) == 3
    assert lines[0].startswith("at (UTC)")
    assert [line.endswith(f"-device-{number}") for number, line in enumerate(lines[1:], 1)] == [True, True]


def test_texts_are_cut_where_they_stay_apart() -> None:
    assert set(shorten({"a" * 20 + "1", "a" * 20 + "2"}, 8).values()) == {"aa…aaaa1", "aa…aaaa2"}
    assert len(set(shorten({"a1" + "b" * 20, "a2" + "b" * 20, "short"}, 5).values())) == 3


def test_the_widest_column_gives_way_first_and_none_below_its_least() -> None:
    assert squeeze([10, 30, 5], [10, 4, 5], 25) == [10, 10, 5]
    assert squeeze([10, 30], [10, 20], 25) == [10, 20]


def test_the_demo_names_somebody_with_several_devices() -> None:
    plan = Plan(customers=300, days=90, seed=7, end=1_795_219_200_000)
    person = traveller(plan)
    assert person is not None
    life = life_of(plan, int(person.rpartition("-")[2]))
    alone = {each["identifiers"].get("anonymous_id") for each in life if "user_id" not in each["identifiers"]}
    assert len(alone - {None}) > 1


def test_a_demo_without_such_a_person_names_nobody() -> None:
    assert traveller(Plan(customers=1, days=90, seed=7, end=1_795_219_200_000)) is None

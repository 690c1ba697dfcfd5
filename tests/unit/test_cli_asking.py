"""Commands that ask a service: whom they ask, and what they make of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from etappe.cli.folder import DataFolder, Keys, NotRunning, Service
from etappe.cli.funnel import _table
from etappe.cli.show import bar, span
from etappe.cli.target import Refused, Target, answer_of, find_target
from etappe.cli.wrong_use import WrongUse


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


def test_a_question_that_the_service_does_not_understand_is_wrong_use() -> None:
    problem = {"field": "model", "value": "x", "wanted": "acpl"}
    said = json.dumps({"error": "model: 'x' (wanted acpl)", "problems": [problem]})
    with pytest.raises(WrongUse, match=r"422: model: 'x' .wanted acpl"):
        answer_of(httpx.Response(422, text=said))


def test_a_bar_is_drawn_to_the_eighth() -> None:
    assert [bar(share, 4) for share in (0, 0.5, 1 / 32, 1, 2)] == ["    ", "██  ", "▏   ", "████", "████"]


def test_durations_are_said_in_the_unit_that_fits() -> None:
    assert [span(each) for each in (None, 5, 90, 5400, 129600)] == ["", "5 s", "1.5 min", "1.5 h", "1.5 d"]


def row(group: str | None, phase: str, count: int) -> dict[str, Any]:
    return {
        "group": group, "phase": phase, "count": count, "rate": count / 4, "step_rate": count / 4,
        "dropped": 0, "median_seconds": None,
    }  # fmt: skip


def drawn(rows: list[dict[str, Any]]) -> list[str]:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(_table(rows, 80))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_funnel_names_each_group_once() -> None:
    lines = drawn([row("email", "awareness", 4), row("email", "purchase", 1), row(None, "awareness", 2)])
    assert [line.split()[0] for line in lines[1:]] == ["email", "purchase", "(none)"]
    assert "████████" in lines[1]
    assert lines[2].split()[-4:] == ["1", "25.0%", "25.0%", "0"]


def test_a_funnel_without_groups_has_no_column_for_them() -> None:
    assert drawn([row(None, "awareness", 4)])[0].split()[:2] == ["phase", "count"]

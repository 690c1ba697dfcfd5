"""The table of `make torture`, and that a fault which fails stands in it and stops no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from torture import run
from torture.__main__ import main
from torture.campaigns import Campaign, campaigns
from torture.faults import Fault, Field
from torture.load import Sent
from torture.reckoning import Reckoning
from torture.run import Outcome, run_campaign, too_large
from torture.table import BEGIN, END, Results, line, write_table


class Nowhere:
    """An installation that is none."""

    name = "none"
    face = SimpleNamespace(collector="", query="")
    keys: Mapping[str, str] = {"secret_key": ""}
    processes: Mapping[str, int] = {}

    def wait_until_ready(self) -> None: ...

    def end(self) -> None: ...


class Silent:
    """A load that sends nothing, and a reader that finds just that."""

    def __init__(self, *_: Any) -> None:
        self.sent = Sent({"a": 0})
        self.position = ""
        self.accepted = 0

    def start(self) -> None: ...

    def stop(self, patience: float) -> None: ...

    def close(self) -> None: ...

    def reckon(self, sent: Sent) -> Reckoning:
        return Reckoning(len(sent.ids), 0, 0, len(sent.ids), [])


def well(_: Field, __: Random) -> None: ...


def badly(_: Field, __: Random) -> None:
    raise AssertionError("took\ntoo long")


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Load", Silent)
    monkeypatch.setattr(run, "Reader", Silent)
    monkeypatch.setattr("torture.run.time.sleep", lambda _: None)


def test_a_fault_that_fails_is_in_the_table_and_the_others_go_on() -> None:
    faults = [Fault("good", well, 3, 3), Fault("bad", badly, 3, 3), Fault("fine", well, 3, 3)]
    made: list[Nowhere] = []

    def make() -> Any:
        made.append(Nowhere())
        return made[-1]

    make.name = "none"  # type: ignore[attr-defined]
    outcomes = run_campaign(Campaign("c", make, faults), faults, 1, 7, short=True, tell=lambda _: None)
    by_name = {each.fault: each for each in outcomes}
    assert (by_name["good"].rounds, by_name["fine"].rounds) == (3, 3)
    assert by_name["bad"].rounds == 0
    assert by_name["bad"].wrong == ["AssertionError: took too long"]
    assert [each.is_right for each in (by_name["good"], by_name["bad"], by_name["fine"])] == [
        True,
        False,
        True,
    ]
    assert len(made) == 2


def test_an_installation_that_does_not_start_is_in_the_table() -> None:
    def make() -> Any:
        raise RuntimeError("no room")

    make.name = "none"  # type: ignore[attr-defined]
    fault = Fault("good", well, 1, 1)
    (outcome,) = run_campaign(Campaign("c", make, [fault]), [fault], 1, 7, short=True, tell=lambda _: None)
    assert not outcome.is_right
    assert outcome.wrong == ["RuntimeError: no room"]


def test_rows_are_kept_and_the_latest_of_a_fault_counts(tmp_path: Path) -> None:
    path = tmp_path / "build" / "rows.jsonl"
    results = Results(path, "the whole", forget=True)
    results.add([Outcome("kill", "SQLite", wrong=["x"]), Outcome("kill", "Kafka", 1)])
    full = Outcome("kill", "SQLite", 50, 1_000_000, wanted=50, recoveries=[1.0, 2.0, 9.0])
    results.add([replace(full, memory={"core": 400}, calm=(4_400, 2.0))])
    Results(path, "the short form", forget=False).add([Outcome("kill", "SQLite", 1)])
    kept = Results(path, "the whole", forget=False)
    again = kept.rows
    assert kept.dates == f"{datetime.now(UTC):%Y-%m-%d}"
    assert [(each.installation, each.rounds, each.is_right) for each in again] == [
        ("SQLite", 50, True),
        ("Kafka", 1, True),
    ]
    assert (
        line(again[0])
        == "| kill | SQLite | 50 | 1,000,000 | 2,200 | 0 | 0 | 0 | 0 | 2.0 s | 9.0 s | core 400 |  |"
    )
    assert line(Outcome("kill", "SQLite", wrong=["late"])).endswith("|  |  |  | late |")


def test_fewer_rounds_than_asked_for_or_too_much_memory_are_wrong() -> None:
    assert Outcome("kill", "SQLite", 50, wanted=50).is_right
    assert not Outcome("kill", "SQLite", 49, wanted=50).is_right
    assert too_large({"collector": 299, "broker": 9_000}) == []
    assert too_large({"collector": 301}) == ["collector took 301 MB, more than 300"]


def test_a_fault_that_takes_longer_than_it_may_is_wrong() -> None:
    def late(place: Field, _: Random) -> None:
        place.note(31)

    fault = Fault("late", late, 1, 1, limit=30)
    (outcome,) = run_campaign(Campaign("c", Nowhere, [fault]), [fault], 1, 7, short=True, tell=lambda _: None)
    assert outcome.wrong == ["took 31 s, more than 30"]


def test_the_table_goes_into_its_place_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table(page, "2026-11-22, the whole.", [Outcome("kill", "SQLite", 50)])
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n2026-11-22, the whole.\n\n| fault |")
    assert text.endswith(f"| kill | SQLite | 50 | 0 | 0 | 0 | 0 | 0 | 0 |  |  |  |  |\n{END}\nafter\n")
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"page\.md has no"):
        write_table(page, "", [])


def test_the_documentation_has_a_place_for_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    assert page.index(BEGIN) < page.index(END)


def test_parts_can_be_asked_for_and_what_is_shown_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def carried_out(campaign: Campaign, faults: list[Fault], *_: Any, **__: Any) -> list[Outcome]:
        done.extend(each.name for each in faults)
        return [Outcome(each.name, campaign.installation, 1) for each in faults]

    monkeypatch.setattr("torture.__main__.run_campaign", carried_out)
    rows = ["--results", str(tmp_path / "rows.jsonl")]
    assert main(["--only", "kill -9 of the core", "--only", "SIGTERM and", *rows]) == 0
    assert done == ["kill -9 of the core", "SIGTERM and a new start"]
    assert main(["--only", "killed, SQLite", "--go-on", *rows]) == 0
    assert done[2:] == ["kill -9 of the collector", "kill -9 of the supervisor"]


def test_no_two_faults_of_one_installation_have_one_name() -> None:
    names = [(each.name, campaign.installation) for campaign in campaigns() for each in campaign.faults]
    assert len(names) == len(set(names))

"""The mappings of docs/examples/offline, run on their files: one journey of all kinds, and one import taken back."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from running import Etappe

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "offline"
FILES = {
    "visits.csv": (3, 1),
    "calls.jsonl": (2, 0),
    "letters.csv": (2, 0),
    "meetings.parquet": (3, 0),
    "surveys.csv": (2, 1),
    "returns.csv": (2, 0),
}
"""File → rows accepted and refused."""


def run(etappe: Etappe, file: str, *more: str) -> dict[str, Any]:
    path = EXAMPLE / file
    done = etappe.command("import", str(path), "--map", str(path.with_suffix(".yaml")), "--json", *more)
    assert "Traceback" not in done.stderr
    (report,) = json.loads(done.stdout)
    assert done.returncode == int(report["refused"] > 0)
    return dict(report)


@pytest.fixture(scope="module")
def imported(etappe_up: Etappe) -> dict[str, dict[str, Any]]:
    return {file: run(etappe_up, file) for file in FILES}


def journey(etappe: Etappe, identifier: str) -> list[dict[str, Any]]:
    customer = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]["customer"]
    rows: list[dict[str, Any]] = etappe.ask(f"/v1/customers/{customer}/journey")["rows"]
    return rows


@pytest.mark.parametrize("file", FILES)
def test_every_file_comes_in_as_its_page_says(imported: dict[str, dict[str, Any]], file: str) -> None:
    assert (imported[file]["accepted"], imported[file]["refused"]) == FILES[file]


def test_one_customer_has_a_journey_of_all_kinds(
    etappe_up: Etappe, imported: dict[str, dict[str, Any]]
) -> None:
    rows = journey(etappe_up, "crm_id:k-17")
    found = [(r["at"], r["event"], r["channel"], r["contact"], r["value"], r["sentiment"]) for r in rows]
    assert found == [
        ("2026-01-04T23:00:00.000Z", "Letter Sent", "mail", "static", None, None),
        ("2026-01-12T09:15:00.000Z", "Store Visited", "store", "human", None, None),
        ("2026-01-12T10:00:00.000Z", "Call Received", "call", "human", None, 0.8),
        ("2026-01-16T13:00:00.000Z", "Offer Made", "event", "human", 1200.0, None),
        ("2026-01-19T08:30:00.000Z", "Contract Signed", "event", "human", 1150.5, None),
        ("2026-01-20T07:12:00.000Z", "Survey Answered", "email", "interactive", None, 0.8),
        ("2026-01-21T23:00:00.000Z", "Order Returned", "store", "human", -1129.5, None),
    ]
    assert rows[5]["properties"] == {"question": "recommend", "score": 9}
    assert [r["offline"] for r in rows] == [True] * 5 + [False, True]


def test_what_each_source_knows_of_a_customer_is_one_customer(
    etappe_up: Etappe, imported: dict[str, dict[str, Any]]
) -> None:
    assert journey(etappe_up, "email:anna@example.ch") == journey(etappe_up, "phone:+41446681800")


def test_nothing_is_sent_by_a_dry_run(etappe_up: Etappe, tmp_path: Path) -> None:
    for name in ("visits.csv", "visits.yaml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    done = etappe_up.command(
        "import", str(tmp_path / "visits.csv"), "--map", str(tmp_path / "visits.yaml"), "--dry-run", "--json"
    )
    (preview,) = json.loads(done.stdout)
    assert (preview["touchpoints"], preview["refused"]) == (3, 1)
    assert not list((etappe_up.folder / "imports").glob(f"{tmp_path.name}*"))


def test_one_import_taken_back_leaves_the_others(
    etappe_up: Etappe, imported: dict[str, dict[str, Any]]
) -> None:
    done = etappe_up.command("import", "--undo", imported["calls.jsonl"]["import"], "--yes")
    assert done.returncode == 0, done.stderr
    events = [row["event"] for row in journey(etappe_up, "crm_id:k-17")]
    assert "Call Received" not in events
    assert len(events) == 6
    run(etappe_up, "calls.jsonl")
    assert "Call Received" in [row["event"] for row in journey(etappe_up, "crm_id:k-17")]


def test_the_page_names_every_file_there_is() -> None:
    named = set(re.findall(r"`(\w+\.(?:csv|jsonl|parquet))`", (EXAMPLE / "README.md").read_text()))
    there = {path.name for path in EXAMPLE.iterdir() if path.suffix not in (".yaml", ".md")}
    assert named == there == set(FILES)

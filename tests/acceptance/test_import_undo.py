"""An import from outside: named, listed, taken back as a whole, and brought in again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from running import Etappe, clean_environment, wait_until

MAPPING = """
name: visits
event: Store Visited
id: "visit-{visit}"
at: {column: day, format: "%d.%m.%Y", time_zone: Europe/Zurich}
identifiers: {crm_id: "{customer}", email: "{mail}"}
contact: human
"""


def visits(folder: Path, name: str, count: int) -> list[str]:
    """Arguments of an import of `count` visits; each customer comes with an e-mail address."""
    file, mapping = folder / f"{name}.csv", folder / "visits.yaml"
    rows = (f"{name}{i};{name}c{i};{name}{i}@example.ch;02.02.2026" for i in range(count))
    file.write_text("\n".join(["visit;customer;mail;day", *rows]) + "\n")
    mapping.write_text(MAPPING)
    return ["import", str(file), "--map", str(mapping), "--json"]


def counts(etappe: Etappe) -> dict[str, int]:
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 60)
    row: dict[str, int] = etappe.ask("/v1/freshness")["rows"][0]
    assert row["accepted"] == row["stored"] + row["duplicates"] + row["rejected"] + row["erased"]
    return row


def listed(etappe: Etappe, import_id: str) -> dict[str, object]:
    answer = json.loads(etappe.command("import", "--list", "--json").stdout)
    (row,) = [each for each in answer["rows"] if each["id"] == import_id]
    return dict(row)


def test_an_import_killed_and_finished_is_one_import_and_can_be_undone(
    etappe_up: Etappe, tmp_path: Path
) -> None:
    before = counts(etappe_up)
    live = {
        "id": "k-live",
        "event": "Page Viewed",
        "identifiers": {"email": "k7@example.ch", "anonymous_id": "k-a"},
    }
    etappe_up.send([live])
    arguments = visits(tmp_path, "k", 12_000)
    first = subprocess.Popen(
        [sys.executable, "-m", "etappe", *arguments, "--data-dir", str(etappe_up.folder)],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    states = etappe_up.folder / "imports"
    wait_until(lambda: any(states.glob("k.csv-*.json")) or first.poll() is not None, 60)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL

    (report,) = json.loads(etappe_up.command(*arguments).stdout)
    assert 0 < report["resumed_after"] < 12_000
    import_id = report["import"]
    assert (listed(etappe_up, import_id)["state"], listed(etappe_up, import_id)["touchpoints"]) == (
        "stored",
        12_000,
    )
    person = etappe_up.ask("/v1/customers", identifier="anonymous_id:k-a")["rows"][0]
    assert person["touchpoints"] == 2

    done = etappe_up.command("import", "--undo", import_id, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["state"], row["touchpoints"], row["undone"], row["concerned"]) == ("undone", 0, 12_000, 0)
    after = counts(etappe_up)
    assert after["stored"] - before["stored"] == 1
    assert after["erased"] - before["erased"] >= 12_000  # and what the resumed run had sent a second time
    person = etappe_up.ask("/v1/customers", identifier="anonymous_id:k-a")["rows"][0]
    assert person["touchpoints"] == 1
    assert {each.partition(":")[0] for each in person["identifiers"]} == {"email", "anonymous_id"}

    (again,) = json.loads(etappe_up.command(*arguments).stdout)
    assert (again["import"], again["accepted"]) == (f"{import_id}-2", 12_000)
    assert counts(etappe_up)["stored"] - before["stored"] == 12_001
    person = etappe_up.ask("/v1/customers", identifier="anonymous_id:k-a")["rows"][0]
    assert person["touchpoints"] == 2


def test_undo_asks_first_and_does_nothing_without_a_yes(etappe_up: Etappe, tmp_path: Path) -> None:
    (report,) = json.loads(etappe_up.command(*visits(tmp_path, "q", 3)).stdout)
    done = etappe_up.command("import", "--undo", report["import"])
    assert done.returncode == 1
    assert f"Take back everything that import {report['import']} brought?" in done.stderr
    assert listed(etappe_up, report["import"])["state"] == "stored"


def test_an_unknown_import_cannot_be_undone(etappe_up: Etappe) -> None:
    counts(etappe_up)
    done = etappe_up.command("import", "--undo", "nobody-knows", "--yes")
    assert done.returncode == 1
    assert "There is no import nobody-knows" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("path", "key", "status"), [("x/undo", "read_token", 403), ("a.b/undo", "admin_token", 422)]
)
def test_who_may_not_or_asks_wrongly_is_told(etappe_up: Etappe, path: str, key: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {etappe_up.keys[key]}"}
    assert httpx.post(f"{etappe_up.query}/v1/imports/{path}", headers=headers).status_code == status


def test_the_command_does_one_thing_at_a_time(etappe_up: Etappe, tmp_path: Path) -> None:
    for arguments in (["import"], [*visits(tmp_path, "z", 1), "--list"], ["import", "--list", "--undo", "x"]):
        done = etappe_up.command(*arguments)
        assert done.returncode == 2
        assert "wanted files to import, or --undo ID, or --list: one of them" in done.stderr


def test_an_import_is_named_in_the_report(etappe_up: Etappe, tmp_path: Path) -> None:
    arguments = visits(tmp_path, "n", 2)[:-1]
    done = etappe_up.command(*arguments)
    assert "`etappe import --undo n-" in done.stdout

"""`etappe import` from outside: dry, killed in the middle, with bad rows, and without a mapping."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from running import Etappe, clean_environment, wait_until

MAPPING = """
name: shop
event: Order Paid
id: "order-{order}"
at: {column: day, format: "%d.%m.%Y", time_zone: Europe/Zurich}
identifiers: {user_id: "{customer}"}
value: {column: total, decimal: ","}
currency: CHF
"""


def orders(folder: Path, count: int, *more: str) -> Path:
    path = folder / "orders.csv"
    rows = (f"{i};c{i};02.02.2026;{i},50" for i in range(count))
    path.write_text("\n".join(["order;customer;day;total", *rows, *more]) + "\n")
    return path


def mapping(folder: Path, text: str = MAPPING) -> Path:
    path = folder / "orders.yaml"
    path.write_text(text)
    return path


def stored(etappe: Etappe) -> int:
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 30)
    return int(etappe.ask("/v1/freshness")["rows"][0]["stored"])


def test_a_dry_run_shows_touchpoints_and_sends_nothing(etappe_up: Etappe, tmp_path: Path) -> None:
    before = stored(etappe_up)
    done = etappe_up.command(
        "import", str(orders(tmp_path, 5)), "--map", str(mapping(tmp_path)), "--dry-run", "--json"
    )

    (preview,) = json.loads(done.stdout)
    assert (preview["rows"], preview["touchpoints"]) == (5, 5)
    assert preview["first"][1] == {
        "event": "Order Paid",
        "id": "order-1",
        "at": "2026-02-01T23:00:00.000Z",
        "identifiers": {"user_id": "c1"},
        "value": 1.5,
        "currency": "CHF",
    }
    assert stored(etappe_up) == before


def test_an_import_killed_in_the_middle_is_finished_by_the_next_one(
    etappe_up: Etappe, tmp_path: Path
) -> None:
    before = stored(etappe_up)
    arguments = ["import", str(orders(tmp_path, 20_000)), "--map", str(mapping(tmp_path)), "--json"]
    states = etappe_up.folder / "imports"
    first = subprocess.Popen(
        [sys.executable, "-m", "etappe", *arguments, "--data-dir", str(etappe_up.folder)],
        env=clean_environment(),
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any(states.glob("orders.csv-*.json")) or first.poll() is not None, 60)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL

    (report,) = json.loads(etappe_up.command(*arguments).stdout)

    assert 0 < report["resumed_after"] < 20_000
    assert (report["rows"], report["accepted"], report["refused"]) == (20_000, 20_000, 0)
    assert stored(etappe_up) - before == 20_000


def test_bad_rows_are_reported_and_the_others_are_in(etappe_up: Etappe, tmp_path: Path) -> None:
    file = orders(tmp_path, 0, "a1;c1;02.02.2026;1,50", "a2;;02.02.2026;1,50", "a3;c3;soon;1,50", "a4;c4")
    done = etappe_up.command("import", str(file), "--map", str(mapping(tmp_path)))

    assert done.returncode == 1
    assert "line 3: missing_identifier: column customer" in done.stdout
    assert "line 4: bad_value: column day: 'soon', wanted a time like %d.%m.%Y" in done.stdout
    assert "line 5: unreadable_row" in done.stdout
    assert etappe_up.ask("/v1/customers", identifier="user_id:c1")["rows"][0]["value"] is not None


def test_what_the_collector_refuses_is_reported_with_its_line(etappe_up: Etappe, tmp_path: Path) -> None:
    file = orders(tmp_path, 1, "f1;c1;02.02.2199;1,50")
    done = etappe_up.command("import", str(file), "--map", str(mapping(tmp_path)))

    assert done.returncode == 1
    assert "line 3: in_future" in done.stdout


def test_a_mapping_that_does_not_fit_the_file_is_refused_before_anything_is_sent(
    etappe_up: Etappe, tmp_path: Path
) -> None:
    before = stored(etappe_up)
    wrong = mapping(tmp_path, MAPPING.replace("{order}", "{ordre}"))
    done = etappe_up.command("import", str(orders(tmp_path, 3)), "--map", str(wrong))

    assert done.returncode == 1
    assert "line 4: id is 'ordre', wanted order (did you mean that?), or one of the file's " in done.stderr
    assert "Traceback" not in done.stderr
    assert stored(etappe_up) == before


def test_a_json_lines_file_of_touchpoints_needs_no_mapping(etappe_up: Etappe, tmp_path: Path) -> None:
    file = tmp_path / "touchpoints.jsonl"
    event = {"event": "Deal Won", "identifiers": {"crm_id": "k1"}, "properties": {"a": {"b": 1}}}
    file.write_text(json.dumps(event) + "\n")
    done = etappe_up.command("import", str(file))

    assert done.returncode == 0, done.stderr
    customer = etappe_up.ask("/v1/customers", identifier="crm_id:k1")["rows"][0]["customer"]
    journey = etappe_up.ask(f"/v1/customers/{customer}/journey")["rows"]
    assert [(each["event"], each["properties"]) for each in journey] == [("Deal Won", {"a": {"b": 1}})]

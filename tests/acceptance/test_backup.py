"""A backup taken while everything runs, restored into an empty folder, answers the same and goes on from there."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Etappe, etappe
from script import chunks
from torture.load import Load, device_of

QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "strict", "unit": "journey"},
    {"by": "channel"},
    {"model": "bda"},
)


def answers(service: Etappe) -> list[Any]:
    rows = [service.ask("/v1/funnel", **question)["rows"] for question in QUESTIONS]
    people = [
        service.ask("/v1/customers", identifier=f"anonymous_id:laptop-{n}")["rows"] for n in range(0, 40, 7)
    ]
    return [*rows, *people]


def restored(backup: Path, folder: Path) -> None:
    done = etappe("restore", str(backup), "--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert "Restored what was there on" in done.stdout


@pytest.fixture
def told(start_etappe: Callable[..., Etappe]) -> Iterator[Etappe]:
    running = start_etappe()
    for events in chunks():
        position = running.send(events)
    running.ask("/v1/funnel", after=position, timeout=30)
    yield running


def test_a_restored_folder_answers_the_same_and_takes_more(
    told: Etappe, start_etappe: Callable[..., Etappe], tmp_path: Path
) -> None:
    made = told.command("backup", str(tmp_path / "backup"))
    assert made.returncode == 0, made.stderr
    before, keys = answers(told), dict(told.keys)
    assert told.stop() == 0
    shutil.rmtree(told.folder)

    restored(tmp_path / "backup", tmp_path / "again")

    again = start_etappe(tmp_path / "again")
    assert dict(again.keys) == keys
    assert answers(again) == before
    for events in chunks():  # what is sent once more counts once, so receipts and salts are those of before
        position = again.send(events)
    again.ask("/v1/funnel", after=position, timeout=30)
    assert answers(again) == before
    new = {"id": "after", "event": "Order Completed", "identifiers": {"user_id": "after"}}
    again.ask("/v1/funnel", after=again.send(new), timeout=30)
    assert sum(again.funnel_counts().values()) > sum(row["count"] for row in before[0])
    (fresh,) = again.ask("/v1/freshness")["rows"]
    assert fresh["accepted"] == fresh["stored"] + fresh["duplicates"] + fresh["rejected"] + fresh["erased"]


def test_under_load_everything_accepted_before_is_in_the_backup(
    start_etappe: Callable[..., Etappe], tmp_path: Path
) -> None:
    running = start_etappe()
    load = Load(running.collector, running.keys["secret_key"], 500)
    load.start()
    try:
        while len(load.sent.ids) < 1000:
            pass
        accepted = set(load.sent.ids)
        made = running.command("backup", str(tmp_path / "backup"))
    finally:
        load.stop()
    assert made.returncode == 0, made.stderr
    assert len(load.sent.ids) > len(accepted)
    running.kill()

    restored(tmp_path / "backup", tmp_path / "again")

    again = start_etappe(tmp_path / "again")
    (fresh,) = again.ask("/v1/freshness")["rows"]
    while fresh["lag_seconds"] > 0:  # what the tables are ahead of the offsets is done once more
        (fresh,) = again.ask("/v1/freshness")["rows"]
    found: set[str] = set()
    for device in {device_of(each) for each in accepted}:
        (row,) = again.ask("/v1/customers", identifier=f"anonymous_id:{device}")["rows"]
        rows = again.ask(f"/v1/customers/{row['customer']}/journey")["rows"]
        assert len({each["id"] for each in rows}) == len(rows)
        found |= {each["id"] for each in rows}
    assert accepted <= found
    assert fresh["accepted"] == fresh["stored"] + fresh["duplicates"] + fresh["rejected"] + fresh["erased"]


def test_it_is_private_and_leaves_nothing_held(told: Etappe, tmp_path: Path) -> None:
    assert told.command("backup", str(tmp_path / "backup")).returncode == 0
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert not any((told.folder / "warehouse" / "shadow").glob("[0-9]*"))


def test_what_is_there_is_never_written_over(told: Etappe, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").write_text("mine")
    refused = told.command("backup", str(tmp_path / "backup"))
    assert refused.returncode == 1
    assert "is not empty: name a folder that is, or a new one" in refused.stderr
    assert (tmp_path / "backup" / "mine").read_text() == "mine"
    refused = etappe("restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "again"))
    assert refused.returncode == 1
    assert "wanted: a folder that `etappe backup` has finished" in refused.stderr
    assert told.command("backup", str(tmp_path / "whole")).returncode == 0
    refused = etappe("restore", str(tmp_path / "whole"), "--data-dir", str(told.folder))
    assert "is not empty" in refused.stderr


def test_a_damaged_backup_is_not_restored(told: Etappe, tmp_path: Path) -> None:
    assert told.command("backup", str(tmp_path / "backup")).returncode == 0
    data = next((tmp_path / "backup" / "tables" / "touchpoints").glob("*/data.bin"))
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2])
    refused = etappe("restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "again"))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "touchpoints" in refused.stderr
    assert list((tmp_path / "again").iterdir()) == []


def test_only_the_operator_may_have_the_tables_held(etappe_up: Etappe) -> None:
    body = {"name": "other"}
    admin = {"Authorization": f"Bearer {etappe_up.keys['admin_token']}"}
    made = httpx.post(f"{etappe_up.query}/v1/workspaces", json=body, headers=admin).json()["rows"][0]
    for token, status in ((made["admin_token"], 403), (etappe_up.keys["read_token"], 403), ("nobody", 401)):
        reply = httpx.post(f"{etappe_up.query}/v1/backups", headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code == status, reply.text
    assert json.loads((etappe_up.folder / "keys.json").read_text())["workspace"] == "default"

"""A disk without room: what is not durable is not acknowledged, and everything goes on when there is room again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from running import Etappe, wait_until
from torture.load import Load
from torture.reckoning import Reader

MIB = 1 << 20

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of this test's own, with room for replaced parts; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a disk that can be filled: {done.stderr}")
        pytest.skip(f"no small disk can be mounted here: {done.stderr}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves less than a MiB."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(MIB))
        except OSError:
            pass
    return filler


def refusal(address: str) -> str:
    """Why it is not ready; empty where it is."""
    try:
        reply = httpx.get(f"{address}/readyz", timeout=10)
    except httpx.TransportError:
        return ""
    return str(reply.json()["error"]) if reply.status_code == 503 else ""


def reckoned(running: Etappe, load: Load) -> None:
    reader = Reader(running.query, running.keys)
    found = reader.reckon(load.sent)
    reader.close()
    assert load.sent.wrong == []
    assert (found.lost, found.duplicated, found.unlike_rebuild) == (0, 0, [])
    assert found.stored == found.accepted > 0


def test_a_log_without_room_is_answered_with_503_until_there_is_some(
    start_etappe: Callable[..., Etappe], disk: Path
) -> None:
    running = start_etappe(environment={"ETAPPE_LOG_URL": f"sqlite:///{disk}/log"})
    load = Load(running.collector, running.keys["secret_key"], 500)
    load.start()
    try:
        wait_until(lambda: len(load.sent.ids) > 500, 30)
        filler = fill(disk)
        wait_until(lambda: load.sent.refused > 20, 30)
        accepted = len(load.sent.ids)
        time.sleep(1)
        assert len(load.sent.ids) == accepted, "acknowledged without room"
        assert "The event log has no room left" in refusal(running.collector)
        filler.unlink()
        wait_until(lambda: len(load.sent.ids) > accepted, 30)
    finally:
        load.stop()
    reckoned(running, load)


@pytest.mark.parametrize("setting", ["ETAPPE_LOG_URL=sqlite://", "ETAPPE_WAREHOUSE_URL=chdb://"])
def test_a_read_only_disk_is_named_at_the_start(
    start_etappe: Callable[..., Etappe], disk: Path, setting: str
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    name, _, scheme = setting.partition("=")
    running = start_etappe(environment={name: f"{scheme}/{disk}/here"}, wait=False)
    assert running.process.wait(60) == 1
    said = running.printed()
    assert f"{disk}/here" in said
    assert "Read-only file system" in said
    assert "Traceback" not in said


def test_a_database_without_room_waits_and_what_is_accepted_stays_in_the_log(
    start_etappe: Callable[..., Etappe], disk: Path
) -> None:
    running = start_etappe(environment={"ETAPPE_WAREHOUSE_URL": f"chdb:///{disk}/warehouse"})
    load = Load(running.collector, running.keys["secret_key"], 300)
    load.start()
    try:
        wait_until(lambda: len(load.sent.ids) > 300, 30)
        filler = fill(disk)
        wait_until(lambda: "has no room left" in running.printed(), 60)
        accepted = len(load.sent.ids)
        wait_until(lambda: len(load.sent.ids) > accepted + 300, 30)  # the collector goes on
        filler.unlink()
    finally:
        load.stop()
    reckoned(running, load)

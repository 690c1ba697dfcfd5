"""A disk that cannot be written, from the start or from some moment on: it is named, and nothing is acknowledged."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import Etappe, wait_until
from small_disks import FailingDisk, small_disk
from test_disk_full import nothing_is_acknowledged, reckoned, refusal
from torture.load import Load

pytestmark = pytest.mark.timeout(300)

Start = Callable[..., Etappe]


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[FailingDisk]:
    disk = FailingDisk(tmp_path / "image", tmp_path / "data")
    yield disk
    disk.end()


@pytest.mark.parametrize("setting", ["ETAPPE_LOG_URL=sqlite://", "ETAPPE_WAREHOUSE_URL=chdb://"])
def test_a_read_only_disk_is_named_at_the_start(start_etappe: Start, tmp_path: Path, setting: str) -> None:
    with small_disk(tmp_path / "disk", "10m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        name, _, scheme = setting.partition("=")
        running = start_etappe(environment={name: f"{scheme}/{disk}/here"}, wait=False)
        assert running.process.wait(60) == 1
        said = running.printed()
        assert f"{disk}/here" in said
        assert "Read-only file system" in said
        assert "Traceback" not in said


def test_a_read_only_data_folder_is_named_at_the_start(start_etappe: Start, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "10m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        running = start_etappe(disk, wait=False)
        assert running.process.wait(60) == 1
        said = running.printed()
        assert f"data_dir {disk} cannot be used (Read-only file system): choose another --data-dir." in said
        assert "Traceback" not in said


def test_a_disk_that_turns_read_only_acknowledges_nothing_more_and_loses_nothing(
    start_etappe: Start, failing: FailingDisk
) -> None:
    running = start_etappe(failing.folder)
    load = Load(running.collector, running.keys["secret_key"], 500)
    load.start()
    wait_until(lambda: load.accepted > 1500, 60)
    failing.fail()
    nothing_is_acknowledged(load)
    load.stop(patience=0)
    assert set(load.sent.wrong) <= {"a batch was not taken until the end"}
    assert f"{failing.folder}/log/collector.sqlite cannot be" in refusal(running.collector)
    assert running.command("keys", "create", "read").returncode == 1
    assert running.stop() == 0
    assert "Traceback" not in running.printed()

    failing.unmount()
    failing.mount()
    again = start_etappe(failing.folder)
    after = Load(again.collector, again.keys["secret_key"], 2000)
    after.start()  # the same touchpoints once more, and those that were not acknowledged
    wait_until(
        lambda: after.accepted > load.accepted + 400 and load.sent.ids.keys() <= set(after.sent.ids), 90
    )
    after.stop()
    reckoned(again, after)

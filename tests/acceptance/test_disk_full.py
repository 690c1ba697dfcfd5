"""A disk without room: what is not durable is not acknowledged, and everything goes on when there is room again."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from running import Etappe, etappe, wait_until
from small_disks import fill, limit_files, small_disk
from torture.load import Load
from torture.reckoning import Reader

pytestmark = pytest.mark.timeout(300)

Start = Callable[..., Etappe]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """With room for replaced parts."""
    with small_disk(tmp_path / "disk", "400m") as folder:
        yield folder


@contextmanager
def loaded(running: Etappe, rate: float) -> Iterator[Load]:
    """Under load; at the end everything that was begun is acknowledged."""
    load = Load(running.collector, running.keys["secret_key"], rate)
    load.start()
    try:
        wait_until(lambda: load.accepted > rate, 30)
        yield load
    finally:
        load.stop()


def refusal(address: str) -> str:
    """Why it is not ready; empty where it is."""
    try:
        reply = httpx.get(f"{address}/readyz", timeout=10)
    except httpx.TransportError:
        return ""
    return str(reply.json()["error"]) if reply.status_code == 503 else ""


def nothing_is_acknowledged(load: Load) -> int:
    """Once nothing is taken any more, nothing is, for a second; how many were."""
    refused = load.sent.refused
    wait_until(lambda: load.sent.refused > refused + 20, 30)
    accepted = load.accepted
    time.sleep(1)
    assert load.accepted == accepted, "acknowledged without room"
    return accepted


def reckoned(running: Etappe, load: Load) -> None:
    reader = Reader(running.query, running.keys)
    found = reader.reckon(load.sent)
    reader.close()
    assert load.sent.wrong == []
    assert (found.lost, found.duplicated, found.unlike_rebuild) == (0, 0, [])
    assert found.stored == found.accepted > 0


def test_a_log_without_room_is_answered_with_503_until_there_is_some(start_etappe: Start, disk: Path) -> None:
    running = start_etappe(environment={"ETAPPE_LOG_URL": f"sqlite:///{disk}/log"})
    with loaded(running, 500) as load:
        filler = fill(disk)
        accepted = nothing_is_acknowledged(load)
        assert "The event log has no room left" in refusal(running.collector)
        filler.unlink()
        wait_until(lambda: load.accepted > accepted, 30)
    reckoned(running, load)


def test_a_log_that_may_not_grow_is_answered_with_503_until_it_may(start_etappe: Start) -> None:
    """The same by a limit on the collector's files, which needs no disk of its own."""
    running = start_etappe()
    with loaded(running, 500) as load:
        limit_files(running.child("collect"), 1)
        accepted = nothing_is_acknowledged(load)
        assert f"{running.folder}/log/collector.sqlite cannot be read or written; check the disk" in refusal(
            running.collector
        )
        limit_files(running.child("collect"), None)
        wait_until(lambda: load.accepted > accepted, 30)
    reckoned(running, load)
    assert "Traceback" not in running.printed()


def test_a_data_folder_without_room_takes_nothing_until_there_is_some(
    start_etappe: Start, disk: Path
) -> None:
    running = start_etappe(disk)
    register = disk / "workspaces.json"
    before = json.loads(register.read_text())
    with loaded(running, 500) as load:
        filler = fill(disk)
        accepted = nothing_is_acknowledged(load)
        assert "The event log has no room left" in refusal(running.collector)
        made = running.command("keys", "create", "read")
        assert (made.returncode, made.stdout) == (1, "")
        assert f"workspaces_file {register} cannot be written (No space left on device)" in made.stderr
        assert "Traceback" not in made.stderr
        assert json.loads(register.read_text()) == before
        filler.unlink()
        wait_until(lambda: load.accepted > accepted, 30)
    reckoned(running, load)
    made = running.command("keys", "create", "read")
    assert made.returncode == 0, made.stderr
    assert len(json.loads(register.read_text())["keys"]) == len(before["keys"]) + 1
    assert running.stop() == 0
    assert "Traceback" not in running.printed()


def test_a_data_folder_without_room_is_named_at_the_start(start_etappe: Start, disk: Path) -> None:
    fill(disk)
    running = start_etappe(disk, wait=False)
    assert running.process.wait(60) == 1
    assert "No space left on device" in running.printed()
    assert str(disk) in running.printed()
    assert "Traceback" not in running.printed()


def test_a_folder_of_log_lines_without_room_stops_nobody(start_etappe: Start, tmp_path: Path) -> None:
    """Level debug: a line for each question."""
    with small_disk(tmp_path / "data" / "logs", "8m") as logs:
        running = start_etappe(environment={"ETAPPE_LOG_LEVEL": "debug"})
        with loaded(running, 300) as load:
            filler = fill(logs)
            accepted = load.accepted
            wait_until(
                lambda: asked(running) and "core.log cannot be written (No space" in running.printed(), 30
            )
            wait_until(lambda: load.accepted > accepted + 300, 30)
            assert (refusal(running.collector), refusal(running.query)) == ("", "")
            filler.unlink()
            wait_until(lambda: asked(running) and "core.log is written again" in running.printed(), 30)
        reckoned(running, load)
        fill(logs)
        assert running.stop() == 0
        assert "Traceback" not in running.printed()
        assert "Logging error" not in running.printed()


def asked(running: Etappe) -> bool:
    """One question more, and so another line."""
    return bool(running.ask("/v1/freshness")["rows"])


def test_a_copy_without_room_says_so_and_leaves_nothing(start_etappe: Start, tmp_path: Path) -> None:
    running = start_etappe()
    with loaded(running, 300) as load:
        pass
    running.ask("/v1/freshness", after=load.position, timeout=30)
    # The core's file of the log is copied first, then the tables.
    log = (running.folder / "log" / "core.sqlite").stat().st_size
    for size, why in ((log // 2, "core.sqlite: database or disk is full."), (log + 80_000, "No space left")):
        with small_disk(tmp_path / "small", str(size)) as target:
            made = running.command("backup", str(target / "backup"))
            assert said_plainly("The backup cannot be taken.", made), made.stderr
            assert why in made.stderr
            assert "Nothing was changed." in made.stderr
            assert list(target.iterdir()) == []

    made = running.command("backup", str(tmp_path / "backup"))
    assert made.returncode == 0, made.stderr
    with small_disk(tmp_path / "small", "1m") as target:
        restored = etappe("restore", str(tmp_path / "backup"), "--data-dir", str(target / "data"))
        assert said_plainly("", restored), restored.stderr
        assert "No space left" in restored.stderr or "no room left" in restored.stderr
        assert list((target / "data").iterdir()) == []


def said_plainly(what: str, done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 1 and what in done.stderr and "Traceback" not in done.stderr


def test_a_large_answer_without_room_is_refused_and_others_are_not(
    start_etappe: Start, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "temporary", "128k") as folder:
        running = start_etappe(environment={"TMPDIR": str(folder)})
        for start in range(0, 3000, 500):
            position = running.send([visit(n) for n in range(start, start + 500)])
        running.ask("/v1/freshness", after=position, timeout=60)
        reply = journeys(running, 3000)
        assert reply.status_code == 503
        assert "There is no room for so large an answer" in reply.json()["error"]
        assert "(No space left on device)" in reply.json()["error"]
        assert reply.headers["retry-after"]
        assert len(journeys(running, 100).json()["rows"]) == 100
        assert refusal(running.query) == ""
        assert "Traceback" not in running.printed()


def visit(n: int) -> dict[str, object]:
    return {
        "id": f"v{n}",
        "event": "Page Viewed",
        "at": 1_767_225_600_000 + n,
        "identifiers": {"user_id": f"u{n}"},
    }


def journeys(running: Etappe, limit: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {running.keys['read_token']}"}
    parameters = {"limit": limit}
    return httpx.get(f"{running.query}/v1/journeys", params=parameters, headers=headers, timeout=60)


def test_a_database_without_room_waits_and_what_is_accepted_stays_in_the_log(
    start_etappe: Start, disk: Path
) -> None:
    running = start_etappe(environment={"ETAPPE_WAREHOUSE_URL": f"chdb:///{disk}/warehouse"})
    with loaded(running, 300) as load:
        filler = fill(disk)
        wait_until(lambda: "has no room left" in running.printed(), 60)
        accepted = load.accepted
        wait_until(lambda: load.accepted > accepted + 300, 30)  # the collector goes on
        filler.unlink()
    reckoned(running, load)

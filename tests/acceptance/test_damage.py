"""Files that a disk has spoilt: nothing goes on as if all were well, and who follows the message gets out of it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Etappe, etappe, start, wait_until
from script import chunks
from spoiling import cut_parts, log_file, pages_in, spoil_byte_of_last_row, spoil_page

DAY = 86_400_000
START = 1_767_225_600_000

pytestmark = pytest.mark.timeout(300)

Start = Callable[..., Etappe]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything folded, stopped cleanly, and beside it a backup of it."""
    place = tmp_path_factory.mktemp("made")
    running = start(place / "data")
    try:
        running.wait_until_ready()
        send_all(running, chunks())
        done = running.command("backup", str(place / "backup"))
        assert done.returncode == 0, done.stderr
        assert running.stop() == 0
    finally:
        running.kill()
    return place


@pytest.fixture
def stopped(made: Path, tmp_path: Path) -> Path:
    """The folder, a copy of which each test may spoil."""
    return shutil.copytree(made / "data", tmp_path / "data", symlinks=True)


@pytest.fixture
def restore(made: Path, tmp_path: Path, start_etappe: Start) -> Callable[[], Etappe]:
    """The first way out that every message names."""

    def restored() -> Etappe:
        done = etappe("restore", str(made / "backup"), "--data-dir", str(tmp_path / "again"))
        assert done.returncode == 0, done.stderr
        return start_etappe(tmp_path / "again")

    return restored


def send_all(running: Etappe, requests: list[list[dict[str, Any]]]) -> None:
    """Send, and wait until all of it is in the answers."""
    for events in requests:
        position = running.send(events)
    running.ask("/v1/funnel", after=position, timeout=40)


def unread_events() -> list[dict[str, Any]]:
    """People of their own, with so much to say that their row takes many pages."""
    return [
        {
            "id": f"unread-{n}",
            "event": "Page Viewed",
            "at": START + n * DAY,
            "identifiers": {"user_id": f"unread-{n}"},
            "properties": {"text": os.urandom(4000).hex()},
        }
        for n in range(20)
    ]


def refused(start_etappe: Start, folder: Path) -> str:
    """What it says when it does not start, without a traceback."""
    running = start_etappe(folder, wait=False)
    assert running.process.wait(60) == 1
    said = running.printed()
    assert "Traceback" not in said
    return said


def people(running: Etappe) -> int:
    return running.funnel_counts().get("awareness", 0)


def balance(running: Etappe) -> Mapping[str, Any]:
    """The freshness at rest, which adds up."""
    (fresh,) = running.ask("/v1/freshness")["rows"]
    assert fresh["lag_seconds"] == 0
    assert fresh["accepted"] == fresh["stored"] + fresh["duplicates"] + fresh["rejected"] + fresh["erased"]
    return fresh


def move_away(path: Path) -> None:
    """The second way out: the file, with those beside it."""
    for each in path.parent.glob(f"{path.name}*"):
        each.rename(path.parents[2] / f"moved-{each.name}")


def test_a_log_whose_pages_cannot_be_read_is_named_and_a_new_one_starts_beside_the_tables(
    stopped: Path, start_etappe: Start
) -> None:
    path = log_file(stopped)
    for page in range(2, pages_in(path)):
        spoil_page(path, page)
    said = refused(start_etappe, stopped)
    assert f"The event log is damaged. {path} has pages that cannot be read" in said
    assert "restore a backup with `etappe restore`" in said
    assert "-wal and -shm, and start: what was accepted and is not in the tables yet is lost." in said

    move_away(path)
    again = start_etappe(stopped)
    assert people(again) == 40
    before = balance(again)
    send_all(again, chunks())  # known by their receipts, though their log is gone
    assert people(again) == 40
    assert balance(again)["stored"] == before["stored"]


def test_a_damaged_log_of_changes_and_offsets_is_named_and_everything_is_read_again(
    stopped: Path, start_etappe: Start
) -> None:
    path = log_file(stopped, "core")
    for page in range(2, pages_in(path)):
        spoil_page(path, page)
    said = refused(start_etappe, stopped)
    assert f"The event log is damaged. {path} has pages that cannot be read" in said
    assert "operators' decisions that were not carried out yet are lost; run `etappe rebuild` then" in said

    move_away(path)
    again = start_etappe(stopped)
    assert again.command("rebuild").returncode == 0
    new = {"id": "new", "event": "Page Viewed", "identifiers": {"user_id": "new"}, "at": START}
    again.ask("/v1/funnel", after=again.send(new), timeout=40)
    assert people(again) == 41
    assert balance(again)["stored"] == stored_ids(chunks()) + 1


def stored_ids(requests: list[list[dict[str, Any]]]) -> int:
    return len({event["id"] for events in requests for event in events})


@pytest.fixture
def unread(stopped: Path, start_etappe: Start) -> tuple[Etappe, range]:
    """A folder that died with rows in its log that nobody has read, and the pages of these."""
    running = start_etappe(stopped)
    path = running.folder / "log" / "collector.sqlite"
    before = pages_in(path)
    os.kill(running.child("core"), signal.SIGSTOP)
    running.send(unread_events())
    running.kill()
    return running, range(before, pages_in(path))


@pytest.mark.parametrize("what", ["a page", "a byte"])
def test_damage_in_rows_that_nobody_has_read_stops_the_stitcher_loudly(
    unread: tuple[Etappe, range], start_etappe: Start, restore: Callable[[], Etappe], what: str
) -> None:
    killed, pages = unread
    path = log_file(killed.folder)
    if what == "a page":
        assert len(pages) > 4
        spoil_page(path, pages[len(pages) // 2])
    else:
        spoil_byte_of_last_row(path)

    standing = start_etappe(killed.folder, wait=False)
    wait_until(lambda: "stands still" in standing.printed(), 60)
    why = f"The event log is damaged. {path}: partition "
    assert why in standing.printed()
    assert why in not_ready(standing)
    assert " of touchpoints is damaged at offset " in not_ready(standing)
    assert "etappe_halted_steps 1.0" in httpx.get(f"{standing.query}/metrics", timeout=10).text
    assert "Traceback" not in standing.printed()
    standing.keys = killed.keys
    assert people(standing) == 40  # questions are answered, and touchpoints taken
    new = {"id": "new", "event": "Page Viewed", "identifiers": {"user_id": "new"}, "at": START}
    standing.send(new)
    assert standing.stop() == 0

    restored = restore()
    assert people(restored) == 40
    send_all(restored, [unread_events(), [new]])
    assert people(restored) == 61
    balance(restored)
    assert restored.stop() == 0

    move_away(path)
    again = start_etappe(killed.folder)
    assert people(again) == 40  # what was not read yet is lost, as the message says
    send_all(again, [unread_events(), [new]])
    assert people(again) == 61
    assert balance(again)["stored"] == stored_ids(chunks()) + 21


def not_ready(running: Etappe) -> str:
    reply = httpx.get(f"{running.query}/readyz", timeout=10)
    assert reply.status_code == 503, reply.text
    return str(reply.json()["error"])


def named_folders(said: str) -> list[Path]:
    lines = [line for line in said.splitlines() if "/broken-on-start_" in line]
    return [Path(line.removeprefix("core |").strip()) for line in lines]


@pytest.mark.parametrize(("table", "column"), [("journeys", "milestones"), ("identities", "claimed")])
def test_views_that_were_cut_short_are_named_and_made_again_without_them(
    stopped: Path, start_etappe: Start, table: str, column: str
) -> None:
    parts = cut_parts(stopped, column)

    said = refused(start_etappe, stopped)

    assert f"A table is damaged. {table}: rows are missing" in said
    assert len(named_folders(said)) == parts > 0
    for folder in named_folders(said):
        shutil.rmtree(folder)
    again = start_etappe(stopped)
    assert again.command("rebuild").returncode == 0
    wait_until(lambda: people(again) == 40, 30)
    one = {
        customer(again, each)
        for each in ("anonymous_id:laptop-1", "email:u1@example.ch", "device_id:phone-1")
    }
    assert len(one) == 1


def customer(running: Etappe, identifier: str) -> str:
    (found,) = running.ask("/v1/customers", identifier=identifier)["rows"]
    return str(found["customer"])


@pytest.mark.parametrize(("table", "column"), [("touchpoints", "page_path"), ("receipts", "outcome")])
def test_facts_that_were_cut_short_are_named_and_come_back_from_a_backup(
    stopped: Path, start_etappe: Start, restore: Callable[[], Etappe], table: str, column: str
) -> None:
    parts = cut_parts(stopped, column)

    said = refused(start_etappe, stopped)

    assert f"A table is damaged. {table}: rows are missing" in said
    assert "Restore a backup with `etappe restore`." in said
    assert len(named_folders(said)) == parts > 0

    restored = restore()
    assert people(restored) == 40
    before = balance(restored)
    send_all(restored, chunks())  # what is sent again is known
    assert people(restored) == 40
    assert balance(restored)["stored"] == before["stored"] == stored_ids(chunks())


@pytest.mark.parametrize(
    ("column", "left", "adds_up"),
    [("page_path", 0, True), ("outcome", 40, False)],
    ids=["touchpoints", "receipts"],
)
def test_without_facts_that_were_cut_short_it_goes_on_from_those_that_are_left(
    stopped: Path, start_etappe: Start, column: str, left: int, adds_up: bool
) -> None:
    cut_parts(stopped, column)
    for folder in named_folders(refused(start_etappe, stopped)):
        shutil.rmtree(folder)

    again = start_etappe(stopped)
    assert again.command("rebuild").returncode == 0

    wait_until(lambda: again.funnel_counts().get("awareness", 0) == left, 30)
    # Receipts know touchpoints that are gone; touchpoints without a receipt are stored again, and count once.
    send_all(again, chunks())
    assert again.funnel_counts().get("awareness", 0) == left
    (fresh,) = again.ask("/v1/freshness")["rows"]
    became = sum(fresh[each] for each in ("stored", "duplicates", "rejected", "erased"))
    assert (fresh["accepted"] == became) == adds_up

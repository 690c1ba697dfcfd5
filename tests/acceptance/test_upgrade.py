"""Data folders that earlier commits left behind when they were killed, as they are kept in tests/acceptance/folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Etappe, wait_until
from upgrading import COUNTS, UNREAD, answers, as_known, fresh, is_through, touchpoints, unpacked

ROOT = Path(__file__).parents[2]
FOLDERS = sorted((Path(__file__).parent / "folders").glob("*.tar.xz"))


def test_there_are_several() -> None:
    assert len(FOLDERS) > 1
    assert all(each.stat().st_size < 1_000_000 for each in FOLDERS)


def test_they_are_of_different_ages_and_hold_all_there_is(tmp_path: Path) -> None:
    """The name of each is the commit that wrote it; one has fewer tables than there are now, one a saved model."""
    known = [unpacked(each, tmp_path / each.name)[1] for each in FOLDERS]
    assert [each["commit"] for each in known] == [each.name.partition(".")[0] for each in FOLDERS]
    now = len(list((ROOT / "etappe" / "warehouse" / "migrations").glob("*.sql")))
    assert min(each["migrations"] for each in known) < now
    assert {"ban", "split", "rules", "model"} == {name for each in known for name in each["holds"]}


@pytest.mark.parametrize("packed", FOLDERS, ids=lambda each: each.name)
def test_a_folder_of_an_earlier_version_opens_and_answers_the_same(
    packed: Path, tmp_path: Path, start_etappe: Callable[..., Etappe]
) -> None:
    """Records that the earlier version accepted and did not read yet are read, and its orders hold."""
    folder, said = unpacked(packed, tmp_path)
    before = said["answers"]
    running = start_etappe(folder)
    wait_until(lambda: is_through(running), 90)
    now = answers(running)
    assert {name: as_known(before[name], now[name]) for name in before} == before
    assert fresh(running)["accepted"] == len(touchpoints()) + 5 + len(UNREAD)

    # Salts, receipts and offsets are those of then: copies are known, and what is new lands at its customer.
    position = running.send([*touchpoints()[:10], *UNREAD])
    (counts,) = running.ask("/v1/freshness", after=position, timeout=30)["rows"]
    assert counts["duplicates"] == before[COUNTS][0]["duplicates"] + 10 + len(UNREAD)
    again = answers(running)
    assert {name: rows for name, rows in again.items() if name != COUNTS} == {
        name: rows for name, rows in now.items() if name != COUNTS
    }
    new = {"id": "new", "event": "Order Completed", "identifiers": {"user_id": "u1"}, "at": 1_790_000_000_000}
    running.ask("/v1/freshness", after=running.send(new), timeout=30)
    (customer,) = running.ask("/v1/customers", identifier="user_id:u1")["rows"]
    journey = running.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    assert [row["id"] for row in journey][-1] == "new"
    assert running.stop() == 0

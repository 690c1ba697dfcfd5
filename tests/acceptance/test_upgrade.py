"""Data folders that earlier versions left behind, as they are kept in tests/acceptance/folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Etappe
from upgrading import answers, touchpoints, unpacked

FOLDERS = sorted((Path(__file__).parent / "folders").glob("*.tar.xz"))


def test_there_is_one() -> None:
    assert FOLDERS
    assert all(each.stat().st_size < 1_000_000 for each in FOLDERS)


@pytest.mark.parametrize("packed", FOLDERS, ids=lambda each: each.name)
def test_a_folder_of_an_earlier_version_opens_and_answers_the_same(
    packed: Path, tmp_path: Path, start_etappe: Callable[..., Etappe]
) -> None:
    folder, before = unpacked(packed, tmp_path)
    running = start_etappe(folder)
    assert answers(running) == before

    # Salts, receipts and offsets are those of then: copies are known, and what is new lands at its customer.
    position = running.send(touchpoints()[:10])
    (fresh,) = running.ask("/v1/freshness", after=position, timeout=30)["rows"]
    assert fresh["duplicates"] == before[-1]["duplicates"] + 10
    assert answers(running)[:-1] == before[:-1]
    new = {"id": "new", "event": "Order Completed", "identifiers": {"user_id": "u1"}, "at": 1_790_000_000_000}
    running.ask("/v1/freshness", after=running.send(new), timeout=30)
    (customer,) = running.ask("/v1/customers", identifier="email:anna@example.ch")["rows"]
    journey = running.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    assert [row["id"] for row in journey][-1] == "new"
    assert running.stop() == 0

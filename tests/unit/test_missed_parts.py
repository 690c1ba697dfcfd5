"""Which damaged parts are missed: those whose rows are neither in other parts nor still in the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from etappe.warehouse.damage import Part, is_missed
from etappe.warehouse.synced import FILE, note_synced, synced_blocks


def part(first: int, last: int, table: str = "touchpoints") -> Part:
    return Part(table, f"/data/all_{first}_{last}_1", "all", first, last)


@pytest.mark.parametrize(
    ("broken", "there", "synced", "missed"),
    [
        (part(3, 3), [part(1, 2), part(4, 4)], 4, True),
        (part(3, 3), [part(1, 2), part(4, 4)], None, True),
        (part(3, 3), [part(1, 2)], 2, False),  # never synced: the log has it
        (part(3, 3), [part(1, 2)], None, True),  # nobody knows whether it was
        (part(3, 3), [part(1, 2)], -1, False),  # nothing of this table ever was
        (part(1, 4), [part(1, 2), part(3, 4)], 4, False),  # what it was merged of is there
        (part(1, 4), [part(1, 2), part(3, 4)], None, False),
        (part(1, 4), [part(1, 2)], 4, True),
        (part(1, 4), [part(1, 2, "links"), part(3, 4, "links")], 4, True),
        (part(1, 9), [part(1, 2), part(3, 5)], 5, False),  # so is as much of that as was ever synced
        (part(1, 9), [part(1, 2), part(3, 7)], 5, False),
        (part(1, 9), [part(1, 2)], 5, True),
        (part(1, 9), [part(3, 5)], 5, True),
    ],
)
def test_a_damaged_part(broken: Part, there: list[Part], synced: int | None, missed: bool) -> None:
    assert is_missed(broken, there, synced) == missed


def test_what_is_known_to_be_synced_never_becomes_less(tmp_path: Path) -> None:
    assert synced_blocks(tmp_path) is None
    note_synced(tmp_path, {"touchpoints": 5, "links": 2})
    note_synced(tmp_path, {"touchpoints": 4, "links": 3, "journeys": 0})
    assert synced_blocks(tmp_path) == {"touchpoints": 5, "links": 3, "journeys": 0}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"touchpoints": "much"}', '{"touchpoints": null}'])
def test_a_file_that_says_nothing_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert synced_blocks(tmp_path) is None
    note_synced(tmp_path, {"touchpoints": 5})
    assert synced_blocks(tmp_path) == {"touchpoints": 5}

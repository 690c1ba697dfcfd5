"""From records to items and batches: poison, copies, and messages that fit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stitching.links import key
from stitching.world import Event

from etappe.changes import Batch
from etappe.eventlog import IMPORTS, TOUCHPOINTS, Record
from etappe.identifiers import Identifier, event_key
from etappe.lanes import LANE
from etappe.touchpoint import encode_record, record_key
from stitcher import normalise
from stitcher.columns import NAMES, by_column, row_of
from stitcher.items import Item, read_item
from stitcher.normalise import NamedIdentifiers, batches_of, drop_undone, mark_duplicates, touched_by

EPOCH = 3 << 40


def record(event: Event, offset: int = 0, partition: int = 0, workspace: str = "w") -> Record:
    value = encode_record(event.touchpoint(workspace))
    return Record(TOUCHPOINTS, partition, offset, record_key(workspace, str(event.n)), value, 50 + offset)


def items(*events: Event) -> list[Item]:
    return [read_item(record(each, n), 3) for n, each in enumerate(events)]


def test_a_touchpoint_is_read_with_its_position() -> None:
    item = read_item(record(Event(7, "u1", 5), offset=9), epoch=3)
    assert (item.workspace, item.event_id, item.position) == ("w", event_key("7"), EPOCH + 9)
    assert (item.outcome, item.reason) == ("stored", "")
    assert item.touchpoint
    assert item.touchpoint.identifiers[0].key == key("u1")


@pytest.mark.parametrize(
    "value", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"workspace": 1}', b'{"id": "x"']
)
def test_a_record_that_is_no_touchpoint_is_rejected_under_the_workspace_of_its_key(value: bytes) -> None:
    item = read_item(Record(TOUCHPOINTS, 1, 4, b"shop\0order-1", value, 9), 3)
    assert (item.outcome, item.reason, item.touchpoint) == ("rejected", "unreadable", None)
    assert (item.workspace, item.event_id, item.position) == ("shop", event_key("order-1"), EPOCH + 4)


@pytest.mark.parametrize(("name", "workspace"), [(b"", ""), (b"shop", "shop"), (b"\xff\0x", "�")])
def test_any_key_of_a_poison_record_is_read_somehow(name: bytes, workspace: str) -> None:
    assert read_item(Record(TOUCHPOINTS, 0, 0, name, b"x", 0), 3).workspace == workspace


def test_a_touchpoint_without_identifiers_is_rejected() -> None:
    item = read_item(record(Event(1, "", 5)), 3)
    assert (item.outcome, item.reason) == ("rejected", "missing_identifier")


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), max_size=20, unique_by=lambda e: e[1]),
    st.data(),
)
@settings(deadline=None)
def test_of_all_copies_the_lowest_position_stays_however_they_are_grouped(
    copies: list[tuple[int, int]], data: st.DataObject
) -> None:
    """`copies`: (event, offset); they come in one or two groups, of which the second sees the first's receipts."""
    cut = data.draw(st.integers(0, len(copies)))
    ordered = sorted(copies, key=lambda each: each[1])
    stored: dict[tuple[str, bytes], tuple[int, int]] = {}
    kept = []
    for group in (ordered[:cut], ordered[cut:]):
        found = [
            read_item(record(Event(n, "u1", 1), offset), 3) for n, offset in data.draw(st.permutations(group))
        ]
        mark_duplicates(found, stored)
        for item in found:
            if item.outcome == "stored":
                stored[item.workspace, item.event_id] = (item.position, item.partition)
                kept.append((item.event_id, item.position - EPOCH))
    lowest = {n: min(offset for each, offset in copies if each == n) for n, _ in copies}
    assert sorted(kept) == sorted((event_key(str(n)), offset) for n, offset in lowest.items())


def test_the_same_record_again_is_no_duplicate_of_itself() -> None:
    (item,) = items(Event(1, "u1", 1))
    mark_duplicates([item], {("w", item.event_id): (item.position, 0)})
    assert item.outcome == "stored"


@pytest.mark.parametrize("place", [(EPOCH, 0), (EPOCH + 1, LANE), (EPOCH + 9, 0), (EPOCH, LANE)])
def test_a_copy_of_what_is_stored_elsewhere_is_a_duplicate_wherever_that_is(place: tuple[int, int]) -> None:
    _, copy = items(Event(1, "u1", 1), Event(1, "u2", 2))
    mark_duplicates([copy], {("w", copy.event_id): place})
    assert copy.outcome == "duplicate"


def test_of_copies_that_come_together_by_both_lanes_the_live_one_stays() -> None:
    imported = read_item(record(Event(1, "u1", 1), offset=2)._replace(topic=IMPORTS), 3)
    live = read_item(record(Event(1, "u2", 1), offset=5), 3)
    mark_duplicates([imported, live], {})
    assert (live.outcome, imported.outcome) == ("stored", "duplicate")
    (batch,) = batches_of([imported, live], 3)
    assert batch.positions == {LANE: EPOCH + 3, 0: EPOCH + 6}


def test_a_batch_names_the_imports_in_it_whatever_became_of_them() -> None:
    found = items(Event(1, "u1", 1, import_id="x"), Event(2, "u1 a1", 1), Event(3, "u2 a2", 1, import_id="y"))
    drop_undone(found, {("w", "y"): 1, ("v", "x"): 9})
    assert [(each.outcome, each.reason) for each in found] == [
        ("stored", ""),
        ("stored", ""),
        ("erased", "undone"),
    ]
    (batch,) = batches_of(found, 3)
    assert batch.imports == ["x", "y"]
    assert [each.import_id for each in batch.links] == [""]


def test_what_came_after_an_import_was_undone_is_not_dropped() -> None:
    found = items(Event(1, "u1", 1, stamp=5, import_id="x"), Event(2, "u1", 1, stamp=6, import_id="x"))
    drop_undone(found, {("w", "x"): 5})
    assert [each.outcome for each in found] == ["erased", "stored"]


def test_a_rejected_record_takes_no_event_id_from_a_good_one() -> None:
    bad = read_item(Record(TOUCHPOINTS, 0, 0, record_key("w", "1"), b"x", 0), 3)
    good = read_item(record(Event(1, "u1", 1), 1), 3)
    mark_duplicates([bad, good], {})
    assert good.outcome == "stored"


def test_touched_spans_the_times_of_the_best_identifier() -> None:
    touchpoints = [
        Event(n, who, at).touchpoint("w") for n, (who, at) in enumerate([("u1 a1", 9), ("u1", 3), ("a1", 5)])
    ]
    assert [(each.identifier, each.first, each.last) for each in touched_by(touchpoints)] == [
        (key("u1"), 3, 9),
        (key("a1"), 5, 5),
    ]


def test_a_batch_names_how_far_it_reaches_in_every_partition_duplicates_and_rejects_included() -> None:
    found = [
        read_item(record(Event(1, "u1", 1), 4, 0), 3),
        read_item(record(Event(1, "u1", 1), 7, 0), 3),
        read_item(Record(TOUCHPOINTS, 2, 9, b"w\0x", b"poison", 99), 3),
    ]
    mark_duplicates(found, {})
    (batch,) = batches_of(found, 3)
    assert batch.positions == {0: EPOCH + 8, 2: EPOCH + 10}
    assert batch.stamp == 99
    assert [each.identifier for each in batch.touched] == [key("u1")]


def test_a_batch_of_nothing_new_still_reaches_somewhere() -> None:
    (item,) = items(Event(1, "u1 a1", 1))
    item.outcome = "duplicate"
    assert batches_of([item], 3) == [Batch("w", [], [], {0: EPOCH + 1}, 50)]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_a_cut_batch_holds_everything_once_and_only_its_last_part_says_how_far_it_reaches(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    found = items(*(Event(n, f"u{n} e{n} a{n}", n) for n in range(7)))
    (whole,) = batches_of(found, 3)
    monkeypatch.setattr(normalise, "MOST_TOUCHED", most)
    parts = batches_of(found, 3)
    assert [each for part in parts for each in part.touched] == whole.touched
    assert [each for part in parts for each in part.links] == whole.links
    assert all(len(part.touched) <= most and len(part.links) <= most for part in parts)
    assert [part.positions for part in parts] == [{}] * (len(parts) - 1) + [whole.positions]


def test_names_are_stored_once_and_again_after_too_many() -> None:
    named = NamedIdentifiers(most=1)
    one, two = Identifier("user_id", 1, "x"), Identifier("user_id", 2, "y")
    assert named.unseen("w", [one, one, two]) == [one, two]
    named.remember("w", [one, two])
    assert named.unseen("w", [one, two]) == []
    assert named.unseen("other", [one]) == [one]
    named.remember("w", [one])
    assert named.unseen("w", [one, two]) == [two]


def test_a_row_has_a_value_for_every_column() -> None:
    touchpoint = Event(1, "u1 a1", 5).touchpoint("w")
    row = row_of(touchpoint, event_key("1"))
    assert len(row) == len(NAMES)
    columns = by_column([row, row])
    assert columns["identifier"] == [key("u1")] * 2
    assert columns["identifiers"] == [[key("u1"), key("a1")]] * 2
    assert by_column([]) == {}

"""Which records are put aside, and when the step itself is to blame."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe.changes import Batch
from etappe.errors import WarehouseUnavailable
from etappe.eventlog import Record
from stitcher.poison import MOST, Poison


class Step:
    """Fails for batches that hold one of the deadly offsets."""

    def __init__(self, deadly: Collection[int], error: Exception | None = None) -> None:
        self.deadly = deadly
        self.handled: list[int] = []
        self.aside: list[int] = []
        self._error = error or ValueError("secret@example.ch")

    async def __call__(self, records: Sequence[Record], aside: str) -> list[Batch]:
        offsets = [record.offset for record in records]
        if aside:
            assert "secret" not in aside
            self.aside += offsets
        elif any(offset in self.deadly for offset in offsets):
            raise self._error
        else:
            self.handled += offsets
        return [Batch("w", [], [], {0: offset}, 0) for offset in offsets]


def records(count: int) -> list[Record]:
    return [Record("touchpoints", 0, n, b"", b"", 0) for n in range(count)]


@given(st.integers(2, 60), st.sets(st.integers(0, 59), min_size=1, max_size=MOST))
async def test_exactly_the_deadly_ones_are_put_aside(count: int, deadly: set[int]) -> None:
    here = {n for n in deadly if n < count}
    if len(here) == count:
        return
    step = Step(here)
    batches = await Poison(step).handle(records(count))
    assert sorted(step.aside) == sorted(here)
    assert sorted(step.handled) == sorted(set(range(count)) - here)
    assert len(batches) == count


async def test_more_than_a_few_are_the_steps_own_fault() -> None:
    step = Step(range(MOST + 1))
    with pytest.raises(ValueError):
        await Poison(step).handle(records(40))
    assert step.aside == []


async def test_a_single_record_is_put_aside_only_after_others_went_well() -> None:
    step = Step({0})
    poison = Poison(step)
    with pytest.raises(ValueError):
        await poison.handle(records(1))
    await poison.handle([Record("touchpoints", 0, 5, b"", b"", 0)])
    await poison.handle(records(1))
    assert step.aside == [0]
    with pytest.raises(ValueError):  # two of them in a row, and nothing good between
        await poison.handle(records(1))


async def test_nothing_is_put_aside_while_a_part_of_the_system_is_away() -> None:
    step = Step({3}, WarehouseUnavailable("away"))
    with pytest.raises(WarehouseUnavailable):
        await Poison(step).handle(records(10))
    assert step.aside == []

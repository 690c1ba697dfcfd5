"""The pace of the lane: small batches beside live touchpoints, whole ones alone, none while one is on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from etappe.changes import Batch
from etappe.lanes import LANE
from stitcher.lane import AIM_MS, GIVE_UP_MS, LARGEST, QUIET_MS, SMALLEST, Pace

WHOLE = 10_000


class Answers:
    """Stands where sessions do: answers say how far they reach, and nothing else is asked."""

    def __init__(self) -> None:
        self.reached = 0

    async def run(self, job: Callable[[Any], Any]) -> Any:
        return job(self)

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[str, int, int]]:
        return [("w", LANE, self.reached)] if "w" in parameters["workspaces"] else []


class Moving:
    """A pace on a clock that is moved by hand (ms)."""

    def __init__(self) -> None:
        self.now = 0
        self.answers = Answers()
        self.pace = Pace(self.answers, WHOLE, lambda: self.now)  # type: ignore[arg-type]  # all that is used of them
        self.began = 0

    def begin(self) -> None:
        self.began += 1
        self.pace.began([Batch("w", [], [], {LANE: self.began}, 0)])

    async def folded_after(self, took: int) -> None:
        """One batch, in the answers after so long; live touchpoints come meanwhile."""
        self.begin()
        self.now += took
        self.pace.live_came()
        self.answers.reached = self.began
        assert await self.pace.is_clear()


@pytest.fixture
def moving() -> Moving:
    return Moving()


async def test_beside_live_touchpoints_nothing_is_begun_before_the_last_batch_is_in_the_answers(
    moving: Moving,
) -> None:
    moving.pace.live_came()
    assert await moving.pace.is_clear()
    moving.begin()
    assert not await moving.pace.is_clear()
    moving.answers.reached = 1
    assert await moving.pace.is_clear()


async def test_alone_the_lane_has_whole_batches_and_one_may_be_on_its_way(moving: Moving) -> None:
    assert moving.pace.size == WHOLE
    moving.pace.live_came()
    moving.now = QUIET_MS - 1
    assert moving.pace.size == SMALLEST
    moving.now = QUIET_MS
    assert moving.pace.size == WHOLE
    moving.begin()
    assert await moving.pace.is_clear()
    moving.begin()
    assert not await moving.pace.is_clear()
    moving.pace.live_came()
    assert moving.pace.size == SMALLEST


async def test_quick_batches_grow_and_slow_ones_shrink_within_bounds(moving: Moving) -> None:
    moving.pace.live_came()
    for _ in range(9):
        await moving.folded_after(AIM_MS // 4)
    assert moving.pace.size == LARGEST
    await moving.folded_after(AIM_MS // 2 + 1)
    assert moving.pace.size == LARGEST
    await moving.folded_after(AIM_MS + 1)
    assert moving.pace.size == LARGEST // 2
    for _ in range(9):
        await moving.folded_after(AIM_MS * 3)
    assert moving.pace.size == SMALLEST


async def test_a_batch_that_never_comes_holds_the_lane_up_for_a_while_only(moving: Moving) -> None:
    moving.pace.live_came()
    moving.begin()
    moving.now = GIVE_UP_MS
    moving.pace.live_came()
    assert not await moving.pace.is_clear()
    moving.now += 1
    assert await moving.pace.is_clear()

"""The ratio limit: who would throw away nearly everything stops, and a few poison records stop nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitcher.ratio import LEAST, Halt, RatioLimit, TooManyUnreadable


@dataclass(frozen=True)
class Looked:
    outcome: str
    reason: str = ""


def batch(good: int, bad: int) -> list[Looked]:
    return [Looked("stored")] * good + [Looked("rejected", "unreadable")] * bad


def passes(limit: RatioLimit, good: int, bad: int) -> bool:
    try:
        limit.check(batch(good, bad))
    except TooManyUnreadable:
        return False
    limit.passed()
    return True


@pytest.mark.parametrize(
    ("good", "bad", "goes"),
    [(990, 10, True), (600, 400, True), (500, 500, True), (499, 501, False), (0, 1000, False)],
)
def test_more_than_the_share_of_one_batch_stops(good: int, bad: int, goes: bool) -> None:
    assert passes(RatioLimit(0.5), good, bad) is goes


def test_fewer_than_a_thousand_records_say_nothing() -> None:
    assert passes(RatioLimit(0.5), 0, LEAST - 1)


def test_small_batches_are_judged_together() -> None:
    limit = RatioLimit(0.5)
    assert all(passes(limit, 10, 0) for _ in range(200))
    count = next(n for n in range(1000) if not passes(limit, 0, 10))
    assert count == 50  # 500 unreadable ones among the last 1,000 are the share; ten more are above it


def test_a_share_of_one_lets_everything_go() -> None:
    assert passes(RatioLimit(1.0), 0, 100_000)


def test_a_share_of_zero_stops_at_the_first_once_there_are_enough() -> None:
    limit = RatioLimit(0.0)
    assert passes(limit, LEAST, 0)
    assert not passes(limit, 5, 1)


def test_a_batch_that_is_tried_again_counts_once() -> None:
    limit = RatioLimit(0.5)
    for _ in range(10):
        limit.check(batch(0, 400))
    limit.passed()
    assert passes(limit, 0, 500)


def test_it_says_what_to_do() -> None:
    with pytest.raises(TooManyUnreadable) as caught:
        RatioLimit(0.5).check(batch(400, 800))
    for part in ("800 of the last 1,200", "unreadable: 800", "reject_ratio is 0.5", "ETAPPE_REJECT_RATIO=1"):
        assert part in str(caught.value)


def share_of(seen: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Records and unreadable ones of the latest batches that have LEAST together; the plain definition."""
    records = unreadable = 0
    for good, bad in reversed(seen):
        if records >= LEAST:
            break
        records, unreadable = records + good + bad, unreadable + bad
    return records, unreadable


sizes = st.tuples(st.integers(0, 700), st.integers(0, 700)).filter(any)


@given(st.lists(sizes, max_size=30), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_it_stops_exactly_where_the_definition_says(batches: list[tuple[int, int]], share: float) -> None:
    limit = RatioLimit(share)
    passed: list[tuple[int, int]] = []
    for good, bad in batches:
        records, unreadable = share_of([*passed, (good, bad)])
        stops = records >= LEAST and unreadable > share * records
        assert passes(limit, good, bad) is not stops
        if not stops:
            passed.append((good, bad))


@given(st.lists(st.integers(1, 400), max_size=60))
def test_its_memory_is_bounded(counts: list[int]) -> None:
    limit = RatioLimit(1.0)
    for count in counts:
        passes(limit, count, 0)
    assert sum(size for size, _ in limit._passed) < LEAST + 400


@given(st.lists(st.tuples(st.integers(100, 300), st.integers(0, 90)), max_size=40))
def test_a_few_poison_records_among_good_ones_never_stop_it(batches: list[tuple[int, int]]) -> None:
    limit = RatioLimit(0.5)
    assert all(passes(limit, good, bad) for good, bad in batches)


async def test_a_halt_tells_the_reason_while_a_step_stands() -> None:
    halt, step = Halt(), object()
    await halt.check()
    halt.stand(step, TooManyUnreadable(1, 1, 0.5, {}))
    with pytest.raises(TooManyUnreadable):
        await halt.check()
    assert halt.count == 1
    halt.go(step)
    await halt.check()

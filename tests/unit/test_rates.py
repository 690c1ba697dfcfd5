"""Rates: in any span of time no key gets more than its rate allows, and none is kept out for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etappe.rates import BURST_SECONDS, Rates, burst_of


class Moved:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


RATES = st.floats(0.01, 10_000)
STEPS = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 300)), min_size=1, max_size=60)


@given(rate=RATES, steps=STEPS)
def test_no_span_of_time_admits_more_than_its_rate_and_one_burst(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    """From every admitted request to every later one; of the last only the first event counts."""
    clock = Moved()
    rates = Rates(clock)
    admitted: list[tuple[float, int]] = []
    for pause, count in steps:
        clock.seconds += pause
        if rates.take("k", rate, count) == 0:
            admitted.append((clock.seconds, count))
    for first, (begin, _) in enumerate(admitted):
        before = 0
        for at, count in admitted[first:]:
            allowed = rate * (at - begin) + burst_of(rate)
            assert before + 1 <= allowed * (1 + 1e-9) + 1e-6
            before += count


@given(rate=RATES, sizes=st.lists(st.integers(1, 100_000), min_size=1, max_size=10))
def test_who_waits_as_long_as_told_is_admitted_however_large_the_request(
    rate: float, sizes: list[int]
) -> None:
    clock = Moved()
    rates = Rates(clock)
    for size in sizes:
        wait = rates.take("k", rate, size)
        if wait:
            clock.seconds += wait * (1 + 1e-9) + 1e-6
            assert rates.take("k", rate, size) == 0


@given(rate=RATES, size=st.integers(1, 1_000))
def test_who_asks_a_moment_too_early_is_told_to_wait_on(rate: float, size: int) -> None:
    clock = Moved()
    rates = Rates(clock)
    while not (wait := rates.take("k", rate, size * BURST_SECONDS)):
        pass
    clock.seconds += wait * 0.99
    assert rates.take("k", rate, size) > 0


def test_ten_events_a_second_are_a_hundred_at_once_and_then_one_in_a_tenth() -> None:
    clock = Moved()
    rates = Rates(clock)
    assert [rates.take("k", 10, 1) for _ in range(100)] == [0.0] * 100
    assert rates.take("k", 10, 1) == 0.1
    clock.seconds = 0.1
    assert rates.take("k", 10, 1) == 0
    assert rates.take("k", 10, 1) > 0


def test_a_large_request_is_admitted_and_owed() -> None:
    clock = Moved()
    rates = Rates(clock)
    assert rates.take("k", 1, 100) == 0
    assert rates.take("k", 1, 1) == 91
    clock.seconds = 91
    assert rates.take("k", 1, 1) == 0


def test_looking_takes_nothing() -> None:
    rates = Rates(Moved())
    assert [rates.take("k", 0.1, 0) for _ in range(5)] == [0.0] * 5
    assert rates.take("k", 0.1, 1) == 0
    assert rates.take("k", 0.1, 0) == 10


def test_keys_do_not_share_a_bucket() -> None:
    rates = Rates(Moved())
    assert rates.take("a", 1, 50) == 0
    assert rates.take("b", 1, 1) == 0
    assert rates.take("a", 1, 1) > 0


def test_a_rate_of_zero_is_no_limit_and_keeps_nothing() -> None:
    rates = Rates(Moved())
    assert [rates.take("k", 0, 1_000_000) for _ in range(3)] == [0.0] * 3
    assert len(rates) == 0


def test_a_lower_rate_holds_at_once() -> None:
    """A full bucket of the former rate is not kept."""
    rates = Rates(Moved())
    assert rates.take("k", 100, 1) == 0
    assert rates.take("k", 1, 9) == 0
    assert rates.take("k", 1, 1) == 0
    assert rates.take("k", 1, 1) == 1


def test_a_clock_that_goes_back_refills_nothing_and_stops_nobody() -> None:
    clock = Moved()
    rates = Rates(clock)
    clock.seconds = 100
    assert rates.take("k", 1, 10) == 0
    clock.seconds = 0
    assert rates.take("k", 1, 1) == 1
    clock.seconds = 1
    assert rates.take("k", 1, 1) == 0


def test_only_so_many_buckets_are_kept() -> None:
    rates = Rates(Moved(), most=3)
    for key in "abcda":
        assert rates.take(key, 0.1, 1) == 0
    assert len(rates) == 3
    assert rates.take("d", 0.1, 1) > 0

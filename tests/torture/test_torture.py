"""The short form of `make torture`: a few rounds of every fault that is quick, at a lower rate."""

from __future__ import annotations

import pytest
from torture.faults import Fault, faults
from torture.run import endure

RATE = 300.0
SEED = 7

QUICK = [each for each in faults() if each.few]

pytestmark = [pytest.mark.timeout(400), pytest.mark.kafka]


@pytest.mark.parametrize("fault", QUICK, ids=lambda each: each.name)
def test_nothing_is_lost_and_nothing_counted_twice(fault: Fault) -> None:
    outcome = endure(fault, fault.few, RATE, SEED)
    reckoning = outcome.reckoning
    assert outcome.sent.wrong == []
    assert (reckoning.lost, reckoning.duplicated, reckoning.unlike_rebuild) == (0, 0, [])
    assert reckoning.stored == reckoning.accepted > 0

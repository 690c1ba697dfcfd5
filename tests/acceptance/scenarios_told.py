"""The identity scenarios that are told over HTTP: in which order to which installation, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping

from playing import Told
from reference.scenarios import Scenario, scenarios

Telling = Mapping[str, Told]
"""What came of each, by its name."""


def in_another_order(scenario: Scenario, number: int) -> Scenario:
    """Backwards or shuffled, by turns; as written where that is the only order."""
    others = list(scenario.variants)[1:]
    return others[number % len(others)] if others else scenario


AS_WRITTEN = [each for each in scenarios() if each.level == "service"]
OTHERWISE = [in_another_order(each, n) for n, each in enumerate(AS_WRITTEN)]


def check(told: Told) -> None:
    """Everything was looked at and as expected."""
    if told.failure is not None:
        raise told.failure
    assert told.differences, "nothing was looked at"
    assert [each for each in told.differences if each] == []

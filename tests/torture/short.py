"""The short form of `make torture`: a few rounds of every fault that is quick, at a lower rate."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from kafka.broker import BrokerMissing
from torture.campaigns import campaigns
from torture.run import MOST_MB, run_campaign

RATE = 300.0
SEED = 7


def assert_endured(*names: str) -> None:
    """Nothing is lost and nothing counted twice in these campaigns, which share one installation of their kind here.

    Without Java those with Kafka are skipped; with `CI` set they fail.
    """
    first, *others = [each for each in campaigns() if each.name in names]
    chosen = [fault for each in (first, *others) for fault in each.faults if fault.few]
    campaign = replace(first, name=" + ".join(names), faults=chosen)
    try:
        outcomes = run_campaign(campaign, chosen, RATE, SEED, short=True, tell=lambda _: None)
    except BrokerMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the real Kafka: {missing}")
        pytest.skip(f"no real Kafka here: {missing}")
    assert {each.fault for each in outcomes} == {each.name for each in chosen}
    for outcome in outcomes:
        assert outcome.wrong == [], outcome
        assert (outcome.lost, outcome.duplicated) == (0, 0), outcome
        assert outcome.rounds == outcome.wanted > 0
    assert sum(each.accepted for each in outcomes) > 0
    for outcome in outcomes:
        collector = max(outcome.memory.get("collector", 0), outcome.memory.get("collect", 0))
        assert 0 < collector < MOST_MB["collector"], outcome

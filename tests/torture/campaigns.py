"""Campaigns: installations, what is sent to them, and the faults that strike each by turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from torture import faults
from torture.faults import Fault
from torture.installations import Installation, Kafka, Small

LIVE_SECONDS = 30.0
"""How late what is live may be in the answers beside a flood."""


@dataclass(frozen=True)
class Campaign:
    """One installation under one load. `warm_up`: seconds of load before the first strike."""

    name: str
    make: Callable[[], Installation]
    faults: Sequence[Fault]
    warm_up: float = 0.0

    @property
    def installation(self) -> str:
        """Its kind, by name."""
        made = self.make.func if isinstance(self.make, partial) else self.make
        return str(made.name)  # type: ignore[attr-defined]  # a class of installations


def campaigns() -> Iterator[Campaign]:
    """All of them, the small installation's first."""
    yield Campaign("killed, SQLite", Small, [
        *(Fault(f"kill -9 of the {what}", partial(faults.kill, what), 1, 50)
          for what in ("collector", "core", "supervisor")),
        Fault("SIGTERM and a new start", faults.clean_stop, 1, 50),
    ])  # fmt: skip
    yield Campaign("killed, Kafka", Kafka, [
        Fault("kill -9 of etappe collect", partial(faults.kill, "collect"), 1, 50),
        Fault("kill -9 of etappe stitch", partial(faults.kill, "stitch"), 1, 50),
        Fault("kill -9 of the broker", partial(faults.kill, "broker"), 1, 10),
        Fault("SIGTERM to all and a new start", faults.clean_stop, 1, 20),
        Fault("a second stitcher comes and goes", faults.owner_changed, 1, 20),
        Fault("owner suspended for 30 s and resumed", partial(faults.zombie, 30), 0, 3),
    ])  # fmt: skip
    yield from _outages()
    yield from _replays()
    yield from _floods()


def _outages() -> Iterator[Campaign]:
    yield Campaign("outages of Kafka", partial(Kafka, proxied=True), [
        Fault("broker down for 60 s", partial(faults.broker_down, 60), 0, 2),
        Fault("broker suspended for 20 s", partial(faults.broker_suspended, 20), 0, 3),
        Fault("Kafka slow for 20 s", partial(faults.way_slow, 0, 20), 1, 3),
        Fault("Kafka silent for 20 s", partial(faults.way_silent, 0, 20), 0, 3),
        Fault("half-open connections to Kafka", partial(faults.way_forgotten, 0), 1, 5),
    ])  # fmt: skip
    yield Campaign("outages of ClickHouse", partial(Kafka, proxied=True), [
        Fault("ClickHouse down for 20 s", partial(faults.warehouse_down, 20), 0, 3),
        Fault("ClickHouse suspended for 20 s", partial(faults.warehouse_suspended, 20), 0, 3),
        Fault("ClickHouse slow for 20 s", partial(faults.way_slow, 1, 20), 1, 3),
        Fault("ClickHouse fails inserts for 20 s", partial(faults.inserts_failing, 20), 1, 3),
        Fault("half-open connections to ClickHouse", partial(faults.way_forgotten, 1), 0, 2, patience=400),
    ])  # fmt: skip
    yield Campaign("three brokers", partial(Kafka, brokers=3), [
        Fault("one of three brokers killed", faults.replica_lost, 1, 3),
        Fault("two of three brokers killed", faults.replicas_lost, 1, 3),
    ])  # fmt: skip


def _replays() -> Iterator[Campaign]:
    for make, size in ((Small, "SQLite"), (Kafka, "Kafka")):
        yield Campaign(f"the log again, {size}", make, [
            Fault("the log replayed twice", partial(faults.replayed, 2), 1, 2),
            Fault("tables dropped, made from the log", faults.made_again, 1, 2),
            Fault("1 % bad records", partial(faults.few_bad, 0.01), 1, 3),
            Fault("50 % bad records", partial(faults.many_bad, 0.5), 0, 3),
            Fault("nothing but bad records", partial(faults.all_bad, 3000), 1, 3),
        ], warm_up=20)  # fmt: skip


def _floods() -> Iterator[Campaign]:
    for make, size in ((Small, "SQLite"), (Kafka, "Kafka")):
        few = int(make is Small)
        yield Campaign(f"floods, {size}", make, [
            Fault("ten times what the stitcher takes", partial(faults.overfed, 10), few, 3, patience=600),
            Fault("half of all from one device", faults.hot, few, 3, patience=600, limit=LIVE_SECONDS),
            Fault("records that fail every time", partial(faults.deadly, 3), few, 3),
            Fault("a back-fill beside live traffic", faults.backfilled, few, 3, patience=600, limit=LIVE_SECONDS),
        ])  # fmt: skip

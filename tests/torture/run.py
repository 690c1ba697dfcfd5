"""One fault in rounds under load, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from torture.faults import Fault
from torture.installations import Installation, Kafka, Small
from torture.load import Load, Sent
from torture.reckoning import Reader, Reckoning

PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class Outcome:
    """`recoveries`: per round the seconds until everything acknowledged before the fault's end was in the answers."""

    fault: Fault
    rounds: int
    sent: Sent
    reckoning: Reckoning
    recoveries: list[float]

    @property
    def is_right(self) -> bool:
        return self.reckoning.is_right and not self.sent.wrong


def endure(
    fault: Fault, rounds: int, rate: float, seed: int, tell: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Strike `rounds` times at moments that `seed` decides, under `rate` touchpoints a second; then reckon."""
    installation: Installation = Small() if fault.size == "small" else Kafka()
    reader = Reader(installation.face.query, installation.keys)
    try:
        load = Load(installation.face.collector, installation.keys["secret_key"], rate)
        recoveries = []
        load.start()
        try:
            for number in range(rounds):
                tell(f"round {number + 1}")
                recoveries.append(_round(fault, installation, load, reader, Random(f"{seed} {number}")))
        finally:
            load.stop()
        tell("reading back")
        return Outcome(fault, rounds, load.sent, reader.reckon(load.sent), recoveries)
    finally:
        reader.close()
        installation.end()


def _round(fault: Fault, installation: Installation, load: Load, reader: Reader, random: Random) -> float:
    """Seconds from the end of the fault until what was acknowledged before that is in the answers."""
    time.sleep(random.uniform(0.2, 2))
    fault.strike(installation, random)
    position, begun = load.position, time.monotonic()
    installation.wait_until_ready()
    reader.wait_for(position, PATIENCE_SECONDS)
    return time.monotonic() - begun

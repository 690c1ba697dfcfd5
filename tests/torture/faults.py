"""The faults: what is done to an installation under load, a round at a time."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Literal

from torture.installations import Installation, Kafka

Size = Literal["small", "kafka"]
Strike = Callable[[Any, Random], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. `few` rounds in the short form, `many` in the whole one."""

    name: str
    size: Size
    strike: Strike
    few: int
    many: int


def kill(what: str, installation: Installation, _: Random) -> None:
    installation.kill(what)


def clean_stop(installation: Installation, _: Random) -> None:
    installation.stop()
    installation.begin_again()


def broker_down(seconds: float, installation: Kafka, _: Random) -> None:
    installation.broker.kill()
    time.sleep(seconds)
    installation.broker.start()


def broker_suspended(seconds: float, installation: Kafka, _: Random) -> None:
    """Connections stay open and nothing answers on them."""
    installation.broker.suspend()
    time.sleep(seconds)
    installation.broker.resume()


def warehouse_down(seconds: float, installation: Kafka, _: Random) -> None:
    installation.stop_front()
    time.sleep(seconds)
    installation.start_front()


def warehouse_suspended(seconds: float, installation: Kafka, _: Random) -> None:
    installation.front.signal(signal.SIGSTOP)
    time.sleep(seconds)
    installation.front.signal(signal.SIGCONT)


def owner_changed(installation: Kafka, random: Random) -> None:
    """Another stitcher joins and takes partitions over in mid-batch; then it leaves, by SIGTERM or by SIGKILL."""
    installation.add_stitcher()
    time.sleep(random.uniform(1, 4))
    installation.remove_stitcher(random.choice((signal.SIGTERM, signal.SIGKILL)))


def zombie(seconds: float, installation: Kafka, _: Random) -> None:
    """The owner is suspended until another has its partitions; then it goes on with what it had in hand."""
    installation.add_stitcher()
    owner = installation.pause("stitch")
    time.sleep(seconds)
    owner.send_signal(signal.SIGCONT)
    time.sleep(2)
    installation.remove_stitcher(signal.SIGTERM)


def faults() -> Iterator[Fault]:
    """All of them, the small installation's first."""
    for what in ("collector", "core", "supervisor"):
        yield Fault(f"kill -9 of the {what}", "small", partial(kill, what), 2, 50)
    yield Fault("SIGTERM and a new start", "small", clean_stop, 2, 50)
    for what in ("collect", "stitch"):
        yield Fault(f"kill -9 of etappe {what}", "kafka", partial(kill, what), 2, 50)
    yield Fault("kill -9 of the broker", "kafka", partial(kill, "broker"), 1, 10)
    yield Fault("broker down for 60 s", "kafka", partial(broker_down, 60), 0, 2)
    yield Fault("broker suspended for 20 s", "kafka", partial(broker_suspended, 20), 0, 3)
    yield Fault("ClickHouse down for 20 s", "kafka", partial(warehouse_down, 20), 0, 3)
    yield Fault("ClickHouse suspended for 20 s", "kafka", partial(warehouse_suspended, 20), 0, 3)
    yield Fault("a second stitcher comes and goes", "kafka", owner_changed, 1, 20)
    yield Fault("owner suspended for 30 s and resumed", "kafka", partial(zombie, 30), 0, 3)

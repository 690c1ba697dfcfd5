"""Row: how much longer ordinary customers wait when half of the traffic is one device, and one person has 1,000
identifiers.

The work happens in a process of its own (`python -m bench.others BATCHES HISTORY`), because it holds an engine.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from bench.figures import Pair, Row, percentile
from bench.places import Place, place
from bench.processes import ROOT
from bench.scale import Scale
from etappe.eventlog import TOUCHPOINTS, Record
from etappe.identifiers import Identifier, make_identifier
from etappe.memory import settle_memory
from etappe.phases import load_models
from etappe.touchpoint import Page, Touchpoint, encode_record, record_key
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.epochs import writer_epoch
from stitcher.normalise import NamedIdentifiers, normalise
from stitcher.writer import Writer

_SALT = "00"
_AT_ONCE = 500
_OF_DEVICE, _OF_PERSON = 250, 10
"""Touchpoints of a batch; of the device's one in fifty is a login by an ordinary customer."""
_ADDRESSES = 999
"""Of the person, who with the user id has 1,000 identifiers, the most that may be joined."""
_LONGER = (100_000, 500_000)
"""Touchpoints that the device has already, where growth is measured."""
_DAY_MS = 86_400_000


class Timing(NamedTuple):
    """Of one batch."""

    seconds: float
    processor: float


@dataclass(frozen=True, slots=True)
class Found:
    """The batches with device and person, and without; how many touchpoints the device has in the end."""

    beside: list[Timing]
    alone: list[Timing]
    of_device: int

    @property
    def processor(self) -> float:
        """How many times the processor time, by the medians."""
        return median(each.processor for each in self.beside) / median(each.processor for each in self.alone)

    def pair(self, share: float) -> Pair:
        """The seconds below which this share of the batches lies."""
        both = [percentile((each.seconds for each in side), share) for side in (self.beside, self.alone)]
        return Pair(*both)


def rows(scale: Scale) -> Iterator[Row]:
    """p50 and p95 of the time to apply a batch with them and without; in the notes, with a longer history."""
    found = _measured(scale.batches, 0)
    notes = [
        f"{scale.batches} batches of {_AT_ONCE}, processor time {found.processor:.1f} times; the device has "
        f"{found.of_device:,} touchpoints in the end",
        *(_longer(max(5, scale.batches // 3), history) for history in _LONGER),
    ]
    for share in (0.5, 0.95):
        yield Row(
            f"others' delay beside a large device and a large person, p{share * 100:.0f}",
            "s",
            [found.pair(share)],
            "batches of ordinary customers alone",
            "≤ 2",
            notes if share == 0.5 else [],
        )


def _longer(batches: int, history: int) -> str:
    found = _measured(batches, history)
    half, most = found.pair(0.5), found.pair(0.95)
    return (
        f"{batches} batches where the device has {found.of_device:,} in the end: p50 {half.ours:.2f} s, "
        f"{half.ours / half.reference:.1f} times; p95 {most.ours:.2f} s, {most.ours / most.reference:.1f} times; "
        f"processor time {found.processor:.1f} times"
    )


def _measured(batches: int, history: int) -> Found:
    command = [sys.executable, "-m", "bench.others", str(batches), str(history)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench.others failed:\n{done.stderr[-3000:]}")
    beside, alone, count = json.loads(done.stdout.splitlines()[-1])
    return Found([Timing(*each) for each in beside], [Timing(*each) for each in alone], count)


class Tenant:
    """A workspace with a writer of its own; its batches are normalised before the time is taken."""

    def __init__(self, session: Session, name: str, now: int) -> None:
        self.session = session
        self._now = now
        self._workspace = Workspace(name, _SALT)
        self._named = NamedIdentifiers()
        self._chance = random.Random(5)
        self._offset = 0
        self.of_device = 0
        self._writer = Writer(self._workspace, writer_epoch(session, "bench"), 0)
        self._writer.start(session, load_models(None))

    @property
    def device(self) -> Identifier:
        return self._identifier("anonymous_id", "the-device")

    def give_history(self, count: int) -> None:
        """Touchpoints of the device before the first batch."""
        bound = {
            "workspace": self._workspace.name,
            "identifier": self.device.key,
            "count": count,
            "start": self._now - 20 * _DAY_MS,
        }
        self.session.execute(statement("bench.sql", "history"), bound)
        self.of_device += count

    def give_identifiers(self) -> None:
        """One person gets its identifiers: the user id and the e-mail addresses."""
        self.apply([self._of_person(number) for number in range(_ADDRESSES)])

    def ordinary(self, count: int = _AT_ONCE) -> list[Touchpoint]:
        """Of ordinary customers: ten touchpoints each on average, one in ten names the user."""
        return [self._by_anyone() for _ in range(count)]

    def crowded(self) -> list[Touchpoint]:
        """Half of them the device's, some the person's, the rest ordinary."""
        found = [self._on_device(number) for number in range(_OF_DEVICE)]
        found += [self._of_person(self._chance.randrange(_ADDRESSES)) for _ in range(_OF_PERSON)]
        return found + self.ordinary(_AT_ONCE - len(found))

    def apply(self, touchpoints: list[Touchpoint]) -> Timing:
        """What the second step takes: identities and journeys."""
        batches = normalise(
            self.session,
            [self._record(touchpoint) for touchpoint in touchpoints],
            1,
            self._named,
            workspaces={self._workspace.name: self._workspace},
        )
        changes = [(self._offset + number, batch) for number, batch in enumerate(batches)]
        begun, used = time.perf_counter(), time.process_time()
        self._writer.apply(self.session, changes)
        return Timing(time.perf_counter() - begun, time.process_time() - used)

    def _record(self, touchpoint: Touchpoint) -> Record:
        self._offset += 1
        name = record_key(touchpoint.workspace, touchpoint.id)
        return Record(TOUCHPOINTS, 0, self._offset, name, encode_record(touchpoint), touchpoint.stamp)

    def _by_anyone(self) -> Touchpoint:
        visitor = self._chance.randrange(2_000)
        named = [self._identifier("anonymous_id", f"device-{visitor}")]
        if self._chance.random() < 0.1:
            named.insert(0, self._identifier("user_id", f"user-{visitor}"))
        return self._touchpoint(named)

    def _on_device(self, number: int) -> Touchpoint:
        self.of_device += 1
        if number % 50:
            return self._touchpoint([self.device])
        user = self._identifier("user_id", f"user-{self._chance.randrange(2_000)}")
        return self._touchpoint([user, self.device])

    def _of_person(self, number: int) -> Touchpoint:
        email = self._identifier("email", f"{number}@example.ch")
        return self._touchpoint([self._identifier("user_id", "the-person"), email])

    def _identifier(self, type_name: str, value: str) -> Identifier:
        return make_identifier(self._workspace.salt_bytes, type_name, value)

    def _touchpoint(self, named: list[Identifier]) -> Touchpoint:
        self._now += 1
        return Touchpoint(
            workspace=self._workspace.name,
            id=f"{self._now}",
            event=self._chance.choice(("Ad Clicked", "Page Viewed", "Product Viewed", "Order Completed")),
            at=self._now,
            stamp=self._now,
            identifiers=named,
            page=Page(path="/household", url="https://shop.example.ch/household"),
        )


def measure(at: Place, batches: int, history: int) -> Found:
    """In turns; the first two batches of either are not counted."""
    session = connect_warehouse(at.settings.warehouse).session()
    migrate(session)
    now = int(time.time() * 1000)
    crowded, plain = Tenant(session, "crowded", now), Tenant(session, "alone", now)
    if history:
        crowded.give_history(history)
    crowded.give_identifiers()
    settle_memory()
    found = Found([], [], 0)
    for number in range(batches + 2):
        if number % 2:
            found.beside.append(crowded.apply(crowded.crowded()))
            found.alone.append(plain.apply(plain.ordinary()))
        else:
            found.alone.append(plain.apply(plain.ordinary()))
            found.beside.append(crowded.apply(crowded.crowded()))
    session.close()
    return Found(found.beside[2:], found.alone[2:], crowded.of_device)


def main(batches: int, history: int) -> None:
    with place() as at:
        found = measure(at, batches, history)
        print(json.dumps([found.beside, found.alone, found.of_device]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

"""A campaign: faults by turns under load, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from kafka.broker import BrokerMissing
from torture.campaigns import Campaign
from torture.faults import Fault, Field
from torture.load import OF_A_CUSTOMER, OF_A_LONG_ONE, Kind, Load
from torture.reckoning import Reader, Reckoning
from torture.watch import Watch

MOST_PARTS = 4
"""Installations that one campaign may use up: a fault that failed is left out on the next one."""

PATIENCE_SECONDS, FAILED_SECONDS = 360.0, 60.0
"""How long clients try to get rid of what they have in hand at the end; the latter after a fault that failed."""

MOST_MB = {"collector": 300, "collect": 300, "stitch": 500, "second": 500, "query": 500, "core": 2500}
"""What a process may take. A collector: its 100, what waits to be written (32), and bodies that are read meanwhile;
the core holds the engine."""

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What came of one fault.

    `recoveries`: per round the seconds until everything acknowledged before the fault's end was in the answers.
    """

    fault: str
    installation: str
    rounds: int = 0
    accepted: int = 0
    lost: int = 0
    duplicated: int = 0
    refused: int = 0
    broken: int = 0
    recoveries: list[float] = field(default_factory=list)
    calm: tuple[int, float] = (0, 0.0)
    """Touchpoints accepted in the moments before the strikes, and how many seconds those were."""
    memory: dict[str, int] = field(default_factory=dict)
    """Most resident MB of each process."""
    wrong: list[str] = field(default_factory=list)
    """What went wrong besides."""
    wanted: int = 1
    """Rounds that were asked for."""
    terms: str = ""
    """The form, the load and the seed of its run."""
    date: str = ""

    @property
    def is_right(self) -> bool:
        return self.rounds == self.wanted and not (self.lost or self.duplicated or self.wrong)

    @property
    def rate(self) -> float:
        """Touchpoints a second that were accepted while nothing was struck."""
        accepted, seconds = self.calm
        return accepted / seconds if seconds else 0.0


def run_campaign(
    campaign: Campaign, chosen: Sequence[Fault], rate: float, seed: int, *, short: bool, tell: Tell
) -> list[Outcome]:
    """Strike with the chosen faults by turns; where one fails, go on without it on a new installation."""
    turns = [fault for fault in chosen for _ in range(fault.few if short else fault.many)]
    Random(f"{seed} {campaign.name}").shuffle(turns)
    outcomes = {
        fault.name: Outcome(fault.name, campaign.installation, wanted=turns.count(fault)) for fault in chosen
    }
    for part in range(MOST_PARTS):
        if not turns:
            break
        try:
            turns = Part(campaign, outcomes, short, tell).run(turns, rate, f"{seed} {part}")
        except BrokerMissing:
            raise
        except Exception as error:
            # Whatever it is belongs into the table; the other campaigns go on.
            for name in {fault.name for fault in turns}:
                outcomes[name].wrong.append(_said(error))
            break
    return [each for each in outcomes.values() if each.rounds or each.wrong]


class Part:
    """One installation of a campaign, from its start to the reckoning."""

    def __init__(self, campaign: Campaign, outcomes: dict[str, Outcome], short: bool, tell: Tell) -> None:
        self._campaign = campaign
        self._outcomes = outcomes
        self._short = short
        self._tell = tell
        self._struck: list[Fault] = []

    def run(self, turns: Sequence[Fault], rate: float, seed: str) -> list[Fault]:
        """The turns that are left: none, unless a fault failed."""
        self._tell("starting")
        installation = self._campaign.make()
        reader = Reader(installation.face.query, installation.keys)
        watch = Watch(lambda: installation.processes)
        try:
            kind = Kind(rate, each=OF_A_CUSTOMER if self._short else OF_A_LONG_ONE)
            load = Load(installation.face.collector, installation.keys["secret_key"], kind)
            place = Field(installation, load, reader, self._short)
            watch.start()
            left = self._strike(place, turns, seed)
            self._tell("reading back")
            self._reckon(reader.reckon(load.sent), load)
            return left
        finally:
            watch.stop()
            for outcome in self._met():
                for name, most in watch.most.items():
                    outcome.memory[name] = max(most, outcome.memory.get(name, 0))
                outcome.wrong += too_large(watch.most)
            reader.close()
            installation.end()

    def _strike(self, place: Field, turns: Sequence[Fault], seed: str) -> list[Fault]:
        load = place.load
        load.start()
        patience = FAILED_SECONDS
        try:
            place.last(self._campaign.warm_up)
            for number, fault in enumerate(turns):
                self._tell(f"{fault.name}, {number + 1} of {len(turns)}")
                if not self._round(place, fault, number, Random(f"{seed} {number}")):
                    return [each for each in turns[number + 1 :] if each != fault]
            patience = PATIENCE_SECONDS
        finally:
            load.stop(patience)
        return []

    def _round(self, place: Field, fault: Fault, number: int, random: Random) -> bool:
        """Whether it went well: strike, then wait until what was acknowledged before that is in the answers."""
        outcome = self._outcomes[fault.name]
        load = place.load
        self._struck.append(fault)
        load.strike = number
        before = load.sent.refused, load.sent.broken
        try:
            outcome.calm = self._calm(load, random.uniform(0.2, 2), outcome.calm)
            fault.strike(place, random)
            position, begun = load.position, time.monotonic()
            place.installation.wait_until_ready()
            if position:
                place.reader.wait_for(position, fault.patience)
        except Exception as error:
            # Into the table with it; the campaign goes on elsewhere.
            outcome.wrong.append(_said(error))
            return False
        finally:
            outcome.refused += load.sent.refused - before[0]
            outcome.broken += load.sent.broken - before[1]
        took = place.take_delay(time.monotonic() - begun)
        outcome.recoveries.append(took)
        outcome.rounds += 1
        if took > fault.limit:
            outcome.wrong.append(f"took {took:.0f} s, more than {fault.limit:g}")
        return True

    def _calm(self, load: Load, seconds: float, before: tuple[int, float]) -> tuple[int, float]:
        """Nothing is struck for a moment; what is accepted in it, and how long it is, on top of `before`."""
        accepted, begun = load.accepted, time.monotonic()
        time.sleep(seconds)
        return before[0] + load.accepted - accepted, before[1] + time.monotonic() - begun

    def _reckon(self, found: Reckoning, load: Load) -> None:
        """To each fault what was acknowledged while it struck; to all of them what nobody can tell apart."""
        for id_, number in load.sent.ids.items():
            self._of(number).accepted += id_ is not None
        for id_ in found.lost_ids:
            self._of(load.sent.ids[id_]).lost += 1
        for id_ in found.duplicated_ids:
            self._of(load.sent.ids.get(id_, 0)).duplicated += 1
        wrong = [*load.sent.wrong[:2]]
        wrong += [f"unlike a rebuild: {each}" for each in found.unlike_rebuild]
        wrong += [f"does not add up: {found.unbalanced}"] if found.unbalanced else []
        wrong += [f"a false alarm: {found.alarm}"] if found.alarm else []
        if found.stored != found.accepted:
            wrong.append(f"stored {found.stored:,} of {found.accepted:,}")
        for outcome in self._met():
            outcome.wrong += wrong

    def _of(self, number: int) -> Outcome:
        return self._outcomes[self._struck[number].name]

    def _met(self) -> Iterable[Outcome]:
        return [self._outcomes[name] for name in {fault.name for fault in self._struck}]


def too_large(most: Mapping[str, int]) -> list[str]:
    """The processes that took more memory than they may."""
    return [
        f"{name} took {taken} MB, more than {MOST_MB[name]}"
        for name, taken in most.items()
        if taken > MOST_MB.get(name, taken)
    ]


def _said(error: Exception) -> str:
    """In one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]

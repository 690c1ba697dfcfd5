"""The phase funnel in plain Python: what /v1/funnel answers, by definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from statistics import mean, median
from zoneinfo import ZoneInfo

from reference.journeys import Journey, journeys_of_accounts


@dataclass(frozen=True)
class Asked:
    """Times and durations in ms; None: no bound, no window, no groups, no periods."""

    order: str = "reached"
    unit: str = "customer"
    begin: int | None = None
    end: int | None = None
    window: int | None = None
    by: str | None = None
    touch: str = "first"
    interval: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Unit:
    """A journey, customer or account as it counts: its journeys in the range, and those of its customers ever."""

    journeys: Sequence[Journey]
    ever: Sequence[Journey]
    asked: Asked

    @property
    def reached(self) -> dict[int, int]:
        """By phase: when it was first reached, within the window of its journey."""
        found: dict[int, int] = {}
        for journey in self.journeys:
            for phase, at in journey.first_reached.items():
                if self.asked.window is None or at <= journey.started + self.asked.window:
                    found[phase] = min(at, found.get(phase, at))
        return found

    @property
    def depth(self) -> int:
        """The furthest phase that counts, in the journey that gets furthest."""
        return max(self._depth_of(journey) for journey in self.journeys)

    @property
    def period(self) -> str | None:
        """The first day of the period in which the first journey began."""
        began = min(journey.started for journey in self.journeys)
        day = datetime.fromtimestamp(began // 1000, UTC).astimezone(ZoneInfo(self.asked.time_zone)).date()
        return period_of(day, self.asked.interval) if self.asked.interval else None

    @property
    def group(self) -> str | None:
        """The value at the first touchpoint of the first journey, or at the last of the last."""
        by = self.asked.by
        if by is None:
            return None
        if by == "first_channel":
            return self._end("first", self.ever).touches[0].channel or None
        kind, _, name = by.partition(":")
        if kind == "property":
            return self._property(name)
        journey = self._end(self.asked.touch, self.journeys)
        touch = journey.touches[0 if self.asked.touch == "first" else -1]
        return getattr(touch, kind) or None

    def moved(self, phase: int) -> int | None:
        """Ms from first reaching the phase before to first reaching this one, if both count in this order."""
        reached = self.reached
        if phase == 1 or phase > self.depth or phase not in reached or phase - 1 not in reached:
            return None
        took = reached[phase] - reached[phase - 1]
        return took if took >= 0 else None

    def _depth_of(self, journey: Journey) -> int:
        reached = Unit([journey], [journey], self.asked).reached
        if self.asked.order in ("reached", "touched"):
            return max(reached, default=0)
        depth = journey.ordered_depth if self.asked.order == "ordered" else journey.strict_depth
        return sum(1 for phase in range(1, depth + 1) if phase in reached)

    def _property(self, name: str) -> str | None:
        """The first or last one that any touchpoint of the journeys carries."""
        carrying = [j for j in self.journeys if any(name in touch.properties for touch in j.touches)]
        if not carrying:
            return None
        journey = self._end(self.asked.touch, carrying)
        values = [touch.properties[name] for touch in journey.touches if name in touch.properties]
        return values[0 if self.asked.touch == "first" else -1] or None

    @staticmethod
    def _end(touch: str, journeys: Sequence[Journey]) -> Journey:
        if touch == "first":
            return min(journeys, key=lambda j: (j.started, j.customer))
        return max(journeys, key=lambda j: (j.ended, j.customer))


def period_of(day: date, interval: str) -> str:
    """The first day of the day's period; weeks begin on Monday."""
    if interval == "week":
        return str(day - timedelta(days=day.weekday()))
    return str(day.replace(day=1) if interval == "month" else day)


def units(journeys: Iterable[Journey], asked: Asked) -> list[Unit]:
    """The units with a journey that began in the range; of an account, with what of a journey counts for it."""
    everything = list(journeys)
    if asked.unit == "account":
        shares = [(account, j) for account, j in journeys_of_accounts(everything) if account]
    else:
        shares = [("", j) for j in everything]
    names = {
        "journey": lambda _, journey: (journey.customer, journey.started),
        "customer": lambda _, journey: journey.customer,
        "account": lambda account, _: account,
    }[asked.unit]
    inside = sorted(
        (share for share in shares if _in_range(share[1], asked)), key=lambda share: names(*share)
    )
    found = []
    for _, members in groupby(inside, key=lambda share: names(*share)):
        own = list(members)
        whose = {(account, j.customer) for account, j in own}
        ever = [j for account, j in shares if (account, j.customer) in whose]
        found.append(Unit([j for _, j in own], ever, asked))
    return found


def _in_range(journey: Journey, asked: Asked) -> bool:
    return (asked.begin is None or asked.begin <= journey.started) and (
        asked.end is None or journey.started < asked.end
    )


def funnel(journeys: Iterable[Journey], phases: Sequence[str], asked: Asked) -> list[dict[str, object]]:
    """One row per group, period and phase; units that never reached any phase are in no group."""
    counted = [u for u in units(journeys, asked) if any(j.furthest for j in u.journeys)]
    keys = {(u.group, u.period) for u in counted}
    if asked.by is None and asked.interval is None:
        keys = {(None, None)}
    rows = []
    for key in sorted(keys, key=lambda pair: (pair[0] or "", pair[1] or "")):
        rows += _rows([u for u in counted if (u.group, u.period) == key], key, phases, asked)
    return rows


def _rows(
    members: Sequence[Unit], key: tuple[str | None, str | None], phases: Sequence[str], asked: Asked
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for k, phase in enumerate(phases, 1):
        times = [took / 1000 for unit in members if (took := unit.moved(k)) is not None]
        row = {
            "group": key[0],
            "phase": phase,
            "position": k,
            "count": len(_counted(members, k, asked)),
            "rate": _rate(members, 1, k, asked),
            "step_rate": _rate(members, max(k - 1, 1), k, asked),
            "dropped": sum(1 for unit in members if unit.depth == k),
            "median_seconds": median(times) if times else None,
            "average_seconds": mean(times) if times else None,
        }
        rows.append(row if asked.interval is None else {**row, "period": key[1]})
    return rows


def _counted(members: Sequence[Unit], phase: int, asked: Asked) -> list[Unit]:
    if asked.order == "touched":
        return [unit for unit in members if phase in unit.reached]
    return [unit for unit in members if unit.depth >= phase]


def _rate(members: Sequence[Unit], base: int, phase: int, asked: Asked) -> float:
    """Of the units that count at phase `base`, the share that counts at `phase` too."""
    of = _counted(members, base, asked)
    return len(_counted(of, phase, asked)) / len(of) if of else 0.0

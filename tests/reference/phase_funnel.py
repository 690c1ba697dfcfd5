"""The phase funnel in plain Python: what /v1/funnel answers, by definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from reference.filters import meets
from reference.journeys import Journey, Touch, journeys_of_accounts


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
    basis: str = "started"
    where: Sequence[Mapping[str, Any]] = ()
    percentiles: Sequence[int] = ()
    entries: bool = False
    conversion: int = 1
    lapsed: int = 365 * 86_400_000


@dataclass(frozen=True)
class Share:
    """A journey as far as it counts: for an account, of the touchpoints inside the range; and what it is a part of."""

    account: str
    counted: Journey
    number: int
    """Of the journey that it is a part of, among its customer's, from 1."""
    segment: str


@dataclass(frozen=True)
class Unit:
    """A journey, customer or account as it counts: its journeys in the range, and those of its customers ever."""

    shares: Sequence[Share]
    ever: Sequence[Journey]
    asked: Asked

    @property
    def journeys(self) -> list[Journey]:
        return [share.counted for share in self.shares]

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
        return max(self._depth_of(share) for share in self.shares)

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
        if by == "segment":
            return min(self.shares, key=lambda s: (s.counted.started, s.counted.customer)).segment
        kind, _, name = by.partition(":")
        if kind == "property":
            return self._property(name)
        journey = self._end(self.asked.touch, self.journeys)
        touch = journey.touches[0 if self.asked.touch == "first" else -1]
        return getattr(touch, kind) or None

    @property
    def entered(self) -> int | None:
        """The phase that was reached first; of equal times the earlier one."""
        return min(((at, phase) for phase, at in self.reached.items()), default=(0, None))[1]

    def counts_at(self, phase: int) -> bool:
        return phase in self.reached if self.asked.order == "touched" else self.depth >= phase

    def arrived(self, phase: int) -> tuple[int, int, Share]:
        """When it came to count at a phase, and with which journey: the first that counts there."""
        found = []
        for share in self.shares:
            alone = Unit([share], self.ever, self.asked)
            if alone.counts_at(phase):
                later = {k: at for k, at in alone.reached.items() if k >= phase}
                at = min(later.values()) if self.asked.order == "reached" else later[phase]
                found.append((at, share.counted.started, share.counted.customer, share))
        at, _, customer, share = min(found, key=lambda each: each[:3])
        return at, customer, share

    @property
    def last(self) -> Touch:
        """The last of its touchpoints that count."""
        return self._end("last", self.journeys).touches[-1]

    def moved(self, phase: int) -> int | None:
        """Ms from first reaching the phase before to first reaching this one, if both count in this order."""
        reached = self.reached
        if phase == 1 or phase > self.depth or phase not in reached or phase - 1 not in reached:
            return None
        took = reached[phase] - reached[phase - 1]
        return took if took >= 0 else None

    def _depth_of(self, share: Share) -> int:
        journey = share.counted
        reached = Unit([share], [], self.asked).reached
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
    """The units with a journey in the range that meet the filters; of an account, with what counts for it."""
    everything = sorted(journeys, key=lambda j: (j.customer, j.started))
    shares = [share for share in _shares(everything, asked) if _in_range(share.counted, asked)]
    names = {
        "journey": lambda share: (share.counted.customer, share.counted.started),
        "customer": lambda share: share.counted.customer,
        "account": lambda share: share.account,
    }[asked.unit]
    found = []
    for _, members in groupby(sorted(shares, key=names), key=names):
        own = list(members)
        whose = {(share.account, share.counted.customer) for share in own}
        ever = [j for account, j in _parts(everything, asked) if (account, j.customer) in whose]
        found.append(Unit(own, ever, asked))
    return [unit for unit in found if _passes(unit, everything)]


def _parts(journeys: Sequence[Journey], asked: Asked) -> list[tuple[str, Journey]]:
    """Journeys, or for accounts what of them counts for which."""
    if asked.unit == "account":
        return [(account, j) for account, j in journeys_of_accounts(journeys) if account]
    return [("", j) for j in journeys]


def _shares(journeys: Sequence[Journey], asked: Asked) -> list[Share]:
    """With basis `within` nothing but the touchpoints inside the range counts, as if there were no others."""
    found = []
    for account, part in _parts(journeys, asked):
        touches = part.touches
        if asked.basis == "within":
            touches = tuple(touch for touch in touches if _inside(touch.at, asked))
        if touches:
            own = [j for j in journeys if j.customer == part.customer]
            n = max(n for n, j in enumerate(own) if j.started <= part.started)
            found.append(Share(account, Journey(touches), n + 1, segment(own, n, asked)))
    return found


def segment(journeys: Sequence[Journey], n: int, asked: Asked) -> str:
    """Of one customer's journey number n (from 0): by what came before it."""
    if n == 0:
        return "new"
    if journeys[n].started - journeys[n - 1].ended > asked.lapsed:
        return "lapsed"
    converted = any(j.furthest >= asked.conversion for j in journeys[:n])
    return "existing" if converted else "returning"


def segment_of_customer(journeys: Sequence[Journey], asked: Asked) -> str | None:
    """That of the first journey that began in the range, or else (and always with basis `within`) has a part in it."""
    began = (
        [n for n, j in enumerate(journeys) if _inside(j.started, asked)] if asked.basis == "started" else []
    )
    overlapping = [
        n for n, j in enumerate(journeys)
        if (asked.begin is None or j.ended >= asked.begin) and (asked.end is None or j.started < asked.end)
    ]  # fmt: skip
    return next((segment(journeys, n, asked) for n in [*began, *overlapping]), None)


def _passes(unit: Unit, journeys: Sequence[Journey]) -> bool:
    """One of the touchpoints of its journeys meets all filters; filters on segments look at their customer."""
    for journey in unit.journeys:
        own = [j for j in journeys if j.customer == journey.customer]
        whose = {"segment": segment_of_customer(own, unit.asked), "traits": {}, "experiments": {}}
        if any(meets({**_fields(touch), **whose}, {}, unit.asked.where) for touch in journey.touches):
            return True
    return False


def _fields(touch: Touch) -> dict[str, Any]:
    return {**asdict(touch), "event": f"P{touch.phase}"}


def _in_range(journey: Journey, asked: Asked) -> bool:
    return _inside(journey.started, asked)


def _inside(at: int, asked: Asked) -> bool:
    return (asked.begin is None or asked.begin <= at) and (asked.end is None or at < asked.end)


def funnel(journeys: Iterable[Journey], phases: Sequence[str], asked: Asked) -> list[dict[str, object]]:
    """One row per group, period and phase."""
    return rows_of(units(journeys, asked), phases, asked)


def rows_of(found: Iterable[Unit], phases: Sequence[str], asked: Asked) -> list[dict[str, object]]:
    """Those of these units; units that never reached any phase are in no group."""
    counted = [u for u in found if any(j.furthest for j in u.journeys)]
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
        row |= {f"p{level}_seconds": percentile(times, level) for level in asked.percentiles}
        row |= {"entered": sum(unit.entered == k for unit in members)} if asked.entries else {}
        rows.append(row if asked.interval is None else {**row, "period": key[1]})
    return rows


def percentile(values: Sequence[float], level: int) -> float | None:
    """The value below which `level` of 100 lie; between two values, on the line from one to the other."""
    if not values:
        return None
    ordered, place = sorted(values), level / 100 * (len(values) - 1)
    low = min(int(place), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _counted(members: Sequence[Unit], phase: int, asked: Asked) -> list[Unit]:
    return [unit for unit in members if unit.counts_at(phase)]


def _rate(members: Sequence[Unit], base: int, phase: int, asked: Asked) -> float:
    """Of the units that count at phase `base`, the share that counts at `phase` too."""
    of = _counted(members, base, asked)
    return len(_counted(of, phase, asked)) / len(of) if of else 0.0

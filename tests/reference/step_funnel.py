"""The step funnel in plain Python: its definition, slow and short. Times and durations in ms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from statistics import mean, median

from reference.journeys import Touch, account_of, journeys_of

from etappe.identifiers import event_key

Test = tuple[str, str]
"""An event like P1 (`*`: any) and the plan that its properties must name (empty: whatever they name)."""


@dataclass(frozen=True)
class Step:
    """Any of the tests lets a touchpoint fill it."""

    tests: tuple[Test, ...]
    optional: bool = False
    first_time: bool = False


@dataclass(frozen=True)
class Exclusion:
    """Voids an attempt between two steps, counted from 1."""

    test: Test
    after: int
    before: int


@dataclass(frozen=True)
class Asked:
    """`by` and `hold`: names of properties; `touch`: first, last, all or step:N. None: not asked for."""

    steps: tuple[Step, ...]
    order: str = "ordered"
    unit: str = "customer"
    begin: int | None = None
    end: int | None = None
    window: int | None = None
    by: tuple[str, ...] = ()
    touch: str = "first"
    hold: str | None = None
    exclude: tuple[Exclusion, ...] = ()
    gap: int = 90 * 86_400_000


@dataclass(frozen=True)
class Attempt:
    """By step from 1 (in `any` order: by how many are done): the touchpoint that fills it."""

    filled: Mapping[int, Touch]

    @property
    def furthest(self) -> int:
        return max(self.filled)

    @property
    def started(self) -> int:
        return self.filled[1].at

    def took(self, step: int) -> int | None:
        """Ms since the step before it that the attempt did."""
        earlier = [k for k in self.filled if k < step]
        return (
            self.filled[step].at - self.filled[max(earlier)].at if step in self.filled and earlier else None
        )


def fills(touch: Touch, test: Test) -> bool:
    event, plan = test
    return event in ("*", f"P{touch.phase}") and plan in ("", touch.properties.get("plan"))


def position(touch: Touch) -> tuple[int, int, bytes]:
    """What touchpoints are ordered by: time, sequence number, id."""
    return touch.at, touch.seq, event_key(touch.id)


class History:
    """The touchpoints of one customer (journey, account) in the range, and which steps each may fill.

    `only`: a property and the value that it must have in every step of an attempt.
    """

    def __init__(
        self, touches: Sequence[Touch], asked: Asked, ever: Sequence[Touch], only: Test | None
    ) -> None:
        self.touches, self.asked, self.ever, self.only = touches, asked, ever, only
        self.steps = range(1, len(asked.steps) + 1)

    def may_fill(self, touch: Touch, k: int) -> bool:
        step = self.asked.steps[k - 1]
        if self.only and touch.properties.get(self.only[0], "") != self.only[1]:
            return False
        if not any(fills(touch, test) for test in step.tests):
            return False
        return not step.first_time or touch == min(
            (
                t
                for t in self.ever
                if t.customer == touch.customer and any(fills(t, test) for test in step.tests)
            ),
            key=position,
        )

    def fit(self, steps: Sequence[int], touches: Sequence[Touch]) -> bool:
        """Whether each of these steps can have one of these touchpoints to itself."""
        return not steps or any(
            self.may_fill(touch, steps[0]) and self.fit(steps[1:], [t for t in touches if t != touch])
            for touch in touches
        )

    def placed(self, when: Mapping[int, int], touches: Sequence[Touch]) -> Attempt:
        """Steps with their times get the first touchpoint of that time that leaves enough for the others."""
        filled = {}
        for k, at in sorted(when.items()):
            here = [t for t in touches if t.at == at]
            others = [other for other, time in when.items() if time == at and other != k]
            filled[k] = next(
                t for t in here if self.may_fill(t, k) and self.fit(others, [o for o in here if o != t])
            )
        return Attempt(filled)

    def attempts(self) -> Iterator[Attempt]:
        """The attempts that are not void, one for each time at which there is one to begin."""
        for start in sorted({touch.at for touch in self.touches}):
            end = math.inf if self.asked.window is None else start + self.asked.window
            inside = [touch for touch in self.touches if start <= touch.at <= end]
            attempt = getattr(self, self.asked.order)(start, inside)
            if attempt and not any(self.voids(each, attempt, end) for each in self.asked.exclude):
                yield attempt

    def ordered(self, start: int, inside: Sequence[Touch]) -> Attempt | None:
        """The steps that must be done at the earliest times, then those that may be done between them."""
        when: dict[int, int] = {}

        def earliest(k: int, begin: int, end: float) -> int | None:
            for at in sorted({touch.at for touch in inside if begin <= touch.at <= end}):
                if self.fit([*(o for o in when if when[o] == at), k], [t for t in inside if t.at == at]):
                    return at
            return None

        last = start
        for k in [k for k in self.steps if not self.asked.steps[k - 1].optional]:
            found = earliest(k, last, start if k == 1 else math.inf)
            if found is None:
                break
            when[k] = last = found
        if not when:
            return None
        for k in [k for k in self.steps if self.asked.steps[k - 1].optional]:
            if any(o not in when for o in range(1, k) if not self.asked.steps[o - 1].optional):
                break
            before, after = max(o for o in when if o < k), [when[o] for o in when if o > k]
            found = earliest(k, when[before], min(after, default=math.inf))
            if found is not None:
                when[k] = found
        return self.placed(when, inside)

    def strict(self, start: int, inside: Sequence[Touch]) -> Attempt | None:
        """A run of touchpoints next to each other that fills steps, leaving out optional ones alone: the furthest,
        then the one that leaves out fewest, then the one whose touchpoints and steps come first."""
        best: tuple[tuple[int, int], Attempt] | None = None
        begins = [n for n, touch in enumerate(inside) if touch.at == start]
        for n in begins:
            for size in range(1, min(len(self.steps), len(inside) - n) + 1):
                run = inside[n : n + size]
                for steps in combinations(self.steps, size):
                    skipped = [k for k in range(1, steps[-1]) if k not in steps]
                    if not all(self.asked.steps[k - 1].optional for k in skipped):
                        continue
                    when = {k: touch.at for k, touch in zip(steps, run, strict=True)}
                    if all(
                        self.fit([k for k in steps if when[k] == at], [t for t in run if t.at == at])
                        for at in set(when.values())
                    ):
                        key = (steps[-1], size)
                        if best is None or key > best[0]:
                            best = key, self.placed(when, run)
        return best[1] if best else None

    def any(self, start: int, inside: Sequence[Touch]) -> Attempt | None:
        """Touchpoints in order, each that lets one more step be done."""
        held: list[Touch] = []
        for touch in inside:
            if any(self.fit(steps, [*held, touch]) for steps in combinations(self.steps, len(held) + 1)):
                held.append(touch)
        return Attempt(dict(enumerate(held, 1))) if held and held[0].at == start else None

    def voids(self, exclusion: Exclusion, attempt: Attempt, end: float) -> bool:
        """Strictly between both steps, or after the first and inside the window where the other never came."""
        filled = attempt.filled
        if exclusion.after not in filled:
            return False
        until = filled[exclusion.before].at - 1 if exclusion.before in filled else end
        begin = filled[exclusion.after].at
        return any(fills(t, exclusion.test) and begin < t.at <= until for t in self.touches)


def value_of(touch: Touch | None, names: Iterable[str]) -> str | None:
    """The values of properties joined by `|`; None where there is none of them."""
    values = [touch.properties.get(name, "") if touch else "" for name in names]
    return "|".join(values) if any(values) else None


def histories(touches: Sequence[Touch], asked: Asked) -> list[list[Touch]]:
    """By customer, journey or account: touchpoints of the range in order; each id once."""
    found: dict[object, list[Touch]] = {}
    journeys = journeys_of(touches, asked.gap)
    for n, journey in enumerate(journeys):
        own = [t for j in journeys if j.customer == journey.customer for t in j.touches]
        for touch in journey.touches:
            account = account_of(own, touch)
            key = {"customer": touch.customer, "journey": (touch.customer, n), "account": account}[asked.unit]
            if key and (asked.begin or 0) <= touch.at < (asked.end or math.inf):
                found.setdefault(key, []).append(touch)
    return [sorted(each, key=position) for each in found.values()]


def best_attempts(
    history: Sequence[Touch], asked: Asked, ever: Sequence[Touch]
) -> list[tuple[str | None, Attempt]]:
    """The attempt by which a customer counts, and the group; one in every group with touch=all."""
    values = [tuple(t.properties.get(name, "") for name in asked.by) for t in history]
    groups = sorted(set(values)) if asked.touch == "all" and asked.by else [None]
    found: list[tuple[str | None, Attempt]] = []
    for group in groups:
        held = sorted({t.properties.get(asked.hold, "") for t in history} - {""}) if asked.hold else [None]
        attempts: list[Attempt] = []
        for value in held:
            own = _Grouped(history, asked, ever, (asked.hold, value) if asked.hold and value else None)
            own.group = group
            attempts += own.attempts()
        if attempts:
            best = min(attempts, key=lambda a: (-a.furthest, a.started, position(a.filled[1])))
            last = best.furthest if asked.touch == "last" else int(asked.touch.partition(":")[2] or 1)
            found.append((value_of(best.filled.get(last), asked.by), best))
    return found


class _Grouped(History):
    """A history of which only touchpoints of one group may fill steps."""

    group: tuple[str, ...] | None = None

    def may_fill(self, touch: Touch, k: int) -> bool:
        own = tuple(touch.properties.get(name, "") for name in self.asked.by)
        return (self.group is None or own == self.group) and super().may_fill(touch, k)


def funnel(touches: Sequence[Touch], asked: Asked) -> list[dict[str, object]]:
    """One row per group and step."""
    return rows_of(counted(touches, asked), asked)


def counted(touches: Sequence[Touch], asked: Asked) -> list[tuple[str | None, Attempt]]:
    """The attempts by which all customers count, with their groups."""
    return [pair for own in histories(touches, asked) for pair in best_attempts(own, asked, touches)]


def rows_of(found: Iterable[tuple[str | None, Attempt]], asked: Asked) -> list[dict[str, object]]:
    ordered = sorted(found, key=lambda pair: pair[0] or "")
    groups = {group: [a for _, a in own] for group, own in groupby(ordered, key=lambda pair: pair[0])}
    if not asked.by:
        groups.setdefault(None, [])
    return [row for group, attempts in groups.items() for row in _rows(group, attempts, asked)]


def _rows(group: str | None, attempts: Sequence[Attempt], asked: Asked) -> Iterator[dict[str, object]]:
    def count(k: int) -> int:
        optional = asked.steps[k - 1].optional
        return sum(k in a.filled if optional else k <= a.furthest for a in attempts)

    for k in range(1, len(asked.steps) + 1):
        required = [1, *(n for n in range(1, k) if not asked.steps[n - 1].optional)]
        times = [took / 1000 for a in attempts if (took := a.took(k)) is not None]
        yield {
            "group": group,
            "step": asked.steps[k - 1].tests[0][0],
            "position": k,
            "count": count(k),
            "rate": count(k) / count(1) if count(1) else 0.0,
            "step_rate": count(k) / count(required[-1]) if count(required[-1]) else 0.0,
            "average_seconds": mean(times) if times else None,
            "median_seconds": median(times) if times else None,
        }

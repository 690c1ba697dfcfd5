"""Attempts of one history, exactly: for what the statements cannot decide, and for steps that may be left out.

Touchpoints of one time may stand in any order. Which steps of an attempt they can fill between them is a matching:
each step needs a touchpoint of its own, found by augmenting paths.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, islice
from typing import NamedTuple

from query_api.steps.question import StepsQuestion

_MOST_CHOICES = 10_000
"""Ways to leave out optional steps that are looked at for the touchpoints of one time, in strict order."""


class Touch(NamedTuple):
    """A touchpoint as statements give it; `at` in ms, `customer` whose it is."""

    at: int
    order: int
    seq: int
    event_id: object
    mask: int
    held: str
    valued: str
    customer: int


class Filled(NamedTuple):
    """What somebody counts by: the group, and by step from 1 the touchpoint; none where every attempt is void."""

    value: str
    touches: Mapping[int, Touch]

    @property
    def furthest(self) -> int:
        return max(self.touches, default=0)


@dataclass(frozen=True, slots=True)
class Rules:
    """A question as attempts see it. Steps count from 0; an exclusion is its bit and two steps; `window` in ms."""

    order: str
    steps: int
    optional: frozenset[int]
    window: int | None
    exclude: tuple[tuple[int, int, int], ...]
    holds: bool
    apart: bool
    place: int

    @classmethod
    def of(cls, question: StepsQuestion) -> Rules:
        count = len(question.steps)
        return cls(
            question.order,
            count,
            frozenset(n for n, step in enumerate(question.steps) if step.optional),
            question.window,
            tuple((count + n, e.after - 1, e.before - 1) for n, e in enumerate(question.exclude)),
            question.hold is not None,
            question.apart,
            question.place,
        )

    @property
    def fillable(self) -> int:
        """The bits of steps."""
        return (1 << self.steps) - 1

    @property
    def first_is_best(self) -> bool:
        """Whether no attempt gets further than the first: in strict order a later one may."""
        return self.window is None and not self.exclude and self.order != "strict"


def count_history(touches: Sequence[Touch], rules: Rules) -> Iterator[Filled]:
    """By which attempts a history counts: one, or one in every group. `touches` by (time, seq, id)."""
    by_group: dict[str, list[tuple[str, str]]] = {}
    for own in dict.fromkeys(_own(touch, rules) for touch in touches if touch.mask & rules.fillable):
        if own[0] or not rules.holds:
            by_group.setdefault(own[1], []).append(own)
    for kept in by_group.values():
        attempts = [
            attempt for own in kept for attempt in [_best(touches, own, rules)] if attempt is not None
        ]
        counting = [attempt for attempt in attempts if attempt]
        if counting:
            best = min(counting, key=lambda a: (-max(a), *_place(touches[a[0]])))
            yield _filled(touches, best, rules)
        elif attempts:
            yield Filled("", {})


Attempt = dict[int, int]
"""By step the index of its touchpoint; empty: void."""


def _own(touch: Touch, rules: Rules) -> tuple[str, str]:
    return touch.held if rules.holds else "", touch.valued if rules.apart else ""


def _place(touch: Touch) -> tuple[int, int, object]:
    return touch.at, touch.seq, touch.event_id


def _filled(touches: Sequence[Touch], attempt: Attempt, rules: Rules) -> Filled:
    place = max(attempt) if rules.place < 0 else rules.place - 1
    value = touches[attempt[place]].valued if place in attempt else ""
    return Filled(value, {step + 1: touches[n] for step, n in sorted(attempt.items())})


def _best(touches: Sequence[Touch], own: tuple[str, str], rules: Rules) -> Attempt | None:
    """The earliest of the attempts that get furthest; empty where all are void, None where there is none."""
    masks = [touch.mask & rules.fillable if _own(touch, rules) == own else 0 for touch in touches]
    history = _History(touches, masks, rules)
    best: Attempt | None = None
    for attempt in history.attempts():
        if best is None or (attempt and (not best or max(attempt) > max(best))):
            best = attempt
        if best and (rules.first_is_best or max(best) == rules.steps - 1):
            break
    return best


class _History:
    """Touchpoints with the steps that each may fill in these attempts, in groups of equal time."""

    def __init__(self, touches: Sequence[Touch], masks: Sequence[int], rules: Rules) -> None:
        self._touches, self._masks, self._rules = touches, masks, rules
        self._groups = [
            [n for n, _ in group] for _, group in groupby(enumerate(touches), key=lambda pair: pair[1].at)
        ]
        self._times = [touches[group[0]].at for group in self._groups]
        self._of_step: list[list[int]] = [[] for _ in range(rules.steps)]
        for g, group in enumerate(self._groups):
            together = 0
            for n in group:
                together |= masks[n]
            for step in range(rules.steps):
                if together >> step & 1:
                    self._of_step[step].append(g)

    def attempts(self) -> Iterator[Attempt]:
        """One for each time at which one can begin, void ones as empty."""
        for g, at in enumerate(self._times):
            end = None if self._rules.window is None else at + self._rules.window
            last = len(self._times) if end is None else bisect_left(self._times, end + 1)
            attempt = self._attempt(g, last)
            if attempt is not None:
                yield {} if self._is_void(attempt, end) else attempt

    def _attempt(self, start: int, last: int) -> Attempt | None:
        """The attempt that begins in group `start` and ends before group `last`."""
        match self._rules.order:
            case "ordered":
                return self._ordered(start, last)
            case "strict":
                return self._strict(start, last)
            case _:
                return self._any(start, last)

    def _ordered(self, start: int, last: int) -> Attempt | None:
        rules = self._rules
        when: dict[int, list[int]] = {}
        reached: dict[int, int] = {}

        def earliest(step: int, begin: int, end: int) -> int | None:
            """The first group from `begin` to before `end` that can fill this step, too."""
            groups = self._of_step[step]
            for g in groups[bisect_left(groups, begin) :]:
                if g >= end:
                    return None
                if self._fit([*when.get(g, []), step], self._groups[g]):
                    return g
            return None

        former = start
        for step in range(rules.steps):
            if step in rules.optional:
                continue
            g = earliest(step, former, start + 1 if step == 0 else last)
            if g is None:
                break
            when.setdefault(g, []).append(step)
            reached[step] = former = g
        if not reached:
            return None
        for step in sorted(rules.optional):
            if any(other not in reached for other in range(step) if other not in rules.optional):
                break
            before = reached[max(other for other in reached if other < step)]
            after = min((reached[other] for other in reached if other > step), default=last - 1)
            g = earliest(step, before, after + 1)
            if g is not None:
                when.setdefault(g, []).append(step)
                reached[step] = g
        return self._placed({g: (steps, self._groups[g]) for g, steps in when.items()})

    def _strict(self, start: int, last: int) -> Attempt | None:
        """Among runs of touchpoints the furthest, then the longest."""
        best: tuple[tuple[int, int], Attempt] | None = None
        for skipped in range(len(self._groups[start])):
            for key, run in self._runs(start, last, skipped):
                if best is None or key > best[0]:
                    best = key, self._placed(run)
        return best[1] if best else None

    def _runs(
        self, start: int, last: int, skipped: int
    ) -> Iterator[tuple[tuple[int, int], dict[int, tuple[list[int], list[int]]]]]:
        """Runs that begin after `skipped` touchpoints of group `start`: how far and long each is, and its steps."""
        # By the furthest step so far, the steps of the groups before.
        states: dict[int, dict[int, tuple[list[int], list[int]]]] = {-1: {}}
        size = 0
        for g in range(start, last):
            group = self._groups[g][skipped if g == start else 0 :]
            for length in range(1, len(group) + 1):
                if size + length > self._rules.steps:
                    return
                run = group[:length]
                following: dict[int, dict[int, tuple[list[int], list[int]]]] = {}
                for former, placed in states.items():
                    for steps in self._choices(former, run, first=g == start):
                        said = {**placed, g: (steps, run)}
                        held = following.get(steps[-1])
                        if held is None or _in_order(said) < _in_order(held):
                            following[steps[-1]] = said
                for furthest, said in following.items():
                    yield (furthest, size + length), said
            if not following:
                return
            states, size = following, size + len(group)

    def _choices(self, former: int, run: Sequence[int], *, first: bool) -> Iterator[list[int]]:
        """Steps after `former` that this run of one time fills, leaving out optional ones alone."""
        optional = self._rules.optional
        for furthest in range(former + len(run), self._rules.steps):
            between = range(former + 1, furthest)
            needed = [step for step in between if step not in optional]
            free = len(run) - 1 - len(needed)
            if free < 0:
                return
            chosen = combinations([step for step in between if step in optional], free)
            for extra in islice(chosen, _MOST_CHOICES):
                steps = sorted([*needed, *extra, furthest])
                if (not first or steps[0] == 0) and self._fit(steps, run):
                    yield steps

    def _any(self, start: int, last: int) -> Attempt | None:
        """Touchpoints in order, each that lets one more step be done."""
        found: list[int] = []
        matched: dict[int, int] = {}
        for g in range(start, last):
            for n in self._groups[g]:
                if self._augment(n, matched, set()):
                    found.append(n)
                    if len(found) == self._rules.steps:
                        return dict(enumerate(found))
            if not found:
                return None
        return dict(enumerate(found))

    def _augment(self, touch: int, matched: dict[int, int], seen: set[int]) -> bool:
        for step in range(self._rules.steps):
            if self._masks[touch] >> step & 1 and step not in seen:
                seen.add(step)
                if step not in matched or self._augment(matched[step], matched, seen):
                    matched[step] = touch
                    return True
        return False

    def _fit(self, steps: Sequence[int], touches: Sequence[int]) -> bool:
        """Whether each of these steps can have one of these touchpoints to itself."""
        if len(steps) > len(touches):
            return False
        if len(steps) == 1:
            return any(self._masks[n] >> steps[0] & 1 for n in touches)
        matched: dict[int, int] = {}
        return all(self._assign(step, touches, matched, set()) for step in steps)

    def _assign(self, step: int, touches: Sequence[int], matched: dict[int, int], seen: set[int]) -> bool:
        for n in touches:
            if self._masks[n] >> step & 1 and n not in seen:
                seen.add(n)
                if n not in matched or self._assign(matched[n], touches, matched, seen):
                    matched[n] = step
                    return True
        return False

    def _placed(self, when: Mapping[int, tuple[Sequence[int], Sequence[int]]]) -> Attempt:
        """Each step gets the first touchpoint of its time that leaves enough for the others."""
        attempt: Attempt = {}
        for steps, touches in when.values():
            for step in steps:
                others = [other for other in steps if other != step]
                attempt[step] = next(
                    n
                    for n in touches
                    if self._masks[n] >> step & 1 and self._fit(others, [o for o in touches if o != n])
                )
        return attempt

    def _is_void(self, attempt: Attempt, end: int | None) -> bool:
        """Whether something excluded lies strictly between two steps, or up to the end where the second never came."""
        for bit, after, before in self._rules.exclude:
            if after not in attempt:
                continue
            begin = self._touches[attempt[after]].at
            until = self._touches[attempt[before]].at - 1 if before in attempt else end
            if any(
                t.mask >> bit & 1 and begin < t.at and (until is None or t.at <= until) for t in self._touches
            ):
                return True
        return False


def _in_order(run: Mapping[int, tuple[Sequence[int], Sequence[int]]]) -> list[int]:
    return [step for g in sorted(run) for step in run[g][0]]

"""The fold in plain Python: what a customer's journeys are, by definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise


@dataclass(frozen=True)
class Touch:
    """A touchpoint of a customer: `at` in ms; `phase` its position in the model, 0 where no rule matches."""

    customer: int
    at: int
    phase: int = 0
    seq: int = 0
    id: str = ""
    account: str = ""
    value: float = 0.0
    channel: str = ""
    campaign: str = ""
    source: str = ""
    contact: str = ""
    offline: bool = False
    sentiment: float | None = None
    device: str = ""
    country: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Journey:
    """Touchpoints of one customer between two gaps, by (time, seq, id); never empty."""

    touches: tuple[Touch, ...]

    @property
    def customer(self) -> int:
        return self.touches[0].customer

    @property
    def started(self) -> int:
        return self.touches[0].at

    @property
    def ended(self) -> int:
        return self.touches[-1].at

    @property
    def first_reached(self) -> dict[int, int]:
        """By phase: when a touchpoint of it came first."""
        reached: dict[int, int] = {}
        for touch in self.touches:
            if touch.phase:
                reached.setdefault(touch.phase, touch.at)
        return reached

    @property
    def furthest(self) -> int:
        return max(self.first_reached, default=0)

    @property
    def ordered_depth(self) -> int:
        """The largest k so that phases 1 to k were all first reached, none before the one before it."""
        reached, depth = self.first_reached, 0
        while depth + 1 in reached and reached.get(depth, self.started) <= reached[depth + 1]:
            depth += 1
        return depth

    @property
    def strict_depth(self) -> int:
        """As ordered, and from the first touchpoint of phase 1 to the first of phase k none steps back.

        Touchpoints of equal time stand in the order of their phases; those without a phase do not count.
        """
        steps = self.steps
        onward = steps[steps.index((self.first_reached[1], 1)) :] if 1 in self.first_reached else []
        backs = [after for before, after in pairwise(onward) if after[1] < before[1]]
        depth = 0
        while depth < self.ordered_depth and (
            not backs or (self.first_reached[depth + 1], depth + 1) < backs[0]
        ):
            depth += 1
        return depth

    @property
    def steps(self) -> list[tuple[int, int]]:
        """(time, phase) of the touchpoints that have a phase; those of equal time in the order of their phases."""
        return sorted((touch.at, touch.phase) for touch in self.touches if touch.phase)

    @property
    def visits(self) -> list[tuple[int, int]]:
        """(time, phase) of each entry into a phase: the steps that follow one of another phase, or none."""
        befores = [0, *(phase for _, phase in self.steps)]
        return [step for step, before in zip(self.steps, befores, strict=False) if step[1] != before]

    @property
    def phase(self) -> int:
        """The phase that it is in: of its last step; 0: none."""
        return self.visits[-1][1] if self.visits else 0

    @property
    def entered(self) -> int | None:
        """Since when it is in that phase, without having been in another."""
        return self.visits[-1][0] if self.visits else None

    def dwell(self, phase: int) -> int:
        """Ms in a phase: from each of its steps to the next step of any phase, or else to the journey's end."""
        nexts = [*(at for at, _ in self.steps[1:]), self.ended]
        return sum(
            end - at for (at, at_phase), end in zip(self.steps, nexts, strict=False) if at_phase == phase
        )

    @property
    def skipped(self) -> list[int]:
        """Phases before the furthest that no touchpoint is in."""
        return [phase for phase in range(1, self.furthest) if phase not in self.first_reached]

    @property
    def regressions(self) -> int:
        """Entries into a phase from a later one."""
        return sum(after < before for (_, before), (_, after) in pairwise(self.visits))

    @property
    def reentries(self) -> int:
        """Entries into a phase that it had been in before."""
        return len(self.visits) - len(self.first_reached)

    def is_live(self, now: int, gap: int) -> bool:
        """Whether a touchpoint now would still belong to it."""
        return self.ended >= now - gap

    def stuck_since(self, conversion: int, now: int, gap: int) -> int | None:
        """Of a live journey that reached neither the conversion phase nor a later one: since when in its phase."""
        return self.entered if self.is_live(now, gap) and self.furthest < conversion else None

    def until(self, at: int) -> Journey:
        """What of it there was at a time, which is its beginning or later."""
        return Journey(tuple(touch for touch in self.touches if touch.at <= at))


def journey_at(journeys: Sequence[Journey], at: int) -> tuple[int, Journey] | None:
    """The journey that one customer was last in at a time, as far as it had come, and its number."""
    begun = [each for each in journeys if each.started <= at]
    return (len(begun), begun[-1].until(at)) if begun else None


def journeys_of(touches: Iterable[Touch], gap: int) -> list[Journey]:
    """The journeys of all customers; a silence of more than `gap` ms ends one. Copies of an id count once."""
    journeys = []
    ordered = sorted(touches, key=lambda t: (t.customer, t.at, t.seq, t.id))
    for _, own in groupby(ordered, key=lambda t: t.customer):
        history = list({touch.id: touch for touch in reversed(list(own))}.values())[::-1]
        cuts = [n for n, (one, next_) in enumerate(pairwise(history), 1) if next_.at - one.at > gap]
        for begin, end in zip([0, *cuts], [*cuts, len(history)], strict=True):
            journeys.append(Journey(tuple(history[begin:end])))
    return journeys


def account_of(history: Sequence[Touch], touch: Touch) -> str:
    """The account that a touchpoint counts for, among those of its customer by (time, seq, id); empty: none.

    The one that it names, or else the one named last at or before its time, or else the first ever named.
    """
    named = [each for each in history if each.account]
    before = [each for each in named if each.at <= touch.at]
    return touch.account or (before[-1] if before else named[0] if named else touch).account


def journeys_of_accounts(journeys: Iterable[Journey]) -> list[tuple[str, Journey]]:
    """What of journeys counts for which account: the touchpoints of one journey that count for one account.

    By customer, account (empty: none) and time.
    """
    found: dict[tuple[int, str, int], list[Touch]] = {}
    ordered = sorted(journeys, key=lambda j: (j.customer, j.started))
    for customer, own in groupby(ordered, key=lambda j: j.customer):
        history = [(n, touch) for n, journey in enumerate(own) for touch in journey.touches]
        touches = [touch for _, touch in history]
        for n, touch in history:
            found.setdefault((customer, account_of(touches, touch), n), []).append(touch)
    return [(key[1], Journey(tuple(found[key]))) for key in sorted(found)]


def account_times(touches: Sequence[Touch]) -> list[tuple[str, int]]:
    """The accounts that a customer comes to, with the time of the touchpoint that first says so."""
    named = [(touch.account, touch.at) for touch in touches if touch.account]
    return [each for before, each in pairwise([("", 0), *named]) if each[0] != before[0]]


def journeys_row(journeys: Sequence[Journey], phases: int) -> dict[str, object]:
    """The row of table journeys for one customer with these journeys, in time order."""
    touches = [touch for journey in journeys for touch in journey.touches]
    reached = [[j.first_reached.get(k, -1) for k in range(1, phases + 1)] for j in journeys]
    ever = [min((r[k] for r in reached if r[k] >= 0), default=-1) for k in range(phases)]
    row: dict[str, object] = {
        "customer": touches[0].customer,
        "first_at": touches[0].at,
        "last_at": touches[-1].at,
        "touchpoints": len(touches),
        "value": sum(touch.value for touch in touches),
        "furthest": max(j.furthest for j in journeys),
        "accounts": sorted({touch.account for touch in touches} - {""}),
        "started": [j.started for j in journeys],
        "ended": [j.ended for j in journeys],
        "sizes": [len(j.touches) for j in journeys],
        "values": [sum(touch.value for touch in j.touches) for j in journeys],
        "furthests": [j.furthest for j in journeys],
        "ordered_depths": [j.ordered_depth for j in journeys],
        "strict_depths": [j.strict_depth for j in journeys],
        "milestones": reached,
        "channels": [touch.channel for touch in touches],
        "contacts": [_CONTACTS.index(touch.contact) + 4 * touch.offline for touch in touches],
        "sentiment_at": [touch.at for touch in touches if touch.sentiment is not None],
        "sentiments": [touch.sentiment for touch in touches if touch.sentiment is not None],
        "sequence": [n for j in journeys for n in sorted(t.at * 16 + t.phase for t in j.touches)],
    }
    times = account_times(touches)
    row["account_names"] = [account for account, _ in times]
    row["account_since"] = [at for _, at in times]
    several = len({account for account, _ in times}) > 1
    shares = journeys_of_accounts(journeys) if several else []
    row["account_journeys"] = [_account_row(account, each, phases) for account, each in shares]
    for k in range(1, 16):
        row[f"reached_{k}"] = ever[k - 1] if k <= phases else -1
    for name in _VALUES:
        row[f"first_{name}"] = [getattr(j.touches[0], name) for j in journeys]
        row[f"last_{name}"] = [getattr(j.touches[-1], name) for j in journeys]
    return row


_CONTACTS = ("", "interactive", "static", "human")

_VALUES = ("channel", "campaign", "source", "contact", "device", "country")


def _account_row(account: str, journey: Journey, phases: int) -> dict[str, object]:
    return {
        "account": account,
        "started": journey.started,
        "ended": journey.ended,
        "furthest": journey.furthest,
        "ordered_depth": journey.ordered_depth,
        "strict_depth": journey.strict_depth,
        "milestones": [journey.first_reached.get(k, -1) for k in range(1, phases + 1)],
        "first": [getattr(journey.touches[0], name) for name in _VALUES],
        "last": [getattr(journey.touches[-1], name) for name in _VALUES],
    }

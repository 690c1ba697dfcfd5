"""All of the demo's traffic, person by person: a function of its four numbers and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from etappe.demo import buying, owning
from etappe.demo.person import make_person
from etappe.demo.story import DAY, Story


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: `customers` people over the `days` before `end` (milliseconds since 1970, UTC).

    People do not depend on each other: a plan with more of them has the same first ones. Ids do not depend on
    `end`, so that a demo sent again another day is still the same demo.
    """

    customers: int
    days: int
    seed: int
    end: int

    @property
    def prefix(self) -> str:
        return f"demo-{self.seed}-{self.days}"


def traffic(plan: Plan) -> Iterator[dict[str, Any]]:
    """Touchpoints as the collector takes them; each person's in the order of time."""
    for life in lives(plan):
        yield from life


def lives(plan: Plan) -> Iterator[list[dict[str, Any]]]:
    """The same, a person at a time."""
    return (life_of(plan, number) for number in range(1, plan.customers + 1))


def life_of(plan: Plan, number: int) -> list[dict[str, Any]]:
    """One person's touchpoints."""
    # Not for secrets: a seeded generator is the point.
    rng = Random(f"{plan.seed}:{plan.days}:{number}")  # noqa: S311 - the same seed gives the same people
    person = make_person(rng, plan.prefix, number)
    start = plan.end - plan.days * DAY
    # Most begin early enough to get somewhere; the shape of a season, not a flat line.
    story = Story(rng, person, at=start + round(rng.betavariate(1.1, 1.5) * plan.days * DAY), end=plan.end)
    _live(story)
    return story.touchpoints


def _live(story: Story) -> None:
    buying.discover(story)
    if not story.chance(0.66 * story.person.channel.pull):
        return
    if story.chance(0.3):
        story.later(0.2, 5)
    if story.chance(0.1):
        buying.shop(story)
    if buying.consider(story) and buying.apply(story) and buying.buy(story):
        owning.own(story)


def midnight(now: int) -> int:
    """The last midnight UTC: the default end, so that every touchpoint lies in the past."""
    return now // DAY * DAY

"""Refusals: the links that a rule or a decision left out, each noted at both its ends. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from etappe.changes import Link
from stitcher.identity.decisions import Held

MOST_KEPT = 1000
"""So many refusals are kept at one identifier, the earliest."""

BY_DECISION = frozenset(("apart", "banned"))


class Refusal(NamedTuple):
    """A link that a rule left out."""

    link: Link
    rule: str


class Refusals:
    """Collects the refusals of one set of links."""

    def __init__(self) -> None:
        self.all: list[Refusal] = []

    def note(self, link: Link, rule: str) -> None:
        self.all.append(Refusal(link, rule))

    def without_decided(self, links: Iterable[Link], held: Held) -> list[Link]:
        """The links that no decision refuses."""
        if not held:
            return list(links)
        kept = []
        for link in links:
            if rule := held.objection(link.a, link.b):
                self.note(link, rule)
            else:
                kept.append(link)
        return kept

    def note_all(self, links: Iterable[Link], rule: str) -> None:
        self.all += (Refusal(link, rule) for link in links)

    def by_identifier(self, place: Callable[[Link], tuple[object, ...]]) -> dict[int, list[Refusal]]:
        """Identifier -> its refusals, each once, in the order in which links apply (`place`)."""
        each_once = {(place(refusal.link), refusal.rule): refusal for refusal in self.all}
        found: dict[int, list[Refusal]] = defaultdict(list)
        for key in sorted(each_once):
            refusal = each_once[key]
            for end in {refusal.link.a, refusal.link.b}:
                found[end].append(refusal)
        return found


def overrun(refusals: Iterable[Refusal]) -> int | None:
    """The receipt (ms) of the 1,000th event that rules refused; what decisions refuse does not count.

    `refusals` of one identifier, in the order in which links apply.
    """
    events = {
        refusal.link.event_id: refusal.link.stamp for refusal in refusals if refusal.rule not in BY_DECISION
    }
    return next(islice(events.values(), MOST_KEPT - 1, None), None)

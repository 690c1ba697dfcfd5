"""What is left of events after a person was erased, said with the references."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace
from reference.identity import Identities
from reference.journeys import journeys_of
from stitching.decided import read_under
from stitching.links import key
from stitching.world import GAP, Event, Rows, identities_of, rows_of, touches_of

from etappe.changes import Link
from etappe.identifiers import event_key
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from etappe.touchpoint import Touchpoint
from stitcher.identity.linking import links_of

TIMES = range(-1, 60)
"""Every time that a story here has, and one before."""


@dataclass(frozen=True)
class Erased:
    """A person by the references, when everything that `events` say was known."""

    persons: frozenset[int]
    times: dict[int, frozenset[int]]
    """Device -> when it was theirs."""

    @property
    def whole(self) -> set[int]:
        return {device for device, times in self.times.items() if times == frozenset(TIMES)}

    @property
    def members(self) -> list[int]:
        return sorted({*self.persons, *self.times})

    def has(self, touchpoint: Touchpoint, leader: int | None = None) -> bool:
        """`leader`: whom it belongs to, where that is not its first identifier."""
        named = {each.key for each in touchpoint.identifiers}
        leader = touchpoint.identifiers[0].key if leader is None else leader
        return bool(named & self.persons) or touchpoint.at in self.times.get(leader, ())


def erased_with(who: str, events: Sequence[Event]) -> Erased:
    """The person that `who` (a person's identifier, or a device that nobody logged in on) is of."""
    touchpoints = first_copies(events)
    identities = identities_of(touchpoints)
    types = {each.key: each.type for t in touchpoints for each in (*t.identifiers, *t.alias)}
    devices = {k for k, name in types.items() if DEFAULT_RULES.type_of(name).names == "device"}
    customer = identities.customer_of(key(who), 0)
    times = {k: frozenset(t for t in TIMES if identities.customer_of(k, t) == customer) for k in devices}
    persons = {k for k in {key(who), *types} - devices if identities.customer_of(k, 0) == customer}
    return Erased(
        frozenset() if key(who) in devices else frozenset(persons), {k: t for k, t in times.items() if t}
    )


def expected_without(erased: Erased, events: Sequence[Event], asked: int) -> Rows:
    """The journeys of everybody else: as if nothing of the person had been received, but for nameless logins."""
    touchpoints = first_copies(events)
    gone = [each for each in touchpoints if each.stamp <= asked and erased.has(each)]
    left = [each for each in touchpoints if each not in gone]
    links = [link for each in left for link in links_of(each, event_key(each.id))]
    links = [
        link
        for link in links
        if link.stamp > asked or not {link.a, link.b} & {*erased.persons, *erased.whole}
    ]
    links += nameless_of(gone, erased.whole)
    users = {each.identifiers[0].key for each in left if each.identifiers[0].type == "user_id"}
    return rows_of(journeys_of(touches_of(left, Identities(links, users)), GAP))


def nameless_of(gone: Sequence[Touchpoint], whole: Collection[int]) -> list[Link]:
    found = [link for each in gone for link in links_of(each, event_key(each.id)) if link.kind == "login"]
    return [replace(link, b=0, b_type="") for link in found if link.a not in whole]


def first_copies(events: Sequence[Event]) -> list[Touchpoint]:
    return list({each.n: each.touchpoint("") for each in reversed(events)}.values())


@dataclass
class Remains:
    """What is left of what was received while persons are erased, one after the other; for the references."""

    touchpoints: list[Touchpoint] = field(default_factory=list)
    nameless: list[Link] = field(default_factory=list)
    gone: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    """Of each erasure until when (ms) it takes what was received, and the identifiers that were theirs alone."""

    def take(self, event: Event) -> None:
        self.touchpoints.append(event.touchpoint(""))

    def expected(
        self, rules: IdentityRules, apart: Collection[tuple[str, str]], banned: Collection[str]
    ) -> Rows:
        """The journeys rows."""
        read, identities = self._read(rules, apart, banned)
        return rows_of(journeys_of(touches_of(read, identities), GAP))

    def erase(
        self,
        who: str,
        asked: int,
        rules: IdentityRules,
        apart: Collection[tuple[str, str]],
        banned: Collection[str],
    ) -> Erased:
        """Whom `who` is of in the end goes: who that is."""
        read, identities = self._read(rules, apart, banned)
        erased = self._erased(who, identities)
        theirs = [
            erased.has(each, led.identifiers[0].key) for each, led in zip(self.touchpoints, read, strict=True)
        ]
        gone = [each for each, is_theirs in zip(self.touchpoints, theirs, strict=True) if is_theirs]
        self.touchpoints = [
            each for each, is_theirs in zip(self.touchpoints, theirs, strict=True) if not is_theirs
        ]
        whole = frozenset(erased.whole)
        self.nameless = [link for link in self.nameless if link.a not in whole]
        self.nameless += nameless_of(gone, whole)
        self.gone.append((asked, erased.persons | whole))
        return erased

    def _read(
        self, rules: IdentityRules, apart: Collection[tuple[str, str]], banned: Collection[str]
    ) -> tuple[list[Touchpoint], Identities]:
        return read_under(
            self.touchpoints, self._said, self.nameless, rules=rules, apart=apart, banned=banned
        )

    def _said(self, touchpoint: Touchpoint, rules: IdentityRules) -> Iterator[Link]:
        for link in links_of(touchpoint, event_key(touchpoint.id), rules):
            if not any(link.stamp <= asked and {link.a, link.b} & gone for asked, gone in self.gone):
                yield link

    def _erased(self, who: str, identities: Identities) -> Erased:
        types = {each.key: each.type for t in self.touchpoints for each in (*t.identifiers, *t.alias)}
        devices = {k for k, name in types.items() if DEFAULT_RULES.type_of(name).names == "device"}
        customer = identities.customer_of(key(who), TIMES[-1])
        times = {k: frozenset(t for t in TIMES if identities.customer_of(k, t) == customer) for k in devices}
        persons = {k for k in types.keys() - devices if identities.customer_of(k, 0) == customer}
        return Erased(frozenset(persons), {k: t for k, t in times.items() if t})

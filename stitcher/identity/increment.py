"""Identities that grow: links come in groups, and only the components they touch are computed again. Pure.

Most need not even that: a link that only gives a person one identifier more, or a device of its own, is put where it
belongs. The stitcher does the same over the tables, where the links are (see `stitcher/resolve.py` and
`stitcher/identity/attach.py`); here they are held.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import NamedTuple, cast

import msgspec

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from stitcher.identity.decisions import NOTHING_HELD, Held
from stitcher.identity.evidence import NOBODY, Types
from stitcher.identity.owners import BEGINNING, Owner, resolve

_EVER = [BEGINNING]


class Increment:
    """What `resolve` says of all links taken in so far, in whatever groups and order they came."""

    def __init__(self, rules: IdentityRules = DEFAULT_RULES, held: Held = NOTHING_HELD) -> None:
        self.owners: dict[int, Owner] = {}
        self._rules = rules
        self._types = Types(rules)
        self._most = rules.most_identifiers
        self._uses: dict[tuple[str, str, str], _Use] = {}
        self._held = held
        self._decided = _named_by(held)
        self._components: dict[int, _Component] = {}
        """Identifier -> its component."""
        self._known: set[int] = set()

    def add(self, links: Iterable[Link], known_users: Iterable[int] = ()) -> dict[int, Owner]:
        """Take in links, and user ids seen on touchpoints; returns the entries that may have changed.

        They are those of `owners`, so they may grow with the next group.
        """
        new_users = set(known_users) - self._known
        self._known |= new_users
        changed: dict[int, Owner] = {}
        stale: list[int] = []
        for link in links:
            if not self._attach(link, changed):
                self._take(link)
                stale.append(link.a)
        changed.update(self._renew([*stale, *new_users]))
        return changed

    def hold(self, held: Held) -> dict[int, Owner]:
        """From now on these decisions hold and no others; returns the entries that were computed again."""
        changed = _named_by(Held(held.apart ^ self._held.apart, held.banned ^ self._held.banned))
        self._held, self._decided = held, _named_by(held)
        return self._renew(changed)

    def _attach(self, link: Link, changed: dict[int, Owner]) -> bool:
        """Put a link where it belongs; False where there may be more to it than that.

        It joins a new identifier to a person, or makes a person of two new ones. No rule can refuse it, and it applies
        after all that is known of the person: so no other link is judged otherwise for it.
        """
        a, b = link.a, link.b
        use = self._uses.get((link.kind, link.a_type, link.b_type)) or self._use_of(link)
        if link.bypass or (self._decided and (a in self._decided or b in self._decided)):
            return False
        component_of = self._components.get
        at_a, at_b = component_of(a), component_of(b)
        if at_a is None:
            if at_b is not None:
                return use.a_is_free and self._join(link, at_b, b, a, changed)
            return use.begins and a != b != NOBODY and self._begin(link, use, changed)
        return use.b_is_free and at_b is None and self._join(link, at_a, a, b, changed)

    def _use_of(self, link: Link) -> _Use:
        use = _use(link, self._types, self._most)
        self._uses[link.kind, link.a_type, link.b_type] = use
        return use

    def _begin(self, link: Link, use: _Use, changed: dict[int, Owner]) -> bool:
        """Two new identifiers are a customer; True."""
        a, b = link.a, link.b
        members = [a, b] if a < b else [b, a]
        if use.names < 0 or (not use.names and a < b):
            customer = first = Owner(link.a_type, _EVER, [a], members)
            second = Owner(link.b_type, _EVER, first.customer)
        else:
            customer = second = Owner(link.b_type, _EVER, [b], members)
            first = Owner(link.a_type, _EVER, second.customer)
        self.owners[a] = changed[a] = first
        self.owners[b] = changed[b] = second
        latest = None if link.kind == "login" else link
        self._components[a] = self._components[b] = _Component([link], latest, customer)
        return True

    def _join(
        self, link: Link, component: _Component, known: int, new: int, changed: dict[int, Owner]
    ) -> bool:
        """A new identifier belongs to whom a known person's does; False where that may not be all."""
        own = component.only or self._customer_of(known)
        if component.is_stale or component.has_alias or own is None:
            return False
        members, customer = cast("list[int]", own.members), own.customer[0]
        if len(members) >= self._most:
            return False
        new_type = link.a_type if new == link.a else link.b_type
        if link.kind != "login":
            rank, its_rank = self._types[new_type].priority, self._types[own.type].priority
            # Whatever ranks below the person's name cannot be the best-ranked one of the person's earliest link.
            if rank < its_rank or (rank == its_rank and new < customer):
                return False
            if not self._applies_last(link, component):
                return False
            component.latest = link
        insort(members, new)
        if component.only is None:
            component.keys.append(new)
        component.links.append(link)
        self._components[new] = component
        changed[customer] = own
        self.owners[new] = changed[new] = Owner(new_type, _EVER, own.customer)
        return True

    def _customer_of(self, person: int) -> Owner | None:
        """The customer's own entry."""
        owner = self.owners.get(person)
        return self.owners[owner.customer[0]] if owner else None

    def _applies_last(self, link: Link, component: _Component) -> bool:
        latest = component.latest
        if latest is None or link.stamp > latest.stamp:
            return True
        return link.stamp == latest.stamp and self._types.place(link) > self._types.place(latest)

    def _take(self, link: Link) -> None:
        """Put a link into its component, which is of everything that may ever bear on it."""
        component = self._component_of(link.a)
        for key in (link.b, link.bypass):
            if key != NOBODY:
                component = self._meet(component, self._component_of(key))
        component.links.append(link)
        component.is_stale = True
        component.has_alias |= link.kind == "alias"
        if link.kind != "login" and self._applies_last(link, component):
            component.latest = link

    def _component_of(self, key: int) -> _Component:
        component = self._components.get(key)
        if component is None:
            component = self._components[key] = _Component([], keys=[key])
        component.open()
        return component

    def _meet(self, one: _Component, other: _Component) -> _Component:
        """Make one of two components: the larger takes over the smaller."""
        if one is other:
            return one
        if len(one.keys) < len(other.keys):
            one, other = other, one
        for key in other.keys:
            self._components[key] = one
        one.keys += other.keys
        one.links += other.links
        one.is_stale |= other.is_stale
        one.has_alias |= other.has_alias
        if other.latest and self._applies_last(other.latest, one):
            one.latest = other.latest
        return one

    def _renew(self, keys: Iterable[int]) -> dict[int, Owner]:
        """Compute the components of `keys` again, of those that any link names."""
        components = {id(it): it for key in keys if (it := self._components.get(key))}
        for each in components.values():
            each.open()
        links = [link for each in components.values() for link in each.links]
        known = self._known.intersection(link.b for link in links if link.kind == "alias")
        renewed = resolve(links, frozenset(known), rules=self._rules, held=self._held) if links else {}
        for each in components.values():
            each.is_stale = False
            for key in each.keys:  # what only links around a banned identifier named is nobody's any more
                if key not in renewed:
                    self.owners.pop(key, None)
        self.owners |= renewed
        return renewed


class _Component(msgspec.Struct, eq=False, gc=False):
    """Identifiers that hang together by links, whatever these are worth."""

    links: list[Link]
    latest: Link | None = None
    """Of the links that are no logins the one that applies last."""
    only: Owner | None = None
    """The entry of the one customer to whom all of them belong, at all times."""
    keys: list[int] = []
    """All of them; none where they are the members of `only`."""
    has_alias: bool = False
    """How aliases are read depends on who else is named."""
    is_stale: bool = False
    """To be computed again at the end of the group."""

    def open(self) -> None:
        """From now on there may be more than one customer."""
        if self.only is not None:
            self.keys, self.only = list(self.only.members), None


class _Use(NamedTuple):
    """Which links between two identifiers only join: two new ones; a new one, at either end, to a known one.

    names: -1 where `a` is the better name of the two, 1 where `b` is, 0 where the smaller one is.
    """

    begins: bool
    a_is_free: bool
    b_is_free: bool
    names: int


def _use(link: Link, types: Types, most: int) -> _Use:
    a, b = types[link.a_type], types[link.b_type]
    if link.kind == "login" and a.names == "device" and b.names == "person" and a.limit is None:
        return _Use(begins=True, a_is_free=True, b_is_free=False, names=1)
    if link.kind != "person" or a.names != "person" or b.names != "person" or most < 2:
        return _Use(begins=False, a_is_free=False, b_is_free=False, names=0)
    free = {each.name: not (each.unique or each.limit or each.name == "user_id") for each in (a, b)}
    names = (a.priority > b.priority) - (a.priority < b.priority)
    return _Use(a.name != b.name or free[a.name], free[a.name], free[b.name], names)


def _named_by(held: Held) -> set[int]:
    return {*held.banned, *(key for pair in held.apart for key in pair)}

"""Identities that grow: links come in groups, and only the components they touch are computed again. Pure.

The stitcher does the same over the tables, where the links are (see `stitcher/resolve.py`); here they are held.
"""

from __future__ import annotations

from collections.abc import Iterable

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from stitcher.decisions import NOTHING_HELD, Held
from stitcher.evidence import NOBODY
from stitcher.identity import Owner, resolve
from stitcher.union import Union


class Increment:
    """What `resolve` says of all links taken in so far, in whatever groups and order they came."""

    def __init__(self, rules: IdentityRules = DEFAULT_RULES, held: Held = NOTHING_HELD) -> None:
        self.owners: dict[int, Owner] = {}
        self._rules = rules
        self._held = held
        self._components = Union()
        self._links: dict[int, list[Link]] = {}
        self._known: set[int] = set()

    def add(self, links: Iterable[Link], known_users: Iterable[int] = ()) -> dict[int, Owner]:
        """Take in links, and user ids seen on touchpoints; returns the entries that were computed again."""
        new_users = set(known_users) - self._known
        self._known |= new_users
        named = set()
        for link in links:
            self._take(link)
            named.add(link.a)
        return self._renew(named | new_users)

    def hold(self, held: Held) -> dict[int, Owner]:
        """From now on these decisions hold and no others; returns the entries that were computed again."""
        changed = held.banned ^ self._held.banned
        changed |= {key for pair in held.apart ^ self._held.apart for key in pair}
        self._held = held
        return self._renew(changed)

    def _take(self, link: Link) -> None:
        """Put a link into its component, which is of everything that may ever bear on it."""
        root = self._root(link.a)
        for key in (link.b, link.bypass):
            if key != NOBODY:
                root = self._meet(root, self._root(key))
        self._links[root].append(link)

    def _root(self, key: int) -> int:
        if key in self._components.parent:
            return self._components.find(key)
        self._components.add(key)
        self._links[key] = []
        return key

    def _meet(self, a: int, b: int) -> int:
        """Make one of two components, given by their roots."""
        if a == b:
            return a
        more, fewer = self._links.pop(a), self._links.pop(b)
        if len(more) < len(fewer):
            more, fewer = fewer, more
        root = self._components.join(a, b)
        self._links[root] = more
        more += fewer
        return root

    def _renew(self, keys: Iterable[int]) -> dict[int, Owner]:
        roots = {self._components.find(key) for key in keys if key in self._components.parent}
        links = [link for root in roots for link in self._links[root]]
        known = self._known.intersection(link.b for link in links if link.kind == "alias")
        renewed = resolve(links, frozenset(known), rules=self._rules, held=self._held)
        for link in links:  # what only links around a banned identifier named is nobody's any more
            for key in (link.a, link.b):
                if key not in renewed:
                    self.owners.pop(key, None)
        self.owners |= renewed
        return renewed

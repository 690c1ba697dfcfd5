"""Device identifiers, joined where one event named several, and the logins on each group. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from etappe.changes import Link
from stitcher.identity.decisions import Held
from stitcher.identity.evidence import NOBODY, Types
from stitcher.identity.refusals import Refusals
from stitcher.identity.union import Union

BEGINNING = -(1 << 62)
"""Before any time a touchpoint can have, in ms."""


class Devices:
    """Device identifiers, joined where one event named several, and the logins on each group."""

    def __init__(self, rules: Types) -> None:
        self.types: dict[int, str] = {}
        self._rules = rules
        self._union = Union()
        self._first: dict[int, Link] = {}

    def know(self, key: int, type_name: str) -> None:
        """Give a device an entry, whether or not anything is linked to it."""
        self.types.setdefault(key, type_name)

    def apply(self, links: Sequence[Link], held: Held, refusals: Refusals) -> None:
        """Join what `links` join."""
        for link in links:
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                self.know(key, type_name)
                known = self._first.get(key, link)
                if (link.stamp, link.event_id) <= (known.stamp, known.event_id):
                    self._first[key] = link
        for link in refusals.without_decided(links, held):
            self._union.add(link.a)
            self._union.add(link.b)
            a, b = self._union.find(link.a), self._union.find(link.b)
            if a != b:
                self._union.join(a, b)

    def root(self, key: int) -> int:
        """What names the group of a device."""
        return self._union.find(key) if key in self._union.parent else key

    def groups(self) -> dict[int, list[int]]:
        """Root -> the devices that share a timeline."""
        found = self._union.groups()
        for key in self.types:
            if key not in self._union.parent:
                found[key] = [key]
        return found

    def by_group(self, logins: Iterable[Link]) -> dict[int, list[Link]]:
        """Root -> its logins in (time, event id) order, which no order of arrival can change."""
        found: dict[int, list[Link]] = defaultdict(list)
        linked, root = self._union.parent, self.root
        for login in logins:
            device = login.a
            found[root(device) if device in linked else device].append(login)
        for group in found.values():
            if len(group) > 1:
                group.sort(key=_by_time)
        return found

    def survivor(self, group: Sequence[int]) -> int:
        """Whose a device is that nobody logged in on."""
        return group[0] if len(group) == 1 else min(group, key=self._claim)

    def _claim(self, key: int) -> tuple[int, bytes, int, int]:
        link = self._first[key]
        return link.stamp, link.event_id, self._rules[self.types[key]].priority, key


def timeline(
    logins: Sequence[Link], claimed_by: int | None, survivor: int, customers: Mapping[int, int]
) -> tuple[list[int], list[int]]:
    """Since when (ms) a group of devices belongs to which customer.

    `logins` in order of time; `claimed_by`: the customer who has the time before the first of them by an alias;
    `survivor`: the customer while it is nobody's.
    """
    since: list[int] = []
    customer: list[int] = []
    if claimed_by is not None:
        since.append(BEGINNING)
        customer.append(claimed_by)
    for login in logins:
        person = survivor if login.b == NOBODY else customers[login.b]
        if customer and customer[-1] == person:
            continue
        if since and since[-1] == login.at:
            customer[-1] = person  # of two logins at one time one holds: that of the greater event id
            if len(customer) > 1 and customer[-2] == person:
                since.pop()
                customer.pop()
            continue
        since.append(login.at if since else BEGINNING)
        customer.append(person)
    return (since, customer) if since else ([BEGINNING], [survivor])


_by_time = attrgetter("at", "event_id", "b")

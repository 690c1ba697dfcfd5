"""Person identifiers, joined by links into persons unless a rule refuses. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter

from etappe.changes import Link
from stitcher.identity.crowd import Crowd, most_of
from stitcher.identity.decisions import Held
from stitcher.identity.evidence import Types
from stitcher.identity.refusals import Refusals
from stitcher.identity.union import Union


class Persons:
    """Person identifiers, joined by links unless two values of a unique type would meet, or too many of a limited one.

    Only where a whole component breaks a rule can a link of it be refused: there alone links are put in order.
    """

    def __init__(self, rules: Types, most: int) -> None:
        self.types: dict[int, str] = {}
        self.groups: dict[int, list[int]] = {}
        """Customer -> that person's identifiers. The customer is the identifier of the earliest link."""
        self._rules = rules
        self._most = most

    def know(self, key: int, type_name: str) -> None:
        """Give an entry to an identifier, whether or not anything is linked to it."""
        if key not in self.types:
            self.types[key] = type_name
            self.groups[key] = [key]

    def apply(self, links: Sequence[Link], held: Held, refusals: Refusals) -> None:
        """Join what `links` join; aliases among them join in spite of uniqueness."""
        kept = refusals.without_decided(links, held)
        decided = [link for link in links if held.objection(link.a, link.b)] if held else []
        roots = self._united(kept, decided)
        disputed = self._crowded(roots) | {roots[key] for link in decided for key in (link.a, link.b)}
        self._take_over(kept, roots, disputed)
        if disputed:
            self._settle([link for link in links if roots[link.a] in disputed], held, refusals)

    def _united(self, links: Iterable[Link], decided: Iterable[Link]) -> dict[int, int]:
        """Identifier -> the root of its component, as if no rule refused a link."""
        union, types = Union(), self.types
        parent, find = union.parent, union.find
        for link in links:
            a, b = link.a, link.b
            if a not in types:
                types[a] = link.a_type
                parent[a] = a
            if b not in types:
                types[b] = link.b_type
                parent[b] = b
            a, b = find(a), find(b)
            if a != b:
                parent[b] = a
        for link in decided:
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                types[key] = type_name
                union.add(key)
        return union.roots()

    def _crowded(self, roots: Mapping[int, int]) -> set[int]:
        """The components in which some rule may refuse a link."""
        types = self.types
        found = _above(self._most, roots.values())
        for name, rules in self._rules.items():
            if most := most_of(rules):
                found |= _above(most, (root for key, root in roots.items() if types[key] == name))
        return found

    def _take_over(self, links: Iterable[Link], roots: Mapping[int, int], disputed: Collection[int]) -> None:
        """The components that nothing divides are persons."""
        groups: dict[int, list[int]] = defaultdict(list)
        for key, root in roots.items():
            groups[root].append(key)
        evidence: dict[int, list[Link]] = defaultdict(list)
        for link in links:
            evidence[roots[link.a]].append(link)
        for root, group in groups.items():
            if root not in disputed:
                self.groups[self._first_named(evidence[root])] = group

    def _first_named(self, links: Sequence[Link]) -> int:
        """Of the earliest event's identifiers the best-ranked one."""
        if len(links) > 1:
            earliest = _receipt(min(links, key=_receipt))
            links = [link for link in links if _receipt(link) == earliest]
        rules, types = self._rules, self.types
        return min([(rules[types[key]].priority, key) for link in links for key in (link.a, link.b)])[1]

    def _settle(self, links: Iterable[Link], held: Held, refusals: Refusals) -> None:
        """Join link after link, in order, unless a rule refuses."""
        union = Union()
        first: dict[int, Link] = {}
        crowds: dict[int, Crowd] = {}
        for link in sorted(links, key=self._rules.place):
            for key in (link.a, link.b):
                if key not in first:
                    first[key] = link
                    union.add(key)
                    crowds[key] = Crowd.of(self._rules[self.types[key]], link.stamp)
            a, b = union.find(link.a), union.find(link.b)
            if a == b or held.objection(link.a, link.b):
                continue
            if rule := crowds[a].objection(crowds[b], self._rules, self._most, link.kind == "alias"):
                refusals.note(link, rule)
            else:
                crowds[union.join(a, b)] = crowds[a].with_(crowds[b])

        def claim(key: int) -> tuple[int, bytes, int, int]:
            return first[key].stamp, first[key].event_id, self._rules[self.types[key]].priority, key

        for group in union.groups().values():
            self.groups[min(group, key=claim)] = group


_receipt = attrgetter("stamp", "event_id")


def _above(most: int, roots: Iterable[int]) -> set[int]:
    return {root for root, count in Counter(roots).items() if count > most}

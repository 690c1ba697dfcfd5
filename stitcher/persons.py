"""Person identifiers, joined by links into persons unless a rule refuses. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from etappe.changes import Link
from etappe.identifiers import type_of
from stitcher.union import Union

MOST_IDENTIFIERS = 1000
"""A person with this many identifiers stops growing."""


class Refusal(NamedTuple):
    """A link that a rule left out."""

    link: Link
    rule: str


class Persons:
    """Person identifiers, joined by links unless two different values of a unique type would meet."""

    def __init__(self) -> None:
        self.union = Union()
        self.types: dict[int, str] = {}
        self.earliest: dict[int, tuple[int, bytes, int, int]] = {}
        self.uniques: dict[int, dict[str, int]] = {}
        self.sizes: dict[int, int] = {}
        self.refusals: dict[int, list[Refusal]] = defaultdict(list)
        self.elsewhere: Mapping[int, int] = {}

    def apply(self, ordered: Iterable[Link], elsewhere: Mapping[int, int]) -> None:
        self.elsewhere = elsewhere
        for link in ordered:
            if link.kind == "login":
                self._add(link.b, link.b_type)
                continue
            self._add(link.a, link.a_type)
            self._add(link.b, link.b_type)
            self._remember(link)
            self._join(link)

    def know(self, aliases: Iterable[Link]) -> None:
        """Give every person that an alias names an entry, also where the alias was read as a device's."""
        for link in aliases:
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                if type_of(type_name).names == "person":
                    self._add(key, type_name)

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            for key, type_name in (
                (refusal.link.a, refusal.link.a_type),
                (refusal.link.b, refusal.link.b_type),
            ):
                self.refusals[key].append(refusal)
                if type_of(type_name).names == "person":
                    self._add(key, type_name)

    def customers(self) -> dict[int, int]:
        """Person identifier -> customer: the identifier of the group with the earliest link."""
        found = {}
        for group in self.union.groups().values():
            survivor = min(group, key=lambda key: self.earliest.get(key, (1 << 62, b"", 0, key)))
            for key in group:
                found[key] = self.elsewhere.get(key, survivor)
        return found

    def _add(self, key: int, type_name: str) -> None:
        if key in self.types:
            return
        self.types[key] = type_name
        self.union.add(key)
        self.sizes[key] = 1
        self.uniques[key] = {type_name: key} if type_of(type_name).unique else {}

    def _remember(self, link: Link) -> None:
        for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
            claim = (link.stamp, link.event_id, type_of(type_name).rank, key)
            self.earliest[key] = min(self.earliest.get(key, claim), claim)

    def _join(self, link: Link) -> None:
        a, b = self.union.find(link.a), self.union.find(link.b)
        if a == b:
            return
        if rule := self._objection(a, b):
            self.refuse([Refusal(link, rule)])
            return
        size, uniques = self.sizes[a] + self.sizes[b], {**self.uniques[a], **self.uniques[b]}
        root = self.union.join(a, b)
        self.sizes[root], self.uniques[root] = size, uniques

    def _objection(self, a: int, b: int) -> str | None:
        shared = self.uniques[a].keys() & self.uniques[b].keys()
        if any(self.uniques[a][each] != self.uniques[b][each] for each in shared):
            return "unique"
        return "cap" if self.sizes[a] + self.sizes[b] > MOST_IDENTIFIERS else None

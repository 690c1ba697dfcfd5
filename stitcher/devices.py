"""Device identifiers, joined where one event named several, and the logins on each group. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from etappe.changes import Link
from etappe.identifiers import type_of
from stitcher.union import Union


class Devices:
    """Device identifiers, joined where one event named several, and the logins on each group."""

    def __init__(self) -> None:
        self.union = Union()
        self.types: dict[int, str] = {}
        self.earliest: dict[int, tuple[int, bytes, int, int]] = {}
        self.logins: list[Link] = []

    def apply(self, ordered: Iterable[Link]) -> None:
        for link in ordered:
            self.add(link.a, link.a_type)
            if link.kind == "login":
                self.logins.append(link)
                continue
            self.add(link.b, link.b_type)
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                claim = (link.stamp, link.event_id, type_of(type_name).rank, key)
                self.earliest[key] = min(self.earliest.get(key, claim), claim)
            a, b = self.union.find(link.a), self.union.find(link.b)
            if a != b:
                self.union.join(a, b)

    def know(self, aliases: Iterable[Link]) -> None:
        """Give every device that an alias names an entry, also where the alias was read as a person's or refused."""
        for link in aliases:
            if type_of(link.b_type).names == "device":
                self.add(link.b, link.b_type)

    def add(self, key: int, type_name: str) -> None:
        self.types.setdefault(key, type_name)
        self.union.add(key)

    def logins_by_group(self) -> dict[int, list[Link]]:
        """Root -> logins in (time, event id) order, which no order of arrival can change."""
        found: dict[int, list[Link]] = defaultdict(list)
        for link in sorted(self.logins, key=lambda login: (login.at, login.event_id, login.b)):
            found[self.union.find(link.a)].append(link)
        return found

    def survivor(self, group: Sequence[int]) -> int:
        return min(group, key=lambda key: self.earliest.get(key, (1 << 62, b"", 0, key)))

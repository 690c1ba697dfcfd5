"""Identity in plain words and plain Python: slow, and short enough to be checked by reading.

It answers one question, `customer_of`: whose is this identifier at this time? Everything is worked out again from
the whole set of links for every question. Nothing of the stitcher is used but its message type, `Link`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from etappe.changes import Link
from etappe.identifiers import type_of

Sets = list[set[int]]
Claim = tuple[int, bytes, int, int]


class Identities:
    """What a set of links says. `known_users`: user ids that touchpoints carry, whether linked or not."""

    def __init__(self, links: Iterable[Link], known_users: Iterable[int] = ()) -> None:
        ordered = sorted(links, key=lambda link: (link.stamp, link.event_id, link.kind, link.a, link.b))
        self.types = {k: t for link in ordered for k, t in ((link.a, link.a_type), (link.b, link.b_type))}
        self.claims = _claims(ordered)
        self.refused: list[Link] = []
        self.persons = self._join([link for link in ordered if link.kind == "person"], self._may_meet)
        self.devices = self._join([link for link in ordered if link.kind == "device"], lambda _a, _b: True)
        self.logins = [link for link in ordered if link.kind == "login"]
        linked = {k for link in ordered if link.kind != "alias" for k in (link.a, link.b)}
        self.users = {k for k in linked if self.types[k] == "user_id"} | set(known_users)
        self.aliases = self._alias_claims([link for link in ordered if link.kind == "alias"])

    def customer_of(self, identifier: int, time: int) -> int:
        """The customer that `identifier` belongs to at `time` (ms)."""
        if type_of(self.types.get(identifier, "")).names == "person":
            return self._survivor(_set_with(self.persons, identifier))
        group = _set_with(self.devices, identifier)
        logins = sorted((link for link in self.logins if link.a in group), key=lambda e: (e.at, e.event_id))
        before = [link.b for link in logins if link.at <= time]
        held = self._held(group)
        owner = before[-1] if before else held if held is not None else logins[0].b if logins else None
        return self._survivor(group) if owner is None else self._survivor(_set_with(self.persons, owner))

    def _join(self, links: list[Link], allowed: Callable[[set[int], set[int]], bool]) -> Sets:
        sets: Sets = []
        for link in links:
            a, b = _set_with(sets, link.a), _set_with(sets, link.b)
            if a is not b and not a & b and not allowed(a, b):
                self.refused.append(link)
                sets = [*(each for each in sets if each not in (a, b)), a, b]
                continue
            sets = [*(each for each in sets if each not in (a, b)), a | b]
        return sets

    def _may_meet(self, a: set[int], b: set[int]) -> bool:
        uniques = [{k for k in each if self.types[k] == "user_id"} for each in (a, b)]
        return len(uniques[0] | uniques[1]) <= 1 and len(a | b) <= 1000

    def _survivor(self, group: set[int]) -> int:
        """The member of the earliest link; of that link's two ends the better-ranked one."""
        return min(group, key=lambda k: self.claims.get(k, (1 << 62, b"", 0, k)))

    def _alias_claims(self, links: list[Link]) -> list[Link]:
        """Aliases that name a device; those between two users are refused."""
        found = []
        for event, person in dict.fromkeys((link.event_id, link.a) for link in links):
            readings = {
                type_of(each.b_type).names: each
                for each in links
                if (each.event_id, each.a) == (event, person)
            }
            former = readings.get("person")
            if former and (former.b in self.users or "device" not in readings):
                self.refused += [former] if former.a != former.b else []
            else:
                found.append(readings["device"])
        return found

    def _held(self, group: set[int]) -> int | None:
        """Who holds the time before the first login by an alias: the first to claim the device, nobody else."""
        claims = [(link.stamp, 0, b"", link.b) for link in self.logins if link.a in group]
        claims += [(link.stamp, 1, link.event_id, link.a) for link in self.aliases if link.b in group]
        first = min(claims)[3] if claims else 0
        for _, is_alias, _, person in sorted(claims):
            if is_alias and _set_with(self.persons, person) == _set_with(self.persons, first):
                return person
        return None


def _set_with(sets: Sets, key: int) -> set[int]:
    return next((each for each in sets if key in each), {key})


def _claims(ordered: list[Link]) -> dict[int, Claim]:
    """Identifier -> its earliest link of persons or of devices; the better-ranked type comes first in one event."""
    found: dict[int, Claim] = {}
    for link in ordered:
        if link.kind in ("person", "device"):
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                claim = (link.stamp, link.event_id, type_of(type_name).rank, key)
                found[key] = min(found.get(key, claim), claim)
    return found

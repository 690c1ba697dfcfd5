"""Identity in plain words and plain Python: slow, and short enough to be checked by reading.

It answers one question, `customer_of`: whose is this identifier at this time? Everything is worked out from the whole
set of links, in the order in which links apply. Nothing of the stitcher is used but the value that holds decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, Limit
from stitcher.identity.decisions import NOTHING_HELD, Held

Sets = list[set[int]]
Claim = tuple[int, bytes, int, int]

NOBODY = 0
KINDS = ("person", "alias", "device", "login")


class Identities:
    """What a set of links says. `known_users`: user ids that touchpoints carry, whether linked or not."""

    def __init__(
        self,
        links: Iterable[Link],
        known_users: Iterable[int] = (),
        rules: IdentityRules = DEFAULT_RULES,
        held: Held = NOTHING_HELD,
    ) -> None:
        links = list(links)
        self.rules, self.held = rules, held
        self.types = {k: t for link in links for k, t in ((link.a, link.a_type), (link.b, link.b_type))}
        self.known_users = set(known_users)
        self.refused: list[tuple[Link, str]] = []
        """Links that were left out, each with the rule that refused it."""
        applied = [self._today(link) for link in links if not link.bypass or link.bypass in held.banned]
        ordered = sorted((link for link in applied if link), key=self._place)
        of_kind = {kind: [link for link in ordered if link.kind == kind] for kind in KINDS}
        former_users, former_devices = self._read(of_kind)
        if rules.alias == "refuse":
            former_users = [link for link in self._undecided(former_users) if self._refuse(link, "alias")]
        joins = sorted(of_kind["person"] + former_users, key=self._place)
        self.claims = self._claims(joins + of_kind["device"])
        self.persons = self._join(joins, self._objection)
        self.devices = self._join(of_kind["device"], lambda *_: None)
        self.logins = self._within_limits(self._undecided(of_kind["login"]))
        self.aliases = self._not_of_others(self._undecided(former_devices))

    def customer_of(self, identifier: int, time: int) -> int:
        """The customer that `identifier` belongs to at `time` (ms)."""
        if self._names_person(identifier):
            return self._survivor(_set_with(self.persons, identifier))
        group = _set_with(self.devices, identifier)
        logins = sorted(
            (link for link in self.logins if link.a in group), key=lambda e: (e.at, e.event_id, e.b)
        )
        before = [link.b for link in logins if link.at <= time]
        claimed = [link.a for link in self.aliases if link.b in group]
        owners = before[-1:] or claimed[:1] or [link.b for link in logins[:1]]
        return self._customer(owners[0]) if owners and owners[0] != NOBODY else self._survivor(group)

    # What a link says

    def _today(self, link: Link) -> Link | None:
        """The link by what its ends name under today's rules."""
        a, b = self._names_person(link.a), link.b == NOBODY or self._names_person(link.b)
        if link.kind == "alias":
            return link if a else None
        if link.b == NOBODY:
            return None if a else link
        if a and not b:
            link = replace(link, a=link.b, a_type=link.b_type, b=link.a, b_type=link.a_type)
        return replace(link, kind="login" if a != b else "person" if a else "device")

    def _place(self, link: Link) -> tuple[object, ...]:
        """Where a link stands in the order: by receipt, in one event persons first and better-ranked ends first."""
        ranks = self._priority(link.a_type), self._priority(link.b_type)
        return link.stamp, link.event_id, KINDS.index(link.kind), *ranks, link.a, link.b

    def _read(self, links: dict[str, list[Link]]) -> tuple[list[Link], list[Link]]:
        """Aliases of users and of devices: of the readings of one event that which names a known user, if any does."""
        linked = {k for link in links["person"] + links["login"] for k in (link.a, link.b)} - {NOBODY}
        users = ({k for k in linked if self.types[k] == "user_id"} | self.known_users) - self.held.banned
        persons, devices = [], []
        for event, person in dict.fromkeys((link.event_id, link.a) for link in links["alias"]):
            readings = [e for e in links["alias"] if (e.event_id, e.a) == (event, person)]
            as_person = [e for e in readings if self._names_person(e.b)][:1]
            as_device = [e for e in readings if not self._names_person(e.b)][:1]
            if as_person and (as_person[0].b in users or not as_device):
                persons += [e for e in as_person if e.a != e.b]
            else:
                devices += as_device
        return persons, devices

    # What refuses it

    def _refuse(self, link: Link, rule: str | None) -> bool:
        """Note a refusal; always False."""
        self.refused.append((link, str(rule)))
        return False

    def _decision(self, link: Link) -> str | None:
        if {link.a, link.b} & self.held.banned:
            return "banned"
        return "apart" if (min(link.a, link.b), max(link.a, link.b)) in self.held.apart else None

    def _undecided(self, links: list[Link]) -> list[Link]:
        return [link for link in links if not (rule := self._decision(link)) or self._refuse(link, rule)]

    def _join(self, links: list[Link], objection: Callable[[Link, set[int], set[int]], str | None]) -> Sets:
        sets: Sets = []
        for link in self._undecided(links):
            a, b = _set_with(sets, link.a), _set_with(sets, link.b)
            rule = None if a == b else objection(link, a, b)
            if not rule or self._refuse(link, rule):
                sets = [*(each for each in sets if each not in (a, b)), a | b]
        return sets

    def _objection(self, link: Link, a: set[int], b: set[int]) -> str | None:
        """The rule by which two persons must not become one. An alias joins two users where aliases may."""
        for name in sorted({self.types[k] for k in a} & {self.types[k] for k in b}):
            if self.rules.type_of(name).unique and link.kind != "alias":
                return "unique"
        for name in sorted({self.types[k] for k in a | b}):
            if self._is_over(
                self.rules.type_of(name).limit, [self.claims[k][0] for k in a | b if self.types[k] == name]
            ):
                return "limit"
        return "cap" if len(a | b) > self.rules.most_identifiers else None

    def _is_over(self, limit: Limit | None, first: list[int]) -> bool:
        """Whether one more than the limit were first linked within one window."""
        if limit is None:
            return False
        spans = [
            late - early for early, late in zip(sorted(first), sorted(first)[limit.most :], strict=False)
        ]
        return any(limit.window is None or span <= limit.window for span in spans)

    def _within_limits(self, logins: list[Link]) -> list[Link]:
        """A person's devices are those of its first logins; every login on one too many is refused."""
        found: list[Link] = []
        first: dict[int, dict[int, int]] = {}
        too_many: set[tuple[int, int]] = set()
        for login in logins:
            person = self._customer(login.b)
            mine = first.setdefault(person, {})
            stamps = [stamp for device, stamp in mine.items() if self.types[device] == login.a_type]
            limit = self.rules.type_of(login.a_type).limit if login.b != NOBODY else None
            if login.a not in mine and self._is_over(limit, [*stamps, login.stamp]):
                too_many.add((person, login.a))
            if (person, login.a) not in too_many or self._refuse(login, "limit"):
                mine.setdefault(login.a, login.stamp)
                found.append(login)
        return found

    def _not_of_others(self, aliases: list[Link]) -> list[Link]:
        """Who first claimed a device, by login or alias, may claim the time before its first login; nobody else."""
        found = []
        for alias in aliases:
            group = _set_with(self.devices, alias.b)
            claims = [(link.stamp, 0, b"", link.b) for link in self.logins if link.a in group]
            claims += [(link.stamp, 1, link.event_id, link.a) for link in aliases if link.b in group]
            if self._customer(min(claims)[3]) == self._customer(alias.a) or self._refuse(alias, "alias"):
                found.append(alias)
        return found

    # Who that makes a customer

    def _names_person(self, identifier: int) -> bool:
        return self.rules.type_of(self.types.get(identifier, "")).names == "person"

    def _priority(self, type_name: str) -> int:
        return self.rules.type_of(type_name).priority

    def _customer(self, person: int) -> int:
        return self._survivor(_set_with(self.persons, person))

    def _survivor(self, group: set[int]) -> int:
        """The member of the earliest link; of that link's two ends the better-ranked one."""
        return min(group, key=lambda k: self.claims.get(k, (1 << 62, b"", 0, k)))

    def _claims(self, links: list[Link]) -> dict[int, Claim]:
        """Identifier -> its earliest link of persons or of devices, refused or not."""
        found: dict[int, Claim] = {}
        for link in links:
            for key, type_name in ((link.a, link.a_type), (link.b, link.b_type)):
                claim = (link.stamp, link.event_id, self._priority(type_name), key)
                found[key] = min(found.get(key, claim), claim)
        return found


def _set_with(sets: Sets, key: int) -> set[int]:
    return next((each for each in sets if key in each), {key})

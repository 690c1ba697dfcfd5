"""Identity: a pure function from links to who owns which identifier when.

Persons: linked person identifiers are one person, unless a rule refuses the link.
Devices: a device belongs to the person of the latest login at or before a time; before its first login to
that first person; a device nobody logged in on is its own customer. Devices linked to each other share one
timeline. An alias of a device claims the time before its first login; the first alias holds.

Links apply in (stamp, event id) order, whatever order they arrived in: the result depends on the set alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from etappe.changes import Link
from etappe.identifiers import type_of
from stitcher.devices import Devices
from stitcher.persons import Persons, Refusal

BEGINNING = -(1 << 62)
"""Before any time a touchpoint can have, in ms."""


@dataclass(slots=True)
class Owner:
    """To whom one identifier belongs: `customer[i]` from `since[i]` (ms, included) on."""

    type: str
    since: list[int]
    customer: list[int]
    members: list[int] = field(default_factory=list)
    """On the customer's own entry: every identifier that belongs to it at some time, ascending."""
    refused: list[Refusal] = field(default_factory=list)

    def at(self, time: int) -> int:
        """The customer at `time` (ms)."""
        return self.customer[self.span_at(time)]

    def span_at(self, time: int) -> int:
        low, high = 0, len(self.since)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.since[middle] <= time else (low, middle)
        return low


def resolve(
    links: Sequence[Link],
    known_users: frozenset[int] = frozenset(),
    elsewhere: Mapping[int, int] | None = None,
) -> dict[int, Owner]:
    """Who owns each identifier that `links` name.

    `known_users`: user ids seen on touchpoints, which decide how an untyped former id is read.
    `elsewhere`: customers of persons that appear here only as logins and whose own links are not given.
    """
    ordered = sorted(links, key=lambda link: (link.stamp, link.event_id, link.kind, link.a, link.b))
    aliases = _read_aliases(ordered, known_users)
    persons = Persons()
    persons.apply([link for link in ordered if link.kind in ("person", "login")], elsewhere or {})
    devices = Devices()
    devices.apply([link for link in ordered if link.kind in ("device", "login")])
    persons.refuse(aliases.refused)
    persons.know(link for link in ordered if link.kind == "alias")
    devices.know(link for link in ordered if link.kind == "alias")
    held, refused = _hold_aliases(aliases.devices, devices, persons)
    persons.refuse(refused)
    return _owners(persons, devices, held)


class _Aliases(NamedTuple):
    devices: list[Link]
    refused: list[Refusal]


def _read_aliases(ordered: Sequence[Link], known_users: frozenset[int]) -> _Aliases:
    """Read each former id as the user id of that value where one is known, else as the anonymous id."""
    by_event: dict[tuple[bytes, int], list[Link]] = defaultdict(list)
    for link in ordered:
        if link.kind == "alias":
            by_event[link.event_id, link.a].append(link)
    users = known_users | {key for link in ordered if link.kind != "alias" for key in _user_ids(link)}
    devices, refused = [], []
    for readings in by_event.values():
        as_person = next((link for link in readings if type_of(link.b_type).names == "person"), None)
        as_device = next((link for link in readings if type_of(link.b_type).names == "device"), None)
        if as_person and (as_person.b in users or not as_device):
            if as_person.a != as_person.b:
                refused.append(Refusal(as_person, "alias"))
        elif as_device:
            devices.append(as_device)
    return _Aliases(devices, refused)


def _user_ids(link: Link) -> list[int]:
    ends = ((link.a, link.a_type), (link.b, link.b_type))
    return [key for key, type_name in ends if type_name == "user_id"]


def _hold_aliases(
    aliases: Sequence[Link], devices: Devices, persons: Persons
) -> tuple[dict[int, int], list[Refusal]]:
    """Device group -> person who claimed it by the first alias; aliases to somebody else are refused."""
    customers = persons.customers()
    claims: dict[int, list[Link]] = defaultdict(list)
    for link in [*devices.logins, *aliases]:
        claims[devices.union.find(link.b if link.kind == "alias" else link.a)].append(link)
    held: dict[int, int] = {}
    refused: list[Refusal] = []
    for root, links in claims.items():
        first: int | None = None
        for link in sorted(links, key=_claim_order):
            claimant = customers[link.a if link.kind == "alias" else link.b]
            first = claimant if first is None else first
            if link.kind != "alias":
                continue
            if claimant != first:
                refused.append(Refusal(link, "alias"))
            elif root not in held:
                held[root] = link.a
    return held, refused


def _claim_order(link: Link) -> tuple[int, bool, bytes, int]:
    # Of one receipt logins come first, by person: which of a person's logins is given must not matter.
    is_alias = link.kind == "alias"
    return link.stamp, is_alias, link.event_id if is_alias else b"", link.a if is_alias else link.b


def _owners(persons: Persons, devices: Devices, held: Mapping[int, int]) -> dict[int, Owner]:
    customers = persons.customers()
    owners = {
        key: Owner(type_name, [BEGINNING], [customers[key]], refused=persons.refusals.get(key, []))
        for key, type_name in persons.types.items()
        if key not in persons.elsewhere
    }
    logins = devices.logins_by_group()
    for root, group in devices.union.groups().items():
        since, customer = _timeline(logins.get(root, []), held.get(root), customers)
        if not since:
            since, customer = [BEGINNING], [devices.survivor(group)]
        for key in group:
            owners[key] = Owner(devices.types[key], since, customer, refused=persons.refusals.get(key, []))
    _put_members(owners)
    return owners


def _timeline(
    logins: Sequence[Link], claimed_by: int | None, customers: Mapping[int, int]
) -> tuple[list[int], list[int]]:
    since: list[int] = []
    customer: list[int] = []
    if claimed_by is not None:
        since.append(BEGINNING)
        customer.append(customers[claimed_by])
    for login in logins:
        person = customers[login.b]
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
    return since, customer


def _put_members(owners: dict[int, Owner]) -> None:
    members: dict[int, list[int]] = defaultdict(list)
    for key in sorted(owners):
        for customer in dict.fromkeys(owners[key].customer):
            members[customer].append(key)
    for customer, keys in members.items():
        if customer in owners and customer in keys:
            owners[customer].members = keys

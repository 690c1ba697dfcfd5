"""Identity: a pure function from links, rules and decisions to who owns which identifier when.

Persons: linked person identifiers are one person, unless a rule refuses the link.
Devices: a device belongs to the person of the latest login at or before a time; before its first login to
that first person; a device nobody logged in on is its own customer. Devices linked to each other share one
timeline. An alias of a device claims the time before its first login; the first alias holds.

Links apply in the order of their receipt, whatever order they arrived in: the result depends on the set alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from stitcher.identity.aliases import hold_aliases, read_aliases
from stitcher.identity.decisions import NOTHING_HELD, Held
from stitcher.identity.devices import BEGINNING, Devices, timeline
from stitcher.identity.evidence import NOBODY, Evidence, Types, sort_out
from stitcher.identity.limits import within_limits
from stitcher.identity.persons import Persons
from stitcher.identity.refusals import MOST_KEPT, Refusal, Refusals, overrun

__all__ = ["BEGINNING", "Owner", "resolve"]


class Owner(msgspec.Struct, gc=False):
    """To whom one identifier belongs: `customer[i]` from `since[i]` (ms, included) on.

    Entries share their lists with others of the same group: they are for reading.
    """

    type: str
    since: list[int]
    customer: list[int]
    members: Sequence[int] = ()
    """On the customer's own entry: every identifier that belongs to it at some time, ascending."""
    refused: Sequence[Refusal] = ()
    """The links that were refused at it, in the order in which links apply; at most 1,000, the earliest."""
    overrun: int | None = None
    """The receipt (ms) of the 1,000th event that the rules refused at it; decisions do not count."""

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
    links: Iterable[Link],
    known_users: frozenset[int] = frozenset(),
    elsewhere: Mapping[int, int] | None = None,
    *,
    rules: IdentityRules = DEFAULT_RULES,
    held: Held = NOTHING_HELD,
) -> dict[int, Owner]:
    """Who owns each identifier that `links` name.

    `known_users`: user ids seen on touchpoints, which decide how an untyped former id is read.
    `elsewhere`: customers of persons that appear here only as logins and whose own links are not given.
    `held`: the decisions that hold; a banned identifier is its own customer.
    """
    types, refusals, elsewhere = Types(rules), Refusals(), elsewhere or {}
    evidence = sort_out(links, types, held.banned)
    aliases = read_aliases(evidence, known_users, types, held.banned)
    joins = evidence.persons
    if rules.alias == "merge":
        joins += aliases.persons
    else:
        refusals.note_all(refusals.without_decided(aliases.persons, held), "alias")
    persons, devices = Persons(types, rules.most_identifiers), Devices(types)
    persons.apply(joins, held, refusals)
    devices.apply(evidence.devices, held, refusals)
    _know_all(evidence, refusals, persons, devices, types)
    owners, customers = _own_persons(persons, elsewhere)
    logins = within_limits(refusals.without_decided(evidence.logins, held), customers, types, refusals)
    timelines = devices.by_group(logins)
    claims = refusals.without_decided(aliases.devices, held)
    claimed = hold_aliases(claims, timelines, devices, customers, refusals)
    members = dict(persons.groups)
    for root, group in devices.groups().items():
        its, claimant, survivor = timelines.get(root, ()), claimed.get(root), devices.survivor(group)
        since, customer = timeline(its, claimant, survivor, customers)
        for key in group:
            owners[key] = Owner(devices.types[key], since, customer)
        for each in dict.fromkeys(customer):
            members.setdefault(each, []).extend(group)
    _put_members(owners, members)
    _put_refusals(owners, refusals, types)
    return owners


def _own_persons(persons: Persons, elsewhere: Mapping[int, int]) -> tuple[dict[int, Owner], dict[int, int]]:
    """The entries of persons, and the customer of every person identifier."""
    owners: dict[int, Owner] = {}
    customers: dict[int, int] = {}
    types, since = persons.types, [BEGINNING]
    for customer, group in persons.groups.items():
        whose = [customer]
        for key in group:
            customers[key] = customer
            owners[key] = Owner(types[key], since, whose)
    for key in elsewhere.keys() & owners.keys():
        customers[key] = elsewhere[key]
        del owners[key]
    return owners, customers


def _know_all(
    evidence: Evidence, refusals: Refusals, persons: Persons, devices: Devices, types: Types
) -> None:
    """Every identifier has a row, whatever becomes of its links."""
    known, seen = persons.types, devices.types
    for link in evidence.logins:
        if link.a not in seen:
            devices.know(link.a, link.a_type)
        if link.b not in known and link.b != NOBODY:
            persons.know(link.b, link.b_type)
    for link in (*evidence.aliases, *(refusal.link for refusal in refusals.all)):
        for key, name in ((link.a, link.a_type), (link.b, link.b_type)):
            if key != NOBODY:
                (persons if types.names_person(name) else devices).know(key, name)


def _put_members(owners: Mapping[int, Owner], members: Mapping[int, list[int]]) -> None:
    for customer, keys in members.items():
        own = owners.get(customer)
        if own and customer in own.customer:
            keys.sort()
            own.members = keys


def _put_refusals(owners: Mapping[int, Owner], refusals: Refusals, types: Types) -> None:
    for key, refused in refusals.by_identifier(types.place).items():
        if owner := owners.get(key):
            owner.refused = refused[:MOST_KEPT]
            owner.overrun = overrun(refused)

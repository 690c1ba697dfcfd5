"""Attaching: what becomes of fresh links that name new identifiers and at most one known customer.

Most links are of this kind. They join nothing that was apart, so no component has to be read for them: new identifiers
belong to the known customer, or make customers of their own. Whatever could be refused, or change which identifier
names a customer, is left to `resolve`, which reads everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msgspec.structs import replace

from etappe.changes import Link
from etappe.identity_rules import IdentityRules
from stitcher.facts import Facts, StoredOwner
from stitcher.identity.owners import BEGINNING, Owner, resolve
from stitcher.identity.union import Union

Groups = list[tuple[int, list[Link]]]
"""Each with the known customer that it joins."""


@dataclass(slots=True)
class Attached:
    """The identities that change, with the claims of their customers; `rest` are the links that need more."""

    owners: dict[int, Owner] = field(default_factory=dict)
    claims: dict[int, int] = field(default_factory=dict)
    rest: list[Link] = field(default_factory=list)


def attach(facts: Facts, fresh: Sequence[Link], stored: Mapping[int, StoredOwner]) -> Attached:
    """`stored` holds the identities rows of everything that `fresh` names; one without a row was never linked."""
    attached, new, joining = Attached(), list[Link](), Groups()
    for group in _groups(fresh):
        customer = _known_customer(group, stored, facts)
        if customer is None:
            attached.rest += group
        elif customer:
            joining.append((customer, group))
        else:
            new += group
    attached.owners = resolve(new, rules=facts.rules)
    attached.claims = claims_of(new)
    _join(facts, attached, joining, stored)
    return attached


def claims_of(links: Iterable[Link]) -> dict[int, int]:
    """Person identifier -> receipt (ms) of its earliest link to another one."""
    found: dict[int, int] = {}
    for link in links:
        if link.kind == "person":
            for key in (link.a, link.b):
                found[key] = min(found.get(key, link.stamp), link.stamp)
    return found


def _groups(links: Iterable[Link]) -> Iterable[list[Link]]:
    """Links that hang together."""
    union, links = Union(), list(links)
    for link in links:
        union.add(link.a)
        union.add(link.b)
        a, b = union.find(link.a), union.find(link.b)
        if a != b:
            union.join(a, b)
    found: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        found[union.find(link.a)].append(link)
    return found.values()


def _known_customer(group: Sequence[Link], stored: Mapping[int, StoredOwner], facts: Facts) -> int | None:
    """The one customer that new identifiers join, 0 for none; None where that is not all there is to it."""
    nodes = {key: name for link in group for key, name in ((link.a, link.a_type), (link.b, link.b_type))}
    if any(link.kind == "alias" or link.bypass for link in group) or nodes.keys() & facts.held.banned:
        return None
    if any(a in nodes or b in nodes for a, b in facts.held.apart):
        return None
    type_of = facts.rules.type_of
    rows = {key: stored[key] for key in nodes if key in stored}
    if not rows:
        return 0
    if any(type_of(nodes[key]).names == "device" for key in rows):
        return None
    if any(type_of(name).unique or type_of(name).limit for key, name in nodes.items() if key not in rows):
        return None
    customers = {row.owner.customer[0] for row in rows.values()}
    persons = {key for key, name in nodes.items() if type_of(name).names == "person"}
    return customers.pop() if len(customers) == 1 and _are_one(persons, rows, group) else None


def _are_one(persons: Iterable[int], known: Iterable[int], group: Sequence[Link]) -> bool:
    """Whether all of `persons` are one by links of persons, `known` being one already: who only logged in on the same
    device is somebody else."""
    union, known = Union(), list(known)
    for key in persons:
        union.add(key)
    pairs = [(link.a, link.b) for link in group if link.kind == "person"]
    for one, other in [*pairwise(known), *pairs]:
        a, b = union.find(one), union.find(other)
        if a != b:
            union.join(a, b)
    return len({union.find(key) for key in union.parent}) == 1


def _join(facts: Facts, attached: Attached, joining: Groups, stored: Mapping[int, StoredOwner]) -> None:
    """Give the customers that are known their new members, where nothing can be refused or renamed by that."""
    customers = {customer for customer, _ in joining}
    rows = {customer: stored[customer] for customer in customers if customer in stored}
    rows |= facts.stored_owners(customers - rows.keys())
    more: dict[int, list[Link]] = defaultdict(list)
    for customer, group in joining:
        more[customer] += group
    joined: dict[int, list[Link]] = {}
    for customer, links in more.items():
        if _is_open(rows.get(customer), links, facts.rules.most_identifiers):
            joined[customer] = links
        else:
            attached.rest += links
    found = _members(joined, facts.rules)
    for customer, members in found.items():
        row = rows[customer]
        known = set(row.owner.members)
        attached.owners |= {key: owner for key, owner in members.items() if key not in known}
        attached.owners[customer] = replace(row.owner, members=sorted(known | members.keys()))
        attached.claims[customer] = row.claimed


def _is_open(row: StoredOwner | None, links: Sequence[Link], most: int) -> bool:
    """Whether a customer was refused nothing, has room, and none of `links` is older than its name."""
    if row is None or row.refusals or not row.claimed or len(row.owner.members) + 2 * len(links) > most:
        return False
    return all(link.stamp > row.claimed for link in links)


def _members(joined: Mapping[int, Sequence[Link]], rules: IdentityRules) -> dict[int, dict[int, Owner]]:
    """Per customer whoever its links name, known ones included."""
    found: dict[int, dict[int, Owner]] = {}
    whose: dict[int, int] = {}
    of_devices: list[Link] = []
    for customer, links in joined.items():
        found[customer] = {}
        for link in links:
            for key, name in ((link.a, link.a_type), (link.b, link.b_type)):
                if rules.type_of(name).names == "person":
                    found[customer][key] = Owner(name, [BEGINNING], [customer])
                    whose[key] = customer
        of_devices += [link for link in links if link.kind != "person"]
    owners = resolve(of_devices, elsewhere=whose, rules=rules)
    for link in of_devices:  # every device of theirs is new, and nobody else's
        for key in (link.a, link.b):
            if key not in whose:
                owner = owners[key]
                found[owner.customer[0]][key] = Owner(owner.type, owner.since, owner.customer)
    return found

"""Resolve: from the links of a group of changes to new identities and the customers they concern.

Called by the stitcher's second loop for one workspace and one generation at a time; it keeps nothing between calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from etappe import telemetry
from etappe.changes import Batch, Link, LinkKind, Touched
from etappe.identity_rules import IdentityRules
from stitcher.bypass import around_banned
from stitcher.facts import Facts, StoredOwner
from stitcher.identity.attach import Attached, attach, claims_of
from stitcher.identity.owners import BEGINNING, Owner, resolve
from stitcher.identity.union import device_groups

log_line = structlog.get_logger()

NOBODY = 0
"""Who logged in where a person was erased."""

_STATIC: tuple[LinkKind, ...] = ("person", "alias", "device")
"""Links that hold at all times; a login holds from its time on."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom a group of changes concerns, and the identities to fold them with."""

    dirty: frozenset[int]
    merged: frozenset[int]
    """Identifiers that may have been customers of their own and no longer are."""
    owners: dict[int, Owner | None]
    """Of everything looked at; None: never linked."""
    overrun: frozenset[tuple[int, str, int]] = frozenset()
    """Identifiers that were refused too often: key, type, since when (ms)."""


class Renewed(NamedTuple):
    """Identities as the facts have them, and what besides them was found on the way."""

    owners: dict[int, Owner]
    claims: dict[int, int]
    """See `stitcher/identity/attach.py`."""
    rivals: set[int]
    """Persons who logged in at the very time of a fresh login."""
    has_alias: bool


def resolve_batches(facts: Facts, batches: Sequence[Batch], version: int, again: bool) -> Concerned:
    """Store the links of `batches`, bring identities up to date and say which customers to fold.

    `again`: an earlier attempt may have applied these changes in part, perhaps in other groups. What identities
    reflect need not have been folded then, so nothing that the changes name counts as settled.
    """
    links, touched = _news(facts, batches)
    named = _named(links) | {each.identifier for each in touched}
    stored = facts.stored_owners(named)
    fresh, repeated = (links, []) if again else _fresh(facts, links, stored)
    facts.store_links([*_to_store(links, fresh), *repeated])
    attached = Attached(rest=fresh)
    if facts.generation.is_resolved and not again:
        attached = attach(facts, fresh, stored)
    seeds = (_named(attached.rest) - facts.held.banned) | _reread_aliases(facts, touched, stored)
    if again:
        seeds |= {each.identifier for each in touched if each.identifier in stored}
    owners = {key: stored[key].owner if key in stored else None for key in named} | attached.owners
    if not seeds:
        facts.store_owners(attached.owners, version, attached.claims)
        dirty = _touched_customers(touched, owners) | _customers(attached.owners.values())
        return Concerned(frozenset(dirty), _merged(attached.owners), owners)
    renewed = _computed(facts, seeds, attached.rest)
    changed, claims = attached.owners | renewed.owners, attached.claims | renewed.claims
    facts.store_owners(changed, version, claims)  # as one block
    owners |= renewed.owners
    _note_refusals(facts, attached.rest, renewed.owners)
    dirty = _touched_customers(touched, owners) | _customers(changed[key] for key in attached.owners)
    dirty |= _disturbed(attached.rest, seeds, renewed, facts.rules)
    return Concerned(frozenset(dirty), _merged(changed), owners, _overrun(facts, renewed.owners))


def _customers(owners: Iterable[Owner]) -> set[int]:
    return {customer for owner in owners for customer in owner.customer}


def _merged(owners: Mapping[int, Owner]) -> frozenset[int]:
    return frozenset(key for key, owner in owners.items() if key not in owner.customer)


def _overrun(facts: Facts, owners: Mapping[int, Owner]) -> frozenset[tuple[int, str, int]]:
    return frozenset(
        (key, owner.type, owner.overrun)
        for key, owner in owners.items()
        if owner.overrun is not None and key not in facts.held.banned
    )


def renew(facts: Facts, seeds: Iterable[int], version: int) -> Renewed:
    """Compute the identities of `seeds` and of everything linked to them from the facts, and store them."""
    renewed = _computed(facts, seeds, ())
    if renewed.owners:
        facts.store_owners(renewed.owners, version, renewed.claims)
    return renewed


def _computed(facts: Facts, seeds: Iterable[int], fresh: Sequence[Link]) -> Renewed:
    scope = _scope(facts, set(seeds), any(link.kind == "device" for link in fresh))
    links, logins = _links_of(facts, scope)
    times = {link.at for link in fresh if link.kind == "login"}
    rivals = {login.b for login in logins if login.at in times} - {NOBODY}
    if rivals - scope:  # a rival may have lost the device altogether
        scope = _scope(facts, scope | rivals, False)
        links, logins = _links_of(facts, scope)
    aliased = {link.b for link in links if link.kind == "alias" and _is_person(link.b_type, facts.rules)}
    known = facts.users_seen(aliased)
    elsewhere = _elsewhere(facts, logins, scope)
    owners = resolve([*links, *logins], known, elsewhere, rules=facts.rules, held=facts.held)
    owners |= {
        key: Owner(owners[key].type, [BEGINNING], [key], [key]) for key in facts.held.banned & owners.keys()
    }
    return Renewed(owners, claims_of(links), rivals, any(link.kind == "alias" for link in links))


def reach(facts: Facts, seeds: Iterable[int]) -> set[int]:
    """Everything whose identity may change when links of `seeds` are taken back, or hold again."""
    known = set(seeds)
    return _scope(facts, known | facts.devices_of(known), devices_met=True)


def part(facts: Facts, nodes: Collection[int], version: int) -> Concerned:
    """Make the identities of `nodes` again after links were taken back, and say which customers to fold.

    `nodes` holds, with each identifier, all that it had belonged together with. One that lost its last link is
    its own customer again.
    """
    renewed = renew(facts, nodes, version)
    alone = {key: None for key in nodes if key not in renewed.owners}
    facts.store_owners(_alone(facts, alone), version)
    owners: dict[int, Owner | None] = {**renewed.owners, **alone}
    dirty = {customer for owner in renewed.owners.values() for customer in owner.customer} | alone.keys()
    merged = {key for key, owner in renewed.owners.items() if key not in owner.customer}
    return Concerned(frozenset(dirty), frozenset(merged), owners)


def _news(facts: Facts, batches: Sequence[Batch]) -> tuple[list[Link], list[Touched]]:
    """Of `batches` the links and touched identifiers that this generation may know, and what banned ones stand for."""
    until, banned = facts.generation.known_until, facts.held.banned
    links = [link for batch in batches for link in batch.links if link.stamp <= until]
    touched = [each for batch in batches for each in batch.touched]
    instead = around_banned(links, banned, facts.rules)
    next_best = {Touched(key, link.at, link.at) for link in links for key in _beside_banned(link, banned)}
    return [*links, *instead], [*touched, *sorted(next_best, key=lambda each: (each.identifier, each.first))]


def _beside_banned(link: Link, banned: frozenset[int]) -> list[int]:
    """The other end of a link with a banned one: touchpoints stored under that belong to it."""
    ends = ((link.a, link.b), (link.b, link.a))
    return [other for one, other in ends if one in banned and other not in banned]


def _alone(facts: Facts, identifiers: Collection[int]) -> dict[int, Owner]:
    """Rows that say so, for those that have one: it may say otherwise."""
    rows = facts.stored_owners(identifiers)
    return {key: Owner(row.owner.type, [BEGINNING], [key], [key]) for key, row in rows.items()}


def _links_of(facts: Facts, scope: set[int]) -> tuple[list[Link], list[Link]]:
    links = facts.links_between(scope)
    groups = device_groups(links, facts.held)
    return links, facts.logins_of(scope, groups)


def _fresh(
    facts: Facts, links: Sequence[Link], stored: dict[int, StoredOwner]
) -> tuple[list[Link], list[Link]]:
    """The links that may change an identity: all but those that the view already reflects.

    And of the others those to store all the same: what only imports say so far may be taken back, and what a
    banned identifier says may hold again.
    """
    banned = facts.held.banned
    static = [link for link in links if link.kind != "login"]
    pairs = facts.links_between(_named(link for link in static if link.a in stored and link.b in stored))
    earlier = {(link.kind, link.a, link.b): link for link in pairs}
    known_devices = {link.a for link in links if link.kind == "login" and link.a in stored}
    claimed = _claimed(facts, known_devices)

    def is_banned(link: Link) -> bool:
        return link.a in banned or link.b in banned

    def notes(one: int, other: int) -> bool:
        return one in banned or (one in stored and other in stored[one].refused_others)

    def is_reflected(link: Link) -> bool:
        if is_banned(link):
            return notes(link.a, link.b) and notes(link.b, link.a)
        a, b = stored.get(link.a), stored.get(link.b)
        if a is None or b is None:
            return False
        if link.kind == "login":
            around = {a.owner.at(link.at - 1), a.owner.at(link.at)}
            return link.a not in claimed and around == {b.owner.customer[0]}
        known = earlier.get((link.kind, link.a, link.b))
        if (
            link.kind == "alias"
            or known is None
            or (known.stamp, known.event_id) >= (link.stamp, link.event_id)
        ):
            return False
        return a.owner.customer == b.owner.customer or link.b in a.refused_others

    def is_to_keep(link: Link) -> bool:
        known = earlier.get((link.kind, link.a, link.b))
        if link.kind == "login":
            return False
        if is_banned(link):
            return known is None or link.kind == "alias" or link.stamp < known.stamp
        return known is not None and known.import_id not in ("", link.import_id)

    reflected = [is_reflected(link) for link in links]
    repeated = [
        link for link, is_known in zip(links, reflected, strict=True) if is_known and is_to_keep(link)
    ]
    fresh = [link for link, is_known in zip(links, reflected, strict=True) if not is_known]
    return fresh, _unsaid(facts, repeated)


def _unsaid(facts: Facts, links: Sequence[Link]) -> list[Link]:
    """Those of `links` that neither a lasting fact nor their own import has said before them."""
    said = {
        (link.kind, link.a, link.b, link.import_id): (link.stamp, link.event_id)
        for link in facts.evidence(_named(links))
    }

    def is_said(link: Link) -> bool:
        places = [(link.kind, link.a, link.b, import_id) for import_id in ("", link.import_id)]
        return any(said[place] <= (link.stamp, link.event_id) for place in places if place in said)

    return [link for link in links if not is_said(link)]


def _claimed(facts: Facts, devices: set[int]) -> set[int]:
    """The devices among `devices` whose timeline an alias claims: there even a repeated login may count."""
    ties, border = [], devices
    while border:
        found = facts.ties_of(border)
        ties += found
        border = (
            {other for _, kind, other in found if kind == "device"} - {node for node, _, _ in ties} - devices
        ) - facts.held.banned
    joined = [
        Link("device", node, "", other, "", 0, 0, b"", "") for node, kind, other in ties if kind == "device"
    ]
    groups = device_groups(joined)
    claimed = {groups.get(node, node) for node, kind, _ in ties if kind == "alias"}
    return {device for device in devices if groups.get(device, device) in claimed}


def _to_store(links: Sequence[Link], fresh: Sequence[Link]) -> list[Link]:
    """Logins are facts each; of the others the earliest of a pair says all that a later one could."""
    logins = [link for link in links if link.kind == "login"]
    return logins + [link for link in fresh if link.kind != "login"]


def _reread_aliases(facts: Facts, touched: Sequence[Touched], stored: dict[int, StoredOwner]) -> set[int]:
    """User ids that an alias named before they were known: its former id must be read again."""
    alone = {
        each.identifier
        for each in touched
        if (row := stored.get(each.identifier))
        and row.owner.type == "user_id"
        and row.owner.members == [each.identifier]
        and "alias" not in row.refused_rules
    }
    return {key for key in alone if facts.neighbours([key], ["alias"])} if alone else set()


def _scope(facts: Facts, seeds: set[int], devices_met: bool) -> set[int]:
    """Everything whose identity can change with `seeds`: their components, and the devices of their persons."""
    scope = _closure(facts, seeds)
    if devices_met:  # who shares a device now shares the devices linked to it
        scope |= _closure(facts, _persons_on(facts, scope))
    while more := _more(facts, scope):
        scope |= _closure(facts, more)
    return scope


def _more(facts: Facts, scope: set[int]) -> set[int]:
    """The devices of persons; where a person may have so many devices only, whoever shares these as well."""
    found = facts.devices_of(scope - facts.held.banned)
    if facts.limits_devices:
        found |= _persons_on(facts, scope)
    return found - scope


def _persons_on(facts: Facts, scope: set[int]) -> set[int]:
    return {link.b for link in facts.logins_of(scope)} - {NOBODY}


def _closure(facts: Facts, nodes: set[int]) -> set[int]:
    """With everything linked to them; a banned identifier is among it only if it was asked about."""
    found, border = set(nodes), set(nodes)
    while border:
        border = facts.neighbours(border, _STATIC) - found - facts.held.banned
        found |= border
    return found


def _elsewhere(facts: Facts, logins: Sequence[Link], scope: set[int]) -> dict[int, int]:
    others = {login.b for login in logins} - scope - {NOBODY}
    rows = facts.stored_owners(others)
    return {key: rows[key].owner.customer[0] if key in rows else key for key in others}


def _touched_customers(touched: Sequence[Touched], owners: dict[int, Owner | None]) -> set[int]:
    """Who owned the touched identifiers in the time they were touched."""
    found: set[int] = set()
    for identifier, first, last in ((each.identifier, each.first, each.last) for each in touched):
        owner = owners.get(identifier)
        if owner is None:
            found.add(identifier)
        else:
            found.update(owner.customer[owner.span_at(first) : owner.span_at(last) + 1])
    return found


def _disturbed(fresh: Sequence[Link], seeds: set[int], renewed: Renewed, rules: IdentityRules) -> set[int]:
    """Customers whose share of something changed: of every seed, and the neighbours of each new login."""
    static = [link for link in fresh if link.kind != "login"]
    timelines = {link.a for link in fresh if link.kind == "login"} - _named(static)
    whole = seeds - timelines
    if renewed.has_alias:  # another reading or holder of a former id moves what no fresh link names
        whole |= renewed.owners.keys()
    elif static:  # links out of order may also part what they do not name
        whole |= {key for key, owner in renewed.owners.items() if _is_person(owner.type, rules)}
    whole |= renewed.rivals
    owners = renewed.owners
    found = {customer for key in whole if key in owners for customer in owners[key].customer}
    for link in fresh:
        if link.kind == "login" and (owner := owners.get(link.a)):
            here = owner.span_at(link.at)
            found.update(owner.customer[max(0, here - 1) : here + 2])
    return found


def _note_refusals(facts: Facts, fresh: Sequence[Link], owners: Mapping[int, Owner]) -> None:
    """Count the links of this group that were refused; each stands with both its ends. Say who stops growing."""
    if not facts.generation.answers:
        return
    new = set(fresh)
    for _, rule in {refusal for owner in owners.values() for refusal in owner.refused if refusal.link in new}:
        telemetry.REFUSED_LINKS.labels(rule).inc()
    for customer in _full(owners, new):
        log_line.warning("a person stops growing", workspace=facts.workspace, customer=f"{customer:016x}")


def _full(owners: Mapping[int, Owner], new: Collection[Link]) -> list[int]:
    """Customers who could not get one identifier more, and for the first time: of two that a link names, the larger."""
    capped: dict[int, list[Link]] = defaultdict(list)
    for owner in owners.values():
        for link in (refusal.link for refusal in owner.refused if refusal.rule == "cap"):
            ends = {owners[end].customer[0] for end in (link.a, link.b)}
            capped[max(sorted(ends), key=lambda end: len(owners[end].members))].append(link)
    return [customer for customer, links in capped.items() if all(link in new for link in links)]


def _named(links: Iterable[Link]) -> set[int]:
    return {key for link in links for key in (link.a, link.b)} - {NOBODY}


def _is_person(type_name: str, rules: IdentityRules) -> bool:
    return rules.type_of(type_name).names == "person"

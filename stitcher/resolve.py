"""Resolve: from the links of a group of changes to new identities and the customers they concern.

Called by the stitcher's second loop for one workspace at a time; it keeps nothing between calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from etappe import telemetry
from etappe.changes import Batch, Link, LinkKind, Touched
from etappe.identifiers import type_of
from etappe.warehouse import Session
from stitcher import facts
from stitcher.facts import StoredOwner
from stitcher.identity import BEGINNING, Owner, resolve
from stitcher.union import device_groups

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


class Renewed(NamedTuple):
    """Identities as the facts have them, and what besides them was found on the way."""

    owners: dict[int, Owner]
    rivals: set[int]
    """Persons who logged in at the very time of a fresh login."""
    has_alias: bool


def resolve_batches(
    session: Session, workspace: str, batches: Sequence[Batch], version: int, again: bool
) -> Concerned:
    """Store the links of `batches`, bring identities up to date and say which customers to fold.

    `again`: an earlier attempt may have applied these changes in part, perhaps in other groups. What identities
    reflect need not have been folded then, so nothing that the changes name counts as settled.
    """
    links = [link for batch in batches for link in batch.links]
    touched = [each for batch in batches for each in batch.touched]
    named = _named(links) | {each.identifier for each in touched}
    stored = facts.stored_owners(session, workspace, named)
    fresh, repeated = (links, []) if again else _fresh(session, workspace, links, stored)
    facts.store_links(session, workspace, [*_to_store(links, fresh), *repeated])
    seeds = _named(fresh) | _reread_aliases(session, workspace, touched, stored)
    if again:
        seeds |= {each.identifier for each in touched if each.identifier in stored}
    owners = {key: stored[key].owner if key in stored else None for key in named}
    if not seeds:
        return Concerned(frozenset(_touched_customers(touched, owners)), frozenset(), owners)
    renewed = renew(session, workspace, seeds, version, fresh)
    owners |= renewed.owners
    _count_refusals(fresh, renewed.owners.values())
    dirty = _touched_customers(touched, owners) | _disturbed(fresh, seeds, renewed)
    merged = {key for key, owner in renewed.owners.items() if key not in owner.customer}
    return Concerned(frozenset(dirty), frozenset(merged), owners)


def renew(
    session: Session, workspace: str, seeds: Iterable[int], version: int, fresh: Sequence[Link] = ()
) -> Renewed:
    """Compute the identities of `seeds` and of everything linked to them from the facts, and store them."""
    scope = _scope(session, workspace, set(seeds), any(link.kind == "device" for link in fresh))
    links, logins = _links_of(session, workspace, scope)
    times = {link.at for link in fresh if link.kind == "login"}
    rivals = {login.b for login in logins if login.at in times}
    if rivals - scope:  # a rival may have lost the device altogether
        scope = _scope(session, workspace, scope | rivals, False)
        links, logins = _links_of(session, workspace, scope)
    aliased = {link.b for link in links if link.kind == "alias" and type_of(link.b_type).names == "person"}
    known = facts.users_seen(session, workspace, aliased)
    owners = resolve([*links, *logins], known, _elsewhere(session, workspace, logins, scope))
    if owners:
        facts.store_owners(session, workspace, owners, version)
    return Renewed(owners, rivals, any(link.kind == "alias" for link in links))


def reach(session: Session, workspace: str, seeds: Iterable[int]) -> set[int]:
    """Everything whose identity may change when links of `seeds` are taken back."""
    return _scope(session, workspace, set(seeds), devices_met=True)


def part(session: Session, workspace: str, nodes: Collection[int], version: int) -> Concerned:
    """Make the identities of `nodes` again after links were taken back, and say which customers to fold.

    `nodes` holds, with each identifier, all that it had belonged together with. One that lost its last link is
    its own customer again.
    """
    renewed = renew(session, workspace, nodes, version)
    alone = {key: None for key in nodes if key not in renewed.owners}
    facts.store_owners(session, workspace, _alone(session, workspace, alone), version)
    owners: dict[int, Owner | None] = {**renewed.owners, **alone}
    dirty = {customer for owner in renewed.owners.values() for customer in owner.customer} | alone.keys()
    merged = {key for key, owner in renewed.owners.items() if key not in owner.customer}
    return Concerned(frozenset(dirty), frozenset(merged), owners)


def _alone(session: Session, workspace: str, identifiers: Collection[int]) -> dict[int, Owner]:
    """Rows that say so, for those that have one: it may say otherwise."""
    rows = facts.stored_owners(session, workspace, identifiers)
    return {key: Owner(row.owner.type, [BEGINNING], [key], [key]) for key, row in rows.items()}


def _links_of(session: Session, workspace: str, scope: set[int]) -> tuple[list[Link], list[Link]]:
    links = facts.links_between(session, workspace, scope)
    return links, facts.logins_of(session, workspace, scope, device_groups(links))


def _fresh(
    session: Session, workspace: str, links: Sequence[Link], stored: dict[int, StoredOwner]
) -> tuple[list[Link], list[Link]]:
    """The links that may change an identity: all but those that the view already reflects.

    And of the others those to store all the same: what only imports say so far may be taken back.
    """
    pairs = facts.links_between(session, workspace, _named(link for link in links if link.kind != "login"))
    earlier = {(link.kind, link.a, link.b): link for link in pairs}
    known_devices = {link.a for link in links if link.kind == "login" and link.a in stored}
    claimed = _claimed(session, workspace, known_devices)

    def is_reflected(link: Link) -> bool:
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

    def is_import_s(link: Link) -> bool:
        known = earlier.get((link.kind, link.a, link.b))
        return link.kind != "login" and known is not None and known.import_id not in ("", link.import_id)

    reflected = [is_reflected(link) for link in links]
    repeated = [
        link for link, is_known in zip(links, reflected, strict=True) if is_known and is_import_s(link)
    ]
    fresh = [link for link, is_known in zip(links, reflected, strict=True) if not is_known]
    return fresh, _unsaid(session, workspace, repeated)


def _unsaid(session: Session, workspace: str, links: Sequence[Link]) -> list[Link]:
    """Those of `links` that neither a lasting fact nor their own import has said before them."""
    said = {
        (link.kind, link.a, link.b, link.import_id): (link.stamp, link.event_id)
        for link in facts.evidence(session, workspace, _named(links))
    }

    def is_said(link: Link) -> bool:
        places = [(link.kind, link.a, link.b, import_id) for import_id in ("", link.import_id)]
        return any(said[place] <= (link.stamp, link.event_id) for place in places if place in said)

    return [link for link in links if not is_said(link)]


def _claimed(session: Session, workspace: str, devices: set[int]) -> set[int]:
    """The devices among `devices` whose timeline an alias claims: there even a repeated login may count."""
    ties, border = [], devices
    while border:
        found = facts.ties_of(session, workspace, border)
        ties += found
        border = (
            {other for _, kind, other in found if kind == "device"} - {node for node, _, _ in ties} - devices
        )
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


def _reread_aliases(
    session: Session, workspace: str, touched: Sequence[Touched], stored: dict[int, StoredOwner]
) -> set[int]:
    """User ids that an alias named before they were known: its former id must be read again."""
    alone = {
        each.identifier
        for each in touched
        if (row := stored.get(each.identifier))
        and row.owner.type == "user_id"
        and row.owner.members == [each.identifier]
        and "alias" not in row.refused_rules
    }
    return (
        {key for key in alone if facts.neighbours(session, workspace, [key], ["alias"])} if alone else set()
    )


def _scope(session: Session, workspace: str, seeds: set[int], devices_met: bool) -> set[int]:
    """Everything whose identity can change with `seeds`: their components, and the devices of their persons."""
    scope = _closure(session, workspace, seeds)
    if devices_met:  # who shares a device now shares the devices linked to it
        scope |= _closure(session, workspace, {link.b for link in facts.logins_of(session, workspace, scope)})
    while more := facts.devices_of(session, workspace, scope) - scope:
        scope |= _closure(session, workspace, more)
    return scope


def _closure(session: Session, workspace: str, nodes: set[int]) -> set[int]:
    found, border = set(nodes), set(nodes)
    while border:
        border = facts.neighbours(session, workspace, border, _STATIC) - found
        found |= border
    return found


def _elsewhere(session: Session, workspace: str, logins: Sequence[Link], scope: set[int]) -> dict[int, int]:
    others = {login.b for login in logins} - scope
    rows = facts.stored_owners(session, workspace, others)
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


def _disturbed(fresh: Sequence[Link], seeds: set[int], renewed: Renewed) -> set[int]:
    """Customers whose share of something changed: of every seed, and the neighbours of each new login."""
    static = [link for link in fresh if link.kind != "login"]
    timelines = {link.a for link in fresh if link.kind == "login"} - _named(static)
    whole = seeds - timelines
    if renewed.has_alias:  # another reading or holder of a former id moves what no fresh link names
        whole |= renewed.owners.keys()
    elif static:  # links out of order may also part what they do not name
        whole |= {key for key, owner in renewed.owners.items() if type_of(owner.type).names == "person"}
    whole |= renewed.rivals
    owners = renewed.owners
    found = {customer for key in whole if key in owners for customer in owners[key].customer}
    for link in fresh:
        if link.kind == "login" and (owner := owners.get(link.a)):
            here = owner.span_at(link.at)
            found.update(owner.customer[max(0, here - 1) : here + 2])
    return found


def _count_refusals(fresh: Sequence[Link], owners: Iterable[Owner]) -> None:
    """Count the links of this group that a rule refused; each stands with both its ends."""
    new = set(fresh)
    for _, rule in {refusal for owner in owners for refusal in owner.refused if refusal.link in new}:
        telemetry.REFUSED_LINKS.labels(rule).inc()


def _named(links: Iterable[Link]) -> set[int]:
    return {key for link in links for key in (link.a, link.b)}

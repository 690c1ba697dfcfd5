"""Aliases: a person says what its former id was; how that is read, and whose device it makes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etappe.changes import Link
from stitcher.identity.devices import Devices
from stitcher.identity.evidence import NOBODY, Evidence, Types
from stitcher.identity.refusals import Refusals


@dataclass(slots=True)
class Aliases:
    """Aliases as they are read: of each event's readings one."""

    persons: list[Link] = field(default_factory=list)
    devices: list[Link] = field(default_factory=list)


def read_aliases(
    evidence: Evidence, known_users: frozenset[int], types: Types, banned: frozenset[int] = frozenset()
) -> Aliases:
    """Read each former id as the user id of that value where one is known, else as the anonymous id.

    A banned user id is nobody's, so nobody is known by it.
    """
    found = Aliases()
    if not evidence.aliases:
        return found
    by_event: dict[tuple[bytes, int], list[Link]] = defaultdict(list)
    for link in evidence.aliases:
        by_event[link.event_id, link.a].append(link)
    users = (known_users | _user_ids(evidence)) - banned
    for links in by_event.values():
        links.sort(key=types.place)
        as_person = next((link for link in links if types.names_person(link.b_type)), None)
        as_device = next((link for link in links if not types.names_person(link.b_type)), None)
        if as_person and (as_person.b in users or not as_device):
            if as_person.a != as_person.b:
                found.persons.append(as_person)
        elif as_device:
            found.devices.append(as_device)
    return found


def _user_ids(evidence: Evidence) -> set[int]:
    links = (*evidence.persons, *evidence.logins)
    found = {link.a for link in links if link.a_type == "user_id"}
    return found | {link.b for link in links if link.b_type == "user_id" and link.b != NOBODY}


def hold_aliases(
    aliases: Sequence[Link],
    logins: Mapping[int, Sequence[Link]],
    devices: Devices,
    customers: Mapping[int, int],
    refusals: Refusals,
) -> dict[int, int]:
    """Device group -> customer who claimed it by the first alias; aliases to somebody else are refused.

    `logins`: by group. A device that was first nobody's is not to be had by an alias.
    """
    claims: dict[int, list[Link]] = defaultdict(list)
    for link in aliases:
        claims[devices.root(link.b)].append(link)
    held: dict[int, int] = {}
    for root, links in claims.items():
        in_order = sorted([*logins.get(root, ()), *links], key=_claim_order)
        first = _claimant(in_order[0], customers)
        for link in in_order:
            if link.kind != "alias":
                continue
            if _claimant(link, customers) != first:
                refusals.note(link, "alias")
            else:
                held[root] = first
    return held


def _claimant(link: Link, customers: Mapping[int, int]) -> int:
    person = link.a if link.kind == "alias" else link.b
    return NOBODY if person == NOBODY else customers[person]


def _claim_order(link: Link) -> tuple[int, bool, bytes, int]:
    # Of one receipt logins come first, by person: which of a person's logins is given must not matter.
    is_alias = link.kind == "alias"
    return link.stamp, is_alias, link.event_id if is_alias else b"", link.a if is_alias else link.b

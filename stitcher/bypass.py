"""What events say without the banned identifier that led them: links around it, that hold while it is banned.

An event links everything it names to its best identifier. Where that one is banned, the next best takes its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from etappe.changes import Link, LinkKind
from etappe.identity_rules import IdentityRules
from etappe.warehouse.statements import statement
from stitcher.facts import Facts

_EVENTS_AT_ONCE = 50_000


class Named(NamedTuple):
    """An identifier that an event names."""

    key: int
    type: str


class _Said(NamedTuple):
    """Of one event what its links share."""

    at: int
    stamp: int
    event_id: bytes
    source: str
    import_id: str


def around_banned(links: Iterable[Link], banned: frozenset[int], rules: IdentityRules) -> list[Link]:
    """The links that the events of `links` make without the identifiers that are banned.

    What an alias names is no identifier of its event: it was the former id of the one that is banned, and of the next
    best now.
    """
    if not banned:
        return []
    by_event: dict[bytes, list[Link]] = defaultdict(list)
    for link in links:
        by_event[link.event_id].append(link)
    found: list[Link] = []
    for event in by_event.values():
        ordered = sorted(_identifiers(event), key=lambda node: (rules.type_of(node.type).priority, node.key))
        leader = next((node.key for node in ordered if node.key in banned), None)
        if leader is not None:
            left = [node for node in ordered if node.key not in banned]
            named = {Named(link.b, link.b_type) for link in event if link.kind == "alias"}
            former = sorted(node for node in named if node.key not in banned)
            first = event[0]
            said = _Said(first.at, first.stamp, first.event_id, first.source, first.import_id)
            found += _star(left, former, leader, said, rules)
    known = {(link.kind, link.a, link.b, link.event_id) for event in by_event.values() for link in event}
    return [link for link in found if (link.kind, link.a, link.b, link.event_id) not in known]


def _identifiers(event: Iterable[Link]) -> set[Named]:
    """Those that made the links of one event."""
    leading = {Named(link.a, link.a_type) for link in event}
    return leading | {Named(link.b, link.b_type) for link in event if link.kind != "alias"}


def around(facts: Facts, naming: Collection[int]) -> Iterator[list[Link]]:
    """The same for all stored events that name any of `naming`; in groups that fit into memory."""
    after: tuple[int, str] = (-(1 << 62), "")
    banned = facts.held.banned
    while rows := _events_led_by(facts, naming, after):
        types = _types_of(facts, {key for row in rows for key in row[1]})
        found: list[Link] = []
        for leader, identifiers, former, at, stamp, event_id, source, import_id, _ in rows:
            left = [Named(key, types[key]) for key in identifiers if key in types and key not in banned]
            said = _Said(at, stamp, event_id, source, import_id)
            before = [Named(*each) for each in former if each[0] not in banned]
            found += _star(left, before, leader, said, facts.rules)
        yield found
        after = (rows[-1][4], rows[-1][8])


def _star(
    nodes: Sequence[Named], former: Sequence[Named], leader: int, said: _Said, rules: IdentityRules
) -> list[Link]:
    """As `stitcher/identity/linking.py` links a touchpoint's identifiers, best-ranked first, and its former ids."""
    persons = [node for node in nodes if rules.type_of(node.type).names == "person"]
    devices = [node for node in nodes if rules.type_of(node.type).names == "device"]

    def link(kind: LinkKind, a: Named, b: Named) -> Link:
        return Link(kind, a.key, a.type, b.key, b.type, *said, leader)

    found = [link("person", persons[0], other) for other in persons[1:]]
    found += [link("device", devices[0], other) for other in devices[1:]]
    if persons:
        found += [link("login", device, persons[0]) for device in devices]
        found += [link("alias", persons[0], each) for each in former]
    return found


def _events_led_by(
    facts: Facts, naming: Collection[int], after: tuple[int, str]
) -> Sequence[tuple[int, list[int], list[tuple[int, str]], int, int, bytes, str, str, str]]:
    bound: Mapping[str, object] = {
        "workspace": facts.workspace,
        "banned": sorted(facts.held.banned),
        "naming": sorted(naming),
        "known_until": facts.generation.known_until,
        "after_stamp": after[0],
        "after_event": after[1],
        "count": _EVENTS_AT_ONCE,
    }
    return facts.session.rows(statement("stitcher.sql", "events_led_by"), bound)


def _types_of(facts: Facts, nodes: Iterable[int]) -> dict[int, str]:
    bound = {"workspace": facts.workspace, "nodes": list(nodes)}
    return dict(facts.session.rows(statement("stitcher.sql", "types_of"), bound))

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
    """The links that the events of `links` make without the identifiers that are banned."""
    if not banned:
        return []
    by_event: dict[bytes, list[Link]] = defaultdict(list)
    for link in links:
        by_event[link.event_id].append(link)
    found: list[Link] = []
    for event in by_event.values():
        nodes = {Named(*end) for link in event for end in ((link.a, link.a_type), (link.b, link.b_type))}
        leaders = [node for node in nodes if node.key in banned]
        if leaders:
            ordered = sorted(nodes, key=lambda node: (rules.type_of(node.type).priority, node.key))
            first = event[0]
            said = _Said(first.at, first.stamp, first.event_id, first.source, first.import_id)
            found += _star(ordered, banned, leaders[0].key, said, rules)
    known = {(link.kind, link.a, link.b, link.event_id) for event in by_event.values() for link in event}
    return [link for link in found if (link.kind, link.a, link.b, link.event_id) not in known]


def around(facts: Facts, naming: Collection[int]) -> Iterator[list[Link]]:
    """The same for all stored events that name any of `naming`; in groups that fit into memory."""
    after: tuple[int, str] = (-(1 << 62), "")
    while rows := _events_led_by(facts, naming, after):
        types = _types_of(facts, {key for row in rows for key in row[1]})
        found: list[Link] = []
        for leader, identifiers, at, stamp, event_id, source, import_id, _ in rows:
            nodes = [Named(key, types[key]) for key in identifiers if key in types]
            said = _Said(at, stamp, event_id, source, import_id)
            found += _star(nodes, facts.held.banned, leader, said, facts.rules)
        yield found
        after = (rows[-1][3], rows[-1][7])


def _star(
    ordered: Sequence[Named], banned: frozenset[int], leader: int, said: _Said, rules: IdentityRules
) -> list[Link]:
    """As `stitcher/identity/linking.py` links a touchpoint's identifiers, best-ranked first."""
    nodes = [node for node in ordered if node.key not in banned]
    persons = [node for node in nodes if rules.type_of(node.type).names == "person"]
    devices = [node for node in nodes if rules.type_of(node.type).names == "device"]

    def link(kind: LinkKind, a: Named, b: Named) -> Link:
        return Link(kind, a.key, a.type, b.key, b.type, *said, leader)

    found = [link("person", persons[0], other) for other in persons[1:]]
    found += [link("device", devices[0], other) for other in devices[1:]]
    if persons:
        found += [link("login", device, persons[0]) for device in devices]
    return found


def _events_led_by(
    facts: Facts, naming: Collection[int], after: tuple[int, str]
) -> Sequence[tuple[int, list[int], int, int, bytes, str, str, str]]:
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

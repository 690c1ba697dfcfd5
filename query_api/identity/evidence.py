"""Evidence: the links that make several identifiers one customer, and those that a rule refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from etappe.warehouse import Session
from query_api.identity.generations import Identities
from query_api.sql import text_of

MOST_REFUSED = 10_000
MOST_REFUSED_EACH = 100
"""Refused links that are shown: of a customer, of one identifier."""

MOST_LOGINS_EACH = 1_000
"""Logins that are shown of one device."""

_EVENTS_AT_ONCE = 10_000


class Link(NamedTuple):
    """One event's evidence that `a` and `b` belong together; of a login `a` is the device. Times in ms."""

    kind: str
    a: int
    a_type: str
    b: int
    b_type: str
    at: int
    stamp: int
    event_key: bytes
    source: str

    @property
    def pair(self) -> tuple[int, int]:
        return (self.a, self.b) if self.a < self.b else (self.b, self.a)


class Refused(NamedTuple):
    """A link, and the rule that refused it."""

    link: Link
    rule: str


class Event(NamedTuple):
    """An event's own id, and its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """`held` and `refused` by receipt, and how many there are of each that are too many to show."""

    held: Sequence[Link]
    refused: Sequence[Refused]
    held_left_out: int = 0
    refused_left_out: int = 0


BANNED = "banned"


def evidence_of(
    session: Session, workspace: str, identities: Identities, members: Collection[int]
) -> Evidence:
    """All that makes these identifiers one customer, a device's logins wherever the person changes."""
    bound = {**_bound(workspace, identities, members), "each": MOST_LOGINS_EACH}
    rows = session.rows(text_of("logins_among"), bound)
    left_out = {device: more for _, device, *_, more in rows}
    found = _evidence(session, workspace, identities, members, [Link(*row[:-1]) for row in rows])
    return replace(found, held_left_out=sum(left_out.values()))


def shortest_evidence_of(
    session: Session, workspace: str, identities: Identities, members: Collection[int]
) -> Evidence:
    """What chains are made of: of a person's logins on a device the first."""
    rows = session.rows(text_of("first_logins"), _bound(workspace, identities, members))
    return _evidence(session, workspace, identities, members, [Link(*row) for row in rows])


def _bound(workspace: str, identities: Identities, members: Collection[int]) -> dict[str, Any]:
    rest = {"identifiers": sorted(members), "known_until": identities.known_until}
    return {**identities.touchpoints(workspace), **rest}


def _of_decisions(bound: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is bound, what a statement about decisions reads: the identifiers may be many."""
    return {name: bound[name] for name in ("workspace", "known_until")}


def _evidence(
    session: Session, workspace: str, identities: Identities, members: Collection[int], logins: Sequence[Link]
) -> Evidence:
    bound = _bound(workspace, identities, members)
    found = [*(Link(*row) for row in session.rows(text_of("links_among"), bound)), *logins]
    refused, left_out = _refused(session, workspace, identities, members)
    apart = {_pair(*pair) for pair in session.rows(text_of("held_apart"), _of_decisions(bound))}
    apart |= {each.link.pair for each in refused if each.rule == BANNED}
    kept_out = {(each.link.pair, each.link.event_key) for each in refused}
    held = [each for each in found if each.pair not in apart and (each.pair, each.event_key) not in kept_out]
    return Evidence(_as_read(held, refused), refused, refused_left_out=left_out)


def events_of(
    session: Session, workspace: str, links: Collection[Link], members: Collection[int]
) -> dict[bytes, Event]:
    """What the events of `links` were, as far as their touchpoints are there, by their 128-bit keys.

    A touchpoint lies under the best identifier of its event: mostly an end of the link, else what the event linked
    to it.
    """
    found = _events(session, workspace, links, {end for link in links for end in (link.a, link.b)})
    missing = [link for link in links if link.event_key not in found]
    if missing:
        beside = _links_of(session, workspace, members, {link.event_key for link in missing})
        found |= _events(session, workspace, missing, {end for link in beside for end in (link.a, link.b)})
    return found


def _refused(
    session: Session, workspace: str, identities: Identities, members: Collection[int]
) -> tuple[list[Refused], int]:
    rows = session.rows(
        text_of("refusals"),
        {
            **identities.touchpoints(workspace),
            "identifiers": sorted(members),
            "each": MOST_REFUSED_EACH,
            "most": MOST_REFUSED,
        },
    )
    rules = {(_pair(key, other), event): rule for key, other, rule, event, _ in rows if rule != BANNED}
    at_banned = [(key, other) for key, other, rule, *_ in rows if rule == BANNED]
    links = _links_of(session, workspace, {key for key, *_ in rows}, {event for _, event in rules})
    found = {
        (link.pair, link.event_key): Refused(link, rules[link.pair, link.event_key])
        for link in links
        if (link.pair, link.event_key) in rules
    }
    banned = _links_at_banned(session, workspace, identities, at_banned)
    return [*found.values(), *banned], sum({key: left_out for key, *_, left_out in rows}.values())


def _links_at_banned(
    session: Session, workspace: str, identities: Identities, pairs: Collection[tuple[int, int]]
) -> list[Refused]:
    """Of a banned identifier the view notes once that it was refused; the earliest link is what it was refused for."""
    if not pairs:
        return []
    bound = {
        "workspace": workspace,
        "identifiers": sorted({key for key, _ in pairs}),
        "banned": sorted({other for _, other in pairs}),
        "known_until": identities.known_until,
    }
    wanted = {_pair(*each) for each in pairs}
    links = {(link.pair, link.event_key): link for link in _read(session, "links_at_banned", bound)}
    return [Refused(link, BANNED) for link in links.values() if link.pair in wanted]


def _read(session: Session, name: str, bound: Mapping[str, Any]) -> list[Link]:
    return [Link(*row) for row in session.rows(text_of(name), bound)]


def _links_of(
    session: Session, workspace: str, nodes: Collection[int], events: Collection[bytes]
) -> list[Link]:
    if not events:
        return []
    bound = {"workspace": workspace, "identifiers": sorted(nodes), "events": sorted(map(bytes.hex, events))}
    return [Link(*row) for row in session.rows(text_of("links_of_events"), bound)]


def _events(
    session: Session, workspace: str, links: Collection[Link], identifiers: Collection[int]
) -> dict[bytes, Event]:
    found: dict[bytes, Event] = {}
    asked = sorted(links, key=lambda link: link.event_key)
    for begin in range(0, len(asked), _EVENTS_AT_ONCE):
        some = asked[begin : begin + _EVENTS_AT_ONCE]
        bound = {
            "workspace": workspace,
            "identifiers": sorted(identifiers),
            "times": sorted({link.at for link in some}),
            "events": sorted({link.event_key.hex() for link in some}),
        }
        rows = session.rows(text_of("events_of_links"), bound)
        found |= {key: Event(id_, name) for key, id_, name in rows}
    return found


def _as_read(links: Iterable[Link], refused: Iterable[Refused]) -> list[Link]:
    """Without aliases of a device whose former id was read as a person's: one event, one reading."""
    links = list(links)
    as_person: Mapping[bytes, str] = {
        link.event_key: link.b_type
        for link in [*links, *(each.link for each in refused)]
        if link.kind == "alias" and link.b_type == "user_id"
    }
    return sorted(
        (
            link
            for link in links
            if link.a != link.b
            and (link.kind != "alias" or as_person.get(link.event_key, link.b_type) == link.b_type)
        ),
        key=lambda link: (link.stamp, link.event_key, link.kind, link.a, link.b),
    )


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)

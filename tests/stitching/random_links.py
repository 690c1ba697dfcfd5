"""Drawn links, rules and decisions: few names and few times, so that they meet often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from msgspec.structs import replace as with_
from stitching.links import alias, devices, key, login, nobody, person

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, Limit, TypeRules
from stitcher.identity.decisions import NOTHING_HELD, Held

PERSONS = st.sampled_from(["u1", "u2", "u3", "c1", "e1", "e2", "e3", "l1", "l2"])
DEVICES = st.sampled_from(["a1", "a2", "a3", "d1"])
FORMER = st.sampled_from(["=1", "=2", "=3", "=4", "=5", "a1", "a2", "u1", "u2", "l1"])
TIME = st.integers(0, 9)

Drawn = tuple[str, str, str, int, int]


def _two(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.lists(names, min_size=2, max_size=2, unique=True).map(lambda both: (both[0], both[1]))


def _lists(*drawn: st.SearchStrategy[Drawn]) -> st.SearchStrategy[list[Drawn]]:
    return st.sampled_from([0, 6, 12]).flatmap(
        lambda least: st.lists(st.one_of(*drawn), min_size=least, max_size=18)
    )


def _events(kind: str, ends: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[Drawn]:
    return st.tuples(ends, TIME, TIME).map(lambda drawn: (kind, *drawn[0], drawn[1], drawn[2]))


_PLAIN = [
    *[_events("person", _two(PERSONS))] * 3,
    *[_events("login", st.tuples(DEVICES, PERSONS))] * 3,
    _events("devices", _two(DEVICES)),
    _events("alias", st.tuples(PERSONS, FORMER)),
]
PLAIN_EVENTS = _lists(*_PLAIN)
"""One event each: kind, two ends, time, receipt."""

EVENTS = _lists(
    *_PLAIN,
    _events("devices", st.tuples(DEVICES, st.just("l1"))),
    _events("nobody", st.tuples(DEVICES, st.just(""))),
)
"""Also logins of who was erased, and links from when a type named something else."""

LIMITED = ("email", "loyalty_card", "anonymous_id", "device_id")
KNOWN = st.frozensets(st.sampled_from(["u1", "u2", "u3", "u4", "u5"]).map(key))
LIMIT = st.none() | st.builds(Limit, st.integers(1, 2), st.none() | st.integers(0, 6))


@st.composite
def rules(draw: st.DrawFn) -> IdentityRules:
    """Unique and limited types of persons and devices, one type of the workspace's own, a low cap."""
    card = TypeRules(
        "loyalty_card", draw(st.sampled_from(["person", "person", "device"])), draw(st.integers(0, 12))
    )
    types = {**DEFAULT_RULES.types, card.name: card}
    for name in LIMITED:
        types[name] = replace(types[name], limit=draw(LIMIT))
    unique = draw(st.sampled_from(["user_id", "user_id", "crm_id", "loyalty_card"]))
    types[unique] = replace(types[unique], unique=types[unique].names == "person")
    most = draw(st.sampled_from([1000, 1000, 1000, 2, 3, 5]))
    return replace(
        DEFAULT_RULES, types=types, alias=draw(st.sampled_from(["refuse", "merge"])), most_identifiers=most
    )


def held_among(links: list[Link]) -> st.SearchStrategy[Held]:
    """Decisions that concern some of `links`."""
    if not links:
        return st.just(NOTHING_HELD)
    link = st.sampled_from(links)
    apart = st.frozensets(link.map(lambda each: (min(each.a, each.b), max(each.a, each.b))), max_size=2)
    banned = st.frozensets(link.map(lambda each: each.b or each.a), max_size=1)
    return st.just(NOTHING_HELD) | st.builds(Held, apart, banned)


@dataclass(frozen=True)
class World:
    """Everything that identities follow from."""

    links: list[Link]
    known: frozenset[int]
    rules: IdentityRules
    held: Held


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Links under rules and decisions; some hold only while an identifier is banned."""
    links = links_of(draw(EVENTS))
    around = draw(
        st.lists(st.sampled_from([0] * 8 + [key("u1"), key("e1")]), min_size=len(links), max_size=len(links))
    )
    links = [with_(link, bypass=bypass) for link, bypass in zip(links, around, strict=True)]
    return World(links, draw(KNOWN) | users_who_sent(links), draw(rules()), draw(held_among(links)))


def links_of(events: list[Drawn]) -> list[Link]:
    """One event each, numbered so that equal times and equal stamps are told apart by nothing but the id."""
    makers: dict[str, Callable[..., Link]] = {"person": person, "login": login, "devices": devices}
    found: list[Link] = []
    for n, (kind, a, b, at, stamp) in enumerate(events, 1):
        number = n * 37 % 101
        if kind == "alias":
            found += alias(a, b, number, at=at, stamp=stamp)
        elif kind == "nobody":
            found.append(nobody(a, number, at=at, stamp=stamp))
        else:
            found.append(makers[kind](a, b, number, at=at, stamp=stamp))
    return found


def users_who_sent(links: list[Link]) -> frozenset[int]:
    """Whoever sends an alias has a touchpoint."""
    return frozenset(each.a for each in links if each.kind == "alias" and each.a_type == "user_id")

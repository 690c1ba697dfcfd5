"""Identity as a whole is a function of the set of links, and says what the plain reference says."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from reference.identity import Identities
from stitching.links import alias, devices, key, login, person

from etappe.changes import Link
from stitcher.identity import Owner, resolve
from stitcher.persons import Refusal

PERSONS = st.sampled_from(["u1", "u2", "u3", "u4", "c1", "e1", "e2", "p1"])
USERS = st.sampled_from(["u1", "u2", "u3", "u4"])
DEVICES = st.sampled_from(["a1", "a2", "a3", "d1", "d2"])
FORMER = st.sampled_from(["=1", "=2", "=3", "=4", "=5", "a1", "a2", "u1", "u2"])
TIME = st.integers(0, 9)

Drawn = tuple[str, str, str, int, int]
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("person"), PERSONS, PERSONS, TIME, TIME).filter(lambda each: each[1] != each[2]),
        st.tuples(st.just("login"), DEVICES, PERSONS, TIME, TIME),
        st.tuples(st.just("devices"), DEVICES, DEVICES, TIME, TIME).filter(lambda each: each[1] != each[2]),
        st.tuples(st.just("alias"), USERS, FORMER, TIME, TIME),
    ),
    max_size=16,
)
KNOWN = st.frozensets(st.sampled_from(["u1", "u2", "u3", "u4", "u5"]).map(key))


def links_of(events: list[Drawn]) -> list[Link]:
    """One event each, numbered so that equal times and equal stamps are told apart by nothing but the id."""
    found: list[Link] = []
    for n, (kind, a, b, at, stamp) in enumerate(events, 1):
        number = n * 37 % 101
        if kind == "alias":
            found += alias(a, b, number, at=at, stamp=stamp)
        else:
            makers: dict[str, Callable[..., Link]] = {"person": person, "login": login, "devices": devices}
            make = makers[kind]
            found.append(make(a, b, number, at=at, stamp=stamp))
    return found


def users_who_sent(links: list[Link]) -> frozenset[int]:
    """Whoever sends an alias has a touchpoint."""
    return frozenset(each.a for each in links if each.kind == "alias")


def shown(owners: dict[int, Owner]) -> dict[int, tuple[object, ...]]:
    return {
        each: (owner.type, owner.since, owner.customer, owner.members, sorted(map(_told, owner.refused)))
        for each, owner in owners.items()
    }


def _told(refusal: Refusal) -> tuple[object, ...]:
    return refusal.rule, refusal.link.event_id, refusal.link.kind, refusal.link.a, refusal.link.b


@settings(deadline=None)
@given(EVENTS, KNOWN, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(
    events: list[Drawn], known: frozenset[int], order: random.Random
) -> None:
    links = links_of(events)
    shuffled = order.sample(links, len(links))
    assert shown(resolve(links, known)) == shown(resolve(shuffled, known))


@settings(deadline=None)
@given(EVENTS, KNOWN)
def test_repeated_links_change_nobodys_customer(events: list[Drawn], known: frozenset[int]) -> None:
    links = links_of(events)
    once, twice = resolve(links, known), resolve(links + links, known)
    assert {k: v[:4] for k, v in shown(once).items()} == {k: v[:4] for k, v in shown(twice).items()}


@settings(max_examples=200, deadline=None)
@given(EVENTS, KNOWN)
def test_the_reference_says_the_same(events: list[Drawn], known: frozenset[int]) -> None:
    links = links_of(events)
    known |= users_who_sent(links)
    owners, reference = resolve(links, known), Identities(links, known)
    for each, owner in owners.items():
        for time in range(-1, 11):
            assert owner.at(time) == reference.customer_of(each, time), (each, time)
    assert {each.event_id for each in reference.refused} <= {
        refusal.link.event_id for owner in owners.values() for refusal in owner.refused
    }


@settings(deadline=None)
@given(EVENTS, KNOWN)
def test_every_identifier_has_a_row_and_every_customer_lists_what_it_ever_had(
    events: list[Drawn], known: frozenset[int]
) -> None:
    links = links_of(events)
    owners = resolve(links, known)
    assert owners.keys() == {k for each in links for k in (each.a, each.b)}
    had: dict[int, set[int]] = {}
    for each, owner in owners.items():
        assert owner.since == sorted(set(owner.since))
        assert all(one != other for one, other in zip(owner.customer, owner.customer[1:], strict=False))
        for customer in owner.customer:
            had.setdefault(customer, set()).add(each)
    for customer, mine in had.items():
        assert owners[customer].members == sorted(mine)
    assert all(owner.members == [] for each, owner in owners.items() if each not in had)

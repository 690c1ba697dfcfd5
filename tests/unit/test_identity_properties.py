"""Identity as a whole is a function of links, rules and decisions, and says what the plain reference says."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from reference.identity import Identities
from stitching.random_links import (
    KNOWN,
    PLAIN_EVENTS,
    Drawn,
    World,
    held_among,
    links_of,
    users_who_sent,
    worlds,
)

from etappe.changes import Link
from stitcher.identity.decisions import NOTHING_HELD
from stitcher.identity.evidence import Types
from stitcher.identity.increment import Increment
from stitcher.identity.owners import Owner, resolve

TIMES = range(-1, 11)

Told = tuple[object, ...]


def owners_of(world: World) -> dict[int, Owner]:
    return resolve(world.links, world.known, rules=world.rules, held=world.held)


def told(link: Link, rule: str) -> Told:
    return rule, link.event_id, link.kind, link.a, link.b


def refusals(owners: dict[int, Owner]) -> set[Told]:
    return {told(*refusal) for owner in owners.values() for refusal in owner.refused}


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_the_reference_says_the_same(world: World) -> None:
    owners = owners_of(world)
    reference = Identities(world.links, world.known, world.rules, world.held)
    for each, owner in owners.items():
        for time in TIMES:
            assert owner.at(time) == reference.customer_of(each, time), (each, time)
    assert refusals(owners) == {told(*each) for each in reference.refused}


@settings(max_examples=200, deadline=None)
@given(PLAIN_EVENTS, KNOWN)
def test_the_reference_says_the_same_under_the_default_rules(
    events: list[Drawn], known: frozenset[int]
) -> None:
    links = links_of(events)
    known |= users_who_sent(links)
    owners, reference = resolve(links, known), Identities(links, known)
    for each, owner in owners.items():
        for time in TIMES:
            assert owner.at(time) == reference.customer_of(each, time), (each, time)
    assert refusals(owners) == {told(*each) for each in reference.refused}


@settings(deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(world: World, order: random.Random) -> None:
    shuffled = order.sample(world.links, len(world.links))
    assert owners_of(world) == resolve(shuffled, world.known, rules=world.rules, held=world.held)


@settings(deadline=None)
@given(worlds())
def test_repeated_links_change_nothing(world: World) -> None:
    twice = resolve(world.links * 2, world.known, rules=world.rules, held=world.held)
    assert owners_of(world) == twice


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_links_taken_in_by_and_by_say_the_same_as_all_at_once(world: World, data: st.DataObject) -> None:
    increment, left = Increment(world.rules, world.held), list(world.links)
    while left:
        count = data.draw(st.integers(1, len(left)))
        group = [left.pop(data.draw(st.integers(0, len(left) - 1))) for _ in range(count)]
        increment.add(group, data.draw(st.sets(st.sampled_from(sorted(world.known)))) if world.known else ())
    increment.add([], world.known)
    assert increment.owners == owners_of(world)


@settings(max_examples=400, deadline=None)
@given(worlds(), st.data())
def test_links_taken_in_as_they_are_received_say_the_same(world: World, data: st.DataObject) -> None:
    """Most of them only add to a person then, so they are not computed again; a few come late."""
    increment, left = Increment(world.rules, world.held), sorted(world.links, key=Types(world.rules).place)
    for _ in range(data.draw(st.integers(0, min(2, len(left))))):
        left.append(left.pop(data.draw(st.integers(0, len(left) - 1))))
    found: dict[int, Owner] = {}
    while left:
        count = data.draw(st.integers(1, len(left)))
        group, left = left[:count], left[count:]
        found |= increment.add(group, world.known if data.draw(st.booleans()) else ())
    found |= increment.add([], world.known)
    assert increment.owners == owners_of(world)
    assert {key: owner for key, owner in found.items() if key in increment.owners} == increment.owners


@settings(deadline=None)
@given(worlds(), st.data())
def test_a_decision_taken_back_leaves_no_trace(world: World, data: st.DataObject) -> None:
    other = data.draw(held_among(world.links))
    increment = Increment(world.rules, NOTHING_HELD)
    increment.add(world.links, world.known)
    before = dict(increment.owners)
    for held in (world.held, other, NOTHING_HELD):
        increment.hold(held)
        assert increment.owners == resolve(world.links, world.known, rules=world.rules, held=held)
    assert increment.owners == before


@settings(deadline=None)
@given(worlds(), worlds())
def test_links_that_share_no_identifier_do_not_know_of_each_other(world: World, other: World) -> None:
    names = {k for each in world.links for k in (each.a, each.b, each.bypass)}
    apart = [each for each in other.links if not {each.a, each.b, each.bypass} & names]
    known = world.known | users_who_sent(apart)
    together = resolve([*world.links, *apart], known, rules=world.rules, held=world.held)
    alone = resolve(world.links, known, rules=world.rules, held=world.held)
    assert {each: together[each] for each in alone} == alone


@settings(deadline=None)
@given(worlds())
def test_every_identifier_has_a_row_and_every_customer_lists_what_it_ever_had(world: World) -> None:
    owners = owners_of(world)
    heard = [each for each in world.links if not each.bypass or each.bypass in world.held.banned]
    heard = [
        each for each in heard if each.kind != "alias" or world.rules.type_of(each.a_type).names == "person"
    ]
    assert owners.keys() >= {k for each in heard for k in (each.a, each.b) if k and each.b}
    had: dict[int, set[int]] = {}
    for each, owner in owners.items():
        assert owner.since == sorted(set(owner.since))
        assert all(one != other for one, other in zip(owner.customer, owner.customer[1:], strict=False))
        for customer in owner.customer:
            had.setdefault(customer, set()).add(each)
    for customer, mine in had.items():
        assert owners[customer].members == sorted(mine)
    assert not any(owner.members for each, owner in owners.items() if each not in had)


@settings(deadline=None)
@given(worlds())
def test_a_banned_identifier_is_its_own_customer_and_nobody_elses(world: World) -> None:
    owners = owners_of(world)
    for banned in world.held.banned & owners.keys():
        assert (owners[banned].customer, owners[banned].members) == ([banned], [banned])


@settings(deadline=None)
@given(worlds())
def test_no_link_joins_what_is_held_apart_by_itself(world: World) -> None:
    for one, other in world.held.apart:
        alone = [each for each in world.links if {each.a, each.b} == {one, other}]
        owners = resolve(alone, world.known, rules=world.rules, held=world.held)
        assert all(owner.customer == [each] for each, owner in owners.items())


def test_what_is_drawn_meets_every_rule() -> None:
    """The properties above hold of worlds in which something happens."""
    met: Counter[str] = Counter()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(worlds())
    def look(world: World) -> None:
        met.update(str(rule) for rule, *_ in refusals(owners_of(world)))

    look()
    assert met.keys() == {"unique", "limit", "cap", "alias", "apart", "banned"}
    assert min(met.values()) > 10

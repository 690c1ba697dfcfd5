"""Persons: who is one person, what the rules refuse, and which identifier names the customer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from stitching.links import key, login, person

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES
from stitcher.identity.owners import BEGINNING, Owner, resolve

MOST_IDENTIFIERS = DEFAULT_RULES.most_identifiers


def customer(owners: dict[int, Owner], name: str, at: int = 0) -> int:
    return owners[key(name)].at(at)


def same(owners: dict[int, Owner], *names: str) -> bool:
    return len({customer(owners, name) for name in names}) == 1


def rules(owners: dict[int, Owner], name: str) -> list[str]:
    return [refusal.rule for refusal in owners[key(name)].refused]


def members(owners: dict[int, Owner], name: str) -> set[int]:
    return set(owners[customer(owners, name)].members)


def components(links: list[Link]) -> set[frozenset[int]]:
    """Connected components as scipy finds them."""
    nodes = sorted({end for each in links for end in (each.a, each.b)})
    ends = [[nodes.index(each.a) for each in links], [nodes.index(each.b) for each in links]]
    graph = coo_array(([1] * len(links), ends), shape=(len(nodes), len(nodes)))
    count, labels = connected_components(graph, directed=False) if nodes else (0, [])
    return {
        frozenset(node for node, mine in zip(nodes, labels, strict=True) if mine == label)
        for label in range(count)
    }


def test_linked_identifiers_are_one_person() -> None:
    owners = resolve([person("u1", "e1", 1), person("e1", "p1", 2), person("u2", "e2", 3)])
    assert same(owners, "u1", "e1", "p1")
    assert same(owners, "u2", "e2")
    assert not same(owners, "u1", "u2")


def test_two_user_ids_never_meet_and_the_refusal_is_noted_at_both_ends() -> None:
    owners = resolve([person("u1", "e1", 1), person("u2", "e1", 2)])
    assert same(owners, "u1", "e1")
    assert not same(owners, "u2", "e1")
    assert rules(owners, "u2") == rules(owners, "e1") == ["unique"]
    assert rules(owners, "u1") == []


def test_two_user_ids_do_not_meet_through_others() -> None:
    owners = resolve(
        [person("u1", "e1", 1), person("u2", "e2", 2), person("e1", "p1", 3), person("e2", "p1", 4)]
    )
    assert same(owners, "u1", "e1", "p1")
    assert not same(owners, "u1", "u2")
    assert rules(owners, "e2") == rules(owners, "p1") == ["unique"]


def test_the_earlier_link_wins_whichever_comes_first_in_the_list() -> None:
    early, late = person("u1", "e1", 1), person("u2", "e1", 2)
    for order in ([early, late], [late, early]):
        owners = resolve(order)
        assert same(owners, "u1", "e1")
        assert not same(owners, "u2", "e1")


def test_several_e_mails_and_phones_may_meet() -> None:
    owners = resolve(
        [person("u1", "e1", 1), person("u1", "e2", 2), person("e2", "p1", 3), person("e1", "p2", 4)]
    )
    assert same(owners, "u1", "e1", "e2", "p1", "p2")


def test_the_customer_is_the_identifier_of_the_earliest_link() -> None:
    owners = resolve([person("u1", "e1", 5), person("e1", "p1", 2), person("p1", "c1", 9)])
    assert customer(owners, "u1") == key("e1")  # of event 2's two ends the better-ranked one


def test_a_later_merge_changes_no_id_of_the_older_person() -> None:
    old = [person("u1", "e1", 1)]
    young = [person("c2", "p2", 5)]
    before = resolve([*old, *young])
    after = resolve([*old, *young, person("e1", "p2", 9)])
    assert customer(before, "u1") == customer(after, "u1") == customer(after, "p2") == key("u1")
    assert customer(before, "p2") == key("c2")


def test_the_members_of_a_customer_are_all_its_identifiers_and_stand_on_its_own_row_only() -> None:
    owners = resolve([person("u1", "e1", 1), person("e1", "p1", 2), login("a1", "p1", 3)])
    assert owners[key("u1")].members == sorted(map(key, ("u1", "e1", "p1", "a1")))
    assert not any(owners[key(other)].members for other in ("e1", "p1", "a1"))


def test_a_person_who_only_logs_in_is_their_own_customer() -> None:
    owners = resolve([login("a1", "u1", 1)])
    assert owners[key("u1")] == Owner("user_id", [BEGINNING], [key("u1")], sorted([key("u1"), key("a1")]))


def test_a_person_with_too_many_identifiers_stops_growing() -> None:
    full = [person("u1", f"e{n}", n) for n in range(1, MOST_IDENTIFIERS)]
    assert len(members(resolve(full), "u1")) == MOST_IDENTIFIERS
    owners = resolve([*full, person("u1", "p1", 5000), person("p1", "p2", 5001)])
    assert len(members(owners, "u1")) == MOST_IDENTIFIERS
    assert rules(owners, "p1") == ["cap"]
    assert same(owners, "p1", "p2")


def test_the_customer_of_a_person_given_elsewhere_is_taken_from_there() -> None:
    owners = resolve([login("a1", "u1", 1)], elsewhere={key("u1"): key("e7")})
    assert customer(owners, "a1") == key("e7")
    assert key("u1") not in owners


NAMES = st.sampled_from(["u1", "u2", "u3", "c1", "c2", "e1", "e2", "e3", "p1", "p2"])
FREE = st.sampled_from(["c1", "c2", "e1", "e2", "e3", "e4", "p1", "p2", "p3", "p4"])


def links_between(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[Link]]:
    pairs = st.tuples(names, names, st.integers(1, 12)).filter(lambda each: each[0] != each[1])
    return st.lists(pairs.map(lambda each: person(*each)), max_size=14)


@settings(deadline=None)
@given(links_between(FREE))
def test_where_no_rule_bites_persons_are_the_connected_components(links: list[Link]) -> None:
    owners = resolve(links)
    groups: dict[int, set[int]] = {}
    for each, owner in owners.items():
        groups.setdefault(owner.at(0), set()).add(each)
    assert set(map(frozenset, groups.values())) == components(links)


@settings(deadline=None)
@given(links_between(FREE), links_between(FREE))
def test_more_links_only_merge_where_no_rule_bites(some: list[Link], more: list[Link]) -> None:
    before, after = resolve(some), resolve(some + more)
    for each, owner in before.items():
        for other in owner.members:
            assert after[each].at(0) == after[other].at(0)


@settings(deadline=None)
@given(links_between(FREE), links_between(FREE))
def test_links_received_later_leave_the_id_of_the_older_customer(some: list[Link], more: list[Link]) -> None:
    before, after = resolve(some), resolve(some + [_delayed(each) for each in more])
    for each in before:
        survivor = after[each].at(0)
        old = {before[member].at(0) for member in after[survivor].members if member in before}
        assert survivor in old


def _delayed(link: Link) -> Link:
    return Link(
        link.kind,
        link.a,
        link.a_type,
        link.b,
        link.b_type,
        link.at,
        link.stamp + 100,
        link.event_id,
        link.source,
    )


@settings(deadline=None)
@given(links_between(NAMES))
def test_no_person_ever_holds_two_user_ids(links: list[Link]) -> None:
    owners = resolve(links)
    for owner in owners.values():
        assert sum(owners[each].type == "user_id" for each in owner.members) <= 1

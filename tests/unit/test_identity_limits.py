"""Rules of a workspace: limits in windows, order by rank, aliases that merge, types that name something else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stitching.links import TYPES, alias, devices, key, login, name_of, person

from etappe.changes import Link
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, Limit, TypeRules
from stitcher.identity.limits import is_over
from stitcher.identity.owners import Owner, resolve


def rules_with(*types: TypeRules, **more: object) -> IdentityRules:
    return replace(
        DEFAULT_RULES, types={**DEFAULT_RULES.types, **{each.name: each for each in types}}, **more
    )  # type: ignore[arg-type]


def limited(letter: str, most: int, window: int | None = None) -> IdentityRules:
    """At most `most` identifiers of the type of this letter, see `stitching/links.py`."""
    return rules_with(replace(DEFAULT_RULES.type_of(TYPES[letter]), limit=Limit(most, window)))


def customers(links: list[Link], rules: IdentityRules, *names: str) -> list[str]:
    owners = resolve(links, rules=rules)
    return [name_of(owners[key(name)].at(0)) for name in names]


def refused(owners: dict[int, Owner]) -> set[tuple[str, str, str]]:
    return {
        (name_of(each.link.a), name_of(each.link.b), each.rule)
        for owner in owners.values()
        for each in owner.refused
    }


@pytest.mark.parametrize(
    ("limit", "first", "over"),
    [
        (Limit(2, None), [1, 5], False),
        (Limit(2, None), [1, 5, 900], True),
        (Limit(2, 10), [1, 5, 11], True),
        (Limit(2, 10), [1, 5, 12], False),
        (Limit(1, 0), [1, 1], True),
        (Limit(1, 0), [1, 2, 3], False),
    ],
)
def test_more_than_the_limit_must_not_have_come_within_one_window(
    limit: Limit, first: list[int], over: bool
) -> None:
    assert is_over(limit, first) is over


def test_the_e_mail_that_is_one_too_many_stays_with_whom_it_has() -> None:
    links = [person("u1", "e1", 1), person("u1", "e2", 2), person("e3", "p3", 3), person("u1", "e3", 4)]
    assert customers(links, limited("e", 2), "e2", "e3", "p3") == ["u1", "e3", "e3"]
    assert refused(resolve(links, rules=limited("e", 2))) == {("u1", "e3", "limit")}


def test_after_the_window_there_is_room_again() -> None:
    links = [person("u1", "e1", 1), person("u1", "e2", 8), person("u1", "e3", 30)]
    assert customers(links, limited("e", 1, 10), "e1", "e2", "e3") == ["u1", "e2", "u1"]


def test_two_persons_who_would_have_too_many_together_do_not_become_one() -> None:
    links = [person("u1", "e1", 1), person("c1", "e2", 2), person("u1", "c1", 3)]
    assert customers(links, limited("e", 1), "e1", "e2") == ["u1", "c1"]


def test_of_one_event_the_better_ranked_identifier_is_linked_first() -> None:
    links = [person("u1", other, 1) for other in ("p1", "e1", "c1")]
    owners = resolve(links, rules=rules_with(most_identifiers=3))
    assert refused(owners) == {("u1", "p1", "cap")}


def test_a_person_has_the_devices_of_the_first_logins() -> None:
    links = [login("a1", "u1", 1), login("a2", "u1", 2), login("a3", "u1", 3), login("a2", "u1", 9)]
    owners = resolve(links, rules=limited("a", 1))
    assert [name_of(owners[key(name)].at(0)) for name in ("a1", "a2", "a3")] == ["u1", "a2", "a3"]
    assert len(owners[key("a2")].refused) == 2


def test_the_device_keeps_what_else_it_has() -> None:
    links = [login("a1", "u1", 1), login("a2", "u1", 2), login("a2", "u2", 3)]
    assert customers(links, limited("a", 1), "a2") == ["u2"]


def test_devices_are_counted_for_the_person_not_for_each_of_its_names() -> None:
    links = [login("a1", "u1", 1), login("a2", "e1", 2), person("u1", "e1", 9)]
    assert customers(links, limited("a", 1), "a1", "a2") == ["u1", "a2"]
    assert customers(links[:2], limited("a", 1), "a1", "a2") == ["u1", "e1"]


def test_a_limit_of_one_type_is_none_of_another() -> None:
    links = [login("a1", "u1", 1), login("d1", "u1", 2), login("d2", "u1", 3)]
    assert customers(links, limited("a", 1), "d1", "d2") == ["u1", "u1"]


def test_an_alias_merges_two_known_users_where_the_rules_say_so() -> None:
    links = [person("u1", "e1", 1), person("u2", "e2", 2), *alias("u2", "=1", 5)]
    assert customers(links, rules_with(alias="merge"), "u2", "e2") == ["u1", "u1"]
    assert customers(links, DEFAULT_RULES, "u2", "e2") == ["u2", "u2"]


def test_what_an_alias_merged_lets_no_third_user_in() -> None:
    links = [*alias("u2", "u1", 5), person("u1", "e1", 6), person("u3", "e1", 7)]
    owners = resolve(links, rules=rules_with(alias="merge"))
    assert refused(owners) == {("u3", "e1", "unique")}


def test_other_rules_refuse_an_alias_that_merges() -> None:
    links = [person("u1", "e1", 1), person("u2", "e2", 2), *alias("u2", "u1", 5)]
    rules = replace(limited("e", 1), alias="merge")
    assert refused(resolve(links, rules=rules)) == {("u2", "u1", "limit")}


def test_a_type_that_comes_to_name_devices_logs_in_from_then_on_and_before() -> None:
    card = TypeRules("loyalty_card", "device", 12)
    links = [person("u1", "l1", 1), person("l1", "e1", 3), login("a1", "l1", 4)]
    owners = resolve(links, rules=rules_with(card))
    assert [name_of(each) for each in owners[key("l1")].customer] == ["u1", "e1"]
    assert owners[key("a1")].customer == owners[key("l1")].customer
    assert [name_of(each) for each in resolve(links)[key("l1")].customer] == ["u1"]


def test_a_type_that_comes_to_name_persons_is_linked_like_one() -> None:
    links = [login("l1", "u1", 1), devices("a1", "l1", 2)]
    assert customers(links, rules_with(TypeRules("loyalty_card", "person", 4)), "l1", "a1") == ["u1", "u1"]

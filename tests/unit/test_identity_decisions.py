"""Decisions: what is held apart or banned, what holds only then, whom nobody may know, and how refusals are bounded."""

from __future__ import annotations

from msgspec.structs import replace
from stitching.links import alias, devices, key, login, name_of, nobody, person

from stitcher.identity.decisions import NOTHING_HELD, Held
from stitcher.identity.owners import BEGINNING, Owner, resolve
from stitcher.identity.union import device_groups


def apart(*pairs: tuple[str, str]) -> Held:
    return Held(apart=frozenset((min(map(key, pair)), max(map(key, pair))) for pair in pairs))


def banned(*names: str) -> Held:
    return Held(banned=frozenset(map(key, names)))


def shown(owners: dict[int, Owner], name: str) -> list[tuple[int | None, str]]:
    """Since when (None: ever) the identifier belongs to whom."""
    owner = owners[key(name)]
    since = [None if each == BEGINNING else each for each in owner.since]
    return list(zip(since, map(name_of, owner.customer), strict=True))


def rules(owners: dict[int, Owner], name: str) -> list[str]:
    return [refusal.rule for refusal in owners[key(name)].refused]


def test_every_link_between_two_held_apart_is_refused_and_noted_at_both() -> None:
    links = [person("u1", "e1", 1), person("e1", "u1", 2), person("u1", "p1", 3)]
    owners = resolve(links, held=apart(("e1", "u1")))
    assert shown(owners, "e1") == [(None, "e1")]
    assert shown(owners, "p1") == [(None, "u1")]
    assert rules(owners, "u1") == rules(owners, "e1") == ["apart", "apart"]


def test_a_login_and_an_alias_are_refused_alike() -> None:
    owners = resolve([login("a1", "u1", 1), *alias("u1", "a1", 2)], held=apart(("a1", "u1")))
    assert shown(owners, "a1") == [(None, "a1")]
    assert rules(owners, "a1") == ["apart", "apart"]


def test_devices_held_apart_have_timelines_of_their_own() -> None:
    links = [devices("a1", "d1", 1), login("a1", "u1", 2)]
    assert shown(resolve(links, held=apart(("a1", "d1"))), "d1") == [(None, "d1")]
    assert device_groups(links) == {key("a1"): key("a1"), key("d1"): key("a1")}
    assert device_groups(links, apart(("a1", "d1"))) == {key("a1"): key("a1"), key("d1"): key("d1")}


def test_a_banned_identifier_links_nothing_and_is_its_own_customer() -> None:
    links = [person("u1", "e1", 1), person("c1", "e1", 2), login("a1", "e1", 3), login("a1", "u1", 9)]
    owners = resolve(links, held=banned("e1"))
    assert shown(owners, "e1") == [(None, "e1")]
    assert owners[key("e1")].members == [key("e1")]
    assert shown(owners, "c1") == [(None, "c1")]
    assert shown(owners, "a1") == [(None, "u1")]
    assert rules(owners, "e1") == ["banned"] * 3


def test_who_parts_keeps_the_id_that_the_refused_link_gave() -> None:
    links = [person("u1", "e1", 1), person("c1", "p1", 3), person("u1", "c1", 9)]
    assert shown(resolve(links), "p1") == shown(resolve(links, held=banned("e1")), "p1") == [(None, "u1")]


def test_a_link_around_a_banned_identifier_holds_while_it_is_banned() -> None:
    around = replace(login("a1", "e1", 1), bypass=key("u1"))
    links = [login("a1", "u1", 1), person("u1", "e1", 1), around]
    assert shown(resolve(links), "a1") == shown(resolve(links[:2]), "a1") == [(None, "u1")]
    assert shown(resolve(links, held=banned("u1")), "a1") == [(None, "e1")]
    assert resolve([around]) == {}


def test_a_decision_taken_back_leaves_no_trace() -> None:
    links = [person("u1", "e1", 1), login("a1", "e1", 2)]
    assert resolve(links, held=apart(("u1", "e1"))) != resolve(links)
    assert resolve(links, held=NOTHING_HELD) == resolve(links)


def test_from_the_login_of_nobody_on_a_device_is_its_own_customer() -> None:
    links = [login("a1", "u1", 10), nobody("a1", 20), login("a1", "u2", 30)]
    assert shown(resolve(links), "a1") == [(None, "u1"), (20, "a1"), (30, "u2")]
    assert resolve(links)[key("a1")].members == [key("a1")]
    assert 0 not in resolve(links)


def test_the_time_before_a_first_login_that_is_nobodys_is_nobodys() -> None:
    assert shown(resolve([nobody("a1", 20), login("a1", "u2", 30)]), "a1") == [(None, "a1"), (30, "u2")]


def test_linked_devices_are_nobodys_together() -> None:
    owners = resolve([devices("a1", "d1", 1), login("d1", "u1", 10), nobody("a1", 20)])
    assert shown(owners, "d1") == shown(owners, "a1") == [(None, "u1"), (20, "a1")]


def test_what_was_nobodys_first_is_not_to_be_had_by_an_alias() -> None:
    owners = resolve([nobody("a1", 5), *alias("u2", "a1", 9)])
    assert shown(owners, "a1") == [(None, "a1")]
    assert rules(owners, "u2") == ["alias"]


def test_of_many_refusals_the_earliest_are_kept_and_the_thousandth_event_is_told() -> None:
    many = [person("u1", "e1", 1), *(person(f"u{n}", "e1", n) for n in range(2, 1502))]
    owner = resolve(many)[key("e1")]
    assert [refusal.link.stamp for refusal in owner.refused] == list(range(2, 1002))
    assert owner.overrun == 1001
    assert resolve(many[:1000])[key("e1")].overrun is None
    assert resolve(many[:1001])[key("e1")].overrun == 1001


def test_of_one_event_all_refusals_count_once() -> None:
    twice = [person("u1", "e1", 1), person("u2", "e2", 2)]
    twice += [person(end, other, n) for n in range(3, 603) for end, other in (("e1", "u2"), ("e2", "e1"))]
    assert len(resolve(twice)[key("e1")].refused) == 1000
    assert resolve(twice)[key("e1")].overrun is None


def test_what_a_decision_refuses_calls_for_no_ban() -> None:
    many = [login("a1", "u1", n) for n in range(1200)]
    owner = resolve(many, held=apart(("a1", "u1")))[key("a1")]
    assert (len(owner.refused), owner.overrun) == (1000, None)

"""Devices: whose a shared device is when, and what an alias claims."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from stitching.links import alias, devices, key, login, name_of, person

from stitcher.identity.owners import BEGINNING, Owner, resolve


def timeline(owners: dict[int, Owner], device: str) -> list[tuple[int | None, str]]:
    """Since when (None: ever) the device belongs to whom."""
    owner = owners[key(device)]
    since = [None if each == BEGINNING else each for each in owner.since]
    return list(zip(since, map(name_of, owner.customer), strict=True))


def rules(owners: dict[int, Owner], name: str) -> list[str]:
    return [refusal.rule for refusal in owners[key(name)].refused]


def test_time_before_the_first_login_belongs_to_that_first_person() -> None:
    owners = resolve([login("a1", "u1", 10)])
    assert timeline(owners, "a1") == [(None, "u1")]
    assert owners[key("a1")].at(-5) == owners[key("a1")].at(99) == key("u1")


def test_a_shared_tablet_is_split_in_time() -> None:
    owners = resolve([login("a1", "u1", 10), login("a1", "u2", 20), login("a1", "u1", 30)])
    assert timeline(owners, "a1") == [(None, "u1"), (20, "u2"), (30, "u1")]
    assert [name_of(owners[key("a1")].at(time)) for time in (0, 19, 20, 29, 30)] == [
        "u1",
        "u1",
        "u2",
        "u2",
        "u1",
    ]


def test_a_login_that_arrives_late_lands_where_it_belongs() -> None:
    owners = resolve([login("a1", "u1", 10), login("a1", "u3", 30), login("a1", "u2", 40, at=20)])
    assert timeline(owners, "a1") == [(None, "u1"), (20, "u2"), (30, "u3")]


def test_a_late_login_before_the_first_one_takes_the_anonymous_time() -> None:
    owners = resolve([login("a1", "u1", 10), login("a1", "u2", 20, at=5)])
    assert timeline(owners, "a1") == [(None, "u2"), (10, "u1")]


def test_a_device_nobody_logged_in_on_is_its_own_customer() -> None:
    owners = resolve([devices("a1", "d1", 1)])
    assert timeline(owners, "a1") == timeline(owners, "d1") == [(None, "a1")]
    assert owners[key("a1")].members == sorted([key("a1"), key("d1")])


def test_logins_of_one_person_under_two_names_are_one_span() -> None:
    owners = resolve([login("a1", "u1", 10), login("a1", "e1", 20), person("u1", "e1", 30)])
    assert timeline(owners, "a1") == [(None, "u1")]


def test_of_two_logins_at_one_time_that_of_the_greater_event_id_holds() -> None:
    first, second = login("a1", "u1", 1, at=10), login("a1", "u2", 2, at=10)
    for order in ([first, second], [second, first]):
        assert timeline(resolve(order), "a1") == [(None, "u1"), (10, "u2")]


def test_a_login_overruled_at_its_own_time_leaves_no_span() -> None:
    owners = resolve([login("a1", "u1", 1, at=5), login("a1", "u2", 2, at=10), login("a1", "u1", 3, at=10)])
    assert timeline(owners, "a1") == [(None, "u1")]


def test_linked_devices_share_one_timeline() -> None:
    owners = resolve(
        [devices("a1", "d1", 1), login("a1", "u1", 10), login("d1", "u2", 20), login("a1", "u1", 30)]
    )
    assert timeline(owners, "a1") == timeline(owners, "d1") == [(None, "u1"), (20, "u2"), (30, "u1")]


def test_a_device_stands_among_the_members_of_everybody_who_ever_had_it() -> None:
    owners = resolve([login("a1", "u1", 10), login("a1", "u2", 20)])
    assert owners[key("u1")].members == sorted([key("a1"), key("u1")])
    assert owners[key("u2")].members == sorted([key("a1"), key("u2")])


def test_an_alias_claims_a_device_that_nobody_logged_in_on() -> None:
    assert timeline(resolve(alias("u1", "a1", 5)), "a1") == [(None, "u1")]


def test_an_alias_is_no_login_and_claims_only_the_time_before_the_first() -> None:
    owners = resolve([*alias("u1", "a1", 5), login("a1", "u2", 10), login("a1", "u3", 20)])
    assert timeline(owners, "a1") == [(None, "u1"), (10, "u2"), (20, "u3")]


def test_the_first_alias_holds_and_one_to_another_user_is_refused() -> None:
    owners = resolve([*alias("u2", "a1", 9), *alias("u1", "a1", 5)])
    assert timeline(owners, "a1") == [(None, "u1")]
    assert rules(owners, "u2") == ["alias"]
    assert rules(owners, "u1") == []


def test_an_alias_of_a_device_that_another_user_logged_in_on_first_is_refused() -> None:
    owners = resolve([login("a1", "u1", 3), *alias("u2", "a1", 5)])
    assert timeline(owners, "a1") == [(None, "u1")]
    assert rules(owners, "u2") == ["alias"]


def test_a_repeated_alias_of_the_same_user_is_no_conflict() -> None:
    owners = resolve([*alias("u1", "a1", 5), *alias("u1", "a1", 7), login("a1", "u1", 6)])
    assert timeline(owners, "a1") == [(None, "u1")]
    assert rules(owners, "u1") == []


def test_an_alias_between_two_known_users_is_refused() -> None:
    owners = resolve([*alias("u1", "u2", 5), login("a2", "u2", 1)])
    assert owners[key("u1")].at(0) != owners[key("u2")].at(0)
    assert rules(owners, "u1") == rules(owners, "u2") == ["alias"]


def test_an_alias_to_itself_is_nothing() -> None:
    owners = resolve([*alias("u1", "=1", 5), login("a1", "u2", 1)], frozenset([key("u1")]))
    assert timeline(owners, "a1") == [(None, "u2")]
    assert rules(owners, "u1") == []


def test_an_untyped_former_id_names_the_anonymous_id_while_no_such_user_is_known() -> None:
    owners = resolve(alias("u1", "=9", 5))
    assert timeline(owners, "a9") == [(None, "u1")]
    assert timeline(owners, "u9") == [(None, "u9")]


def test_an_untyped_former_id_names_the_user_where_one_is_known() -> None:
    for owners in (
        resolve(alias("u1", "=9", 5), frozenset([key("u9")])),
        resolve([*alias("u1", "=9", 5), login("d1", "u9", 8)]),
        resolve([*alias("u1", "=9", 5), person("u9", "e9", 8)]),
    ):
        assert timeline(owners, "a9") == [(None, "a9")]
        assert rules(owners, "u1") == rules(owners, "u9") == ["alias"]


def test_repeated_logins_change_nothing() -> None:
    logins = [login("a1", "u1", 10), login("a1", "u2", 20)]
    again = [*logins, login("a1", "u1", 15), login("a1", "u2", 30)]
    assert timeline(resolve(again), "a1") == timeline(resolve(logins), "a1")


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 300), st.integers(0, 400)), min_size=1, max_size=60, unique_by=lambda e: e[1]
    )
)
def test_at_every_time_the_latest_login_owns_the_device(visits: list[tuple[int, int]]) -> None:
    owner = resolve([login("a1", f"u{who}", n, at=at) for n, (who, at) in enumerate(visits)])[key("a1")]
    by_time = sorted((at, who) for who, at in visits)
    for time in range(-1, 401, 3):
        before = [who for at, who in by_time if at <= time]
        assert owner.at(time) == key(f"u{before[-1] if before else by_time[0][1]}")

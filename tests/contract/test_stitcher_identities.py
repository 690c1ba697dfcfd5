"""Resolve and fold over the tables: what a change disturbs is brought up to date, and nothing is left behind."""

from __future__ import annotations

import pytest
from stitching.links import key
from stitching.world import Event, World, assert_as_expected, expected

from etappe.warehouse import Session


def one_by_one(session: Session, events: list[Event]) -> World:
    """Deliver events one at a time and hold the views to the references after each, and to a rebuild at the end."""
    world = World(session)
    for n, each in enumerate(events, 1):
        world.take(each)
        assert_as_expected(world, events[:n])
    assert_rebuild_changes_nothing(world)
    return world


def assert_rebuild_changes_nothing(world: World) -> None:
    before = world.identities(), world.journeys()
    world.rebuild()
    assert (world.identities(), world.journeys()) == before


def owner_at(world: World, name: str, time: int) -> int:
    row = world.identities()[key(name)]
    before = [
        customer for since, customer in zip(row["since"], row["customer"], strict=True) if since <= time
    ]
    return int(before[-1])


def test_a_login_gives_the_anonymous_time_to_the_person(session: Session) -> None:
    world = one_by_one(session, [Event(1, "a1", 1), Event(2, "a1", 3, "P2"), Event(3, "u1 a1", 5, "P3")])
    assert world.journeys().keys() == {key("u1")}
    assert world.journeys()[key("u1")]["milestones"] == [[1, 3, 5]]


def test_a_shared_tablet_is_split_in_time(session: Session) -> None:
    events = [Event(n, f"u{1 + n % 3} a1", 10 * n) for n in range(5)]
    events += [Event(100 + n, "a1", 10 * n + 5, "P2") for n in range(5)]
    one_by_one(session, events)


@pytest.mark.parametrize("known", [1, 2, 3, 4])
def test_who_only_logged_in_on_the_device_of_a_known_customer_is_somebody_else(
    session: Session, known: int
) -> None:
    """Links that hang together by a device alone make nobody one, however they are grouped."""
    events = [
        Event(1, "u1 e1", 0, stamp=0),
        Event(2, "e2 a2", 0, "P2", stamp=1),
        Event(3, "p1 a2", 0, "P3", stamp=2),
        Event(4, "e1 p1", 0, stamp=3),
    ]
    world = World(session)
    world.take(*events[:known])
    world.take(*events[known:])
    assert_as_expected(world, events)
    assert owner_at(world, "e2", 0) != owner_at(world, "u1", 0)


def test_a_login_that_arrives_late_takes_its_time_from_who_had_it(session: Session) -> None:
    visits = [
        Event(1, "u1 a1", 10),
        Event(2, "a1", 25, "P2"),
        Event(3, "a1", 15, "P3"),
        Event(4, "u3 a1", 30),
    ]
    one_by_one(session, [*visits, Event(5, "u2 a1", 20)])


def test_of_two_logins_at_one_time_the_overruled_person_gives_the_time_back(session: Session) -> None:
    first, second = sorted([Event(1, "u1 a1", 10), Event(2, "u2 a1", 10)], key=lambda e: e.touchpoint("").id)
    for order in ([first, second], [second, first]):
        one_by_one(session, [Event(7, "u3 a1", 5), *order, Event(8, "a1", 12, "P2"), Event(9, "a1", 8, "P3")])
        one_by_one(session, [Event(7, "u3 a1", 5), Event(8, "a1", 12, "P2"), *order])


def test_repeats_on_one_device_count_on_the_timeline_it_shares_with_another(session: Session) -> None:
    shared = [Event(1, "a1 d1", 1), Event(2, "u1 a1", 10), Event(3, "u2 d1", 20), Event(4, "u1 a1", 30)]
    world = one_by_one(session, [*shared, Event(5, "a1", 35, "P2"), Event(6, "d1", 25, "P3")])
    assert [owner_at(world, "d1", time) for time in (15, 25, 35)] == [key("u1"), key("u2"), key("u1")]


def test_devices_that_turn_out_to_be_one_share_their_logins(session: Session) -> None:
    events = [Event(1, "u1 a1", 10), Event(2, "u2 d1", 20), Event(3, "a1", 25, "P2"), Event(4, "d1", 5, "P2")]
    one_by_one(session, [*events, Event(5, "u1 a1", 30), Event(6, "a1", 35, "P3"), Event(7, "a1 d1", 40)])


def test_merged_customers_leave_no_journeys_of_their_own(session: Session) -> None:
    events = [
        Event(1, "u1", 1),
        Event(2, "e1", 2),
        Event(3, "p1", 3),
        Event(4, "e1 p1", 4),
        Event(5, "u1 p1", 5),
    ]
    world = one_by_one(session, events)
    assert len(world.journeys()) == 1


def test_an_earlier_link_that_arrives_late_parts_what_a_later_one_had_joined(session: Session) -> None:
    joined = [
        Event(1, "u2 e1", 5, stamp=5),
        Event(2, "e1", 6, "P2"),
        Event(3, "u2 a1", 7),
        Event(4, "a1", 8, "P3"),
    ]
    world = one_by_one(session, [*joined, Event(5, "u1 e1", 3, stamp=3)])
    assert {key("u1"), key("u2")} & world.journeys().keys()
    assert owner_at(world, "e1", 0) == owner_at(world, "u1", 0) != owner_at(world, "u2", 0)


def test_of_two_events_of_one_receipt_the_lower_event_id_links_first_whichever_arrives_first(
    session: Session,
) -> None:
    events = [
        Event(n, who, 1, stamp=1) for n, who in enumerate(["u1 e1", "e1 p1", "u1 e1", "u2 p1", "u1 e1"])
    ]
    one_by_one(session, events)
    one_by_one(session, events[::-1])


def test_an_alias_gives_the_anonymous_time_to_the_user(session: Session) -> None:
    world = one_by_one(
        session, [Event(1, "a9", 1), Event(2, "a9", 2, "P2"), Event(3, "u1", 5, "P3", former="=9")]
    )
    assert world.journeys().keys() == {key("u1")}


@pytest.mark.parametrize("known_by", ["u9", "u9 e9", "u9 a2", "u9 e1"])
def test_an_alias_is_read_again_when_its_former_id_turns_out_to_be_a_user(
    session: Session, known_by: str
) -> None:
    claimed = [
        Event(1, "a9", 1),
        Event(2, "u1", 5, former="=9"),
        Event(3, "a9", 7, "P2"),
        Event(4, "u1 e1", 8),
    ]
    world = one_by_one(session, [*claimed, Event(5, known_by, 20, "P3")])
    assert {key("u1"), key("a9")} <= world.journeys().keys()


def test_a_typed_alias_holds_beside_an_untyped_one_that_names_a_user(session: Session) -> None:
    for order in ([2, 3], [3, 2]):
        aliases = [Event(n, "u1", 5, former="=9" if n == order[0] else "a9", stamp=n) for n in (2, 3)]
        world = one_by_one(session, [Event(1, "u9", 1), *aliases, Event(4, "a9", 6, "P2")])
        assert owner_at(world, "a9", 0) == key("u1")


def test_an_earlier_login_that_arrives_late_takes_the_device_from_the_alias(session: Session) -> None:
    claimed = [Event(1, "u1", 5, former="=9"), Event(2, "a9", 1, "P2")]
    one_by_one(session, [*claimed, Event(3, "u2 a9", 10, "P3", stamp=2)])


def test_a_repeated_login_received_before_the_alias_takes_the_device_from_it(session: Session) -> None:
    claimed = [Event(1, "u1", 5, former="=9"), Event(2, "a9", 1, "P2"), Event(3, "u2 a9", 10, stamp=10)]
    one_by_one(session, [*claimed, Event(4, "u2 a9", 20, "P3", stamp=2)])


def test_an_earlier_alias_that_arrives_late_takes_the_device(session: Session) -> None:
    claimed = [Event(1, "a9", 1), Event(2, "u1", 5, former="=9"), Event(3, "u2 e2", 3)]
    one_by_one(session, [*claimed, Event(4, "e2 p1", 4), Event(5, "u2", 2, "P3", former="=9")])


def test_without_consent_to_linking_no_link_is_made(session: Session) -> None:
    world = one_by_one(session, [Event(1, "a1", 1), Event(2, "u1 a1", 2, linking=False), Event(3, "u1", 3)])
    assert world.count("links") == 0
    assert world.journeys().keys() == {key("a1"), key("u1")}


def test_bots_are_stored_and_stay_out_of_journeys(session: Session) -> None:
    robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    world = one_by_one(
        session, [Event(1, "a1", 1, agent=robot), Event(2, "a2", 2), Event(3, "a2", 3, agent=robot)]
    )
    assert world.count("touchpoints") == 3
    assert world.journeys().keys() == {key("a2")}
    assert world.journeys()[key("a2")]["touchpoints"] == 1


def test_three_hundred_users_share_one_tablet(session: Session) -> None:
    logins = [Event(n, f"u{n} a1", 100 * n) for n in range(300)]
    browsing = [Event(1000 + n, "a1", 100 * n + 5, "P2") for n in range(300)]
    world = World(session)
    world.take(*logins[::2], *browsing[1::2])
    world.take(*browsing[::2])
    world.take(*logins[1::2])
    assert_as_expected(world, [*logins, *browsing])
    assert len(world.journeys()) == len(expected(logins)) == 300
    assert_rebuild_changes_nothing(world)


@pytest.mark.parametrize(
    ("event", "whose"),
    [
        (Event(10, "u1", 70, "P2"), {"u1"}),
        (Event(10, "a1", 2, "P2"), {"u1"}),
        (Event(10, "a2", 80), {"u2"}),
        (Event(10, "u3", 90), {"u3"}),
        (Event(10, "u2 e1", 90), {"u1", "u2"}),
        (Event(10, "u1 a2", 90), {"u1", "u2"}),
    ],
    ids=[
        "more",
        "late, on a device",
        "on another device",
        "somebody new",
        "a refused link",
        "a shared device",
    ],
)
def test_exactly_the_customers_concerned_are_folded_again(
    session: Session, event: Event, whose: set[str]
) -> None:
    world = World(session)
    world.take(Event(1, "u1 e1 a1", 10), Event(2, "u2 a2", 20), Event(3, "u3", 30), Event(4, "u4 a4", 40))
    before = folded(world)
    world.take(event)
    after = folded(world)
    assert {customer for customer, version in after.items() if before.get(customer) != version} == {
        key(each) for each in whose
    }


def folded(world: World) -> dict[int, int]:
    """Customer -> the version that their journeys were folded with."""
    sql = "SELECT customer, version FROM journeys FINAL WHERE workspace = {w:String}"
    return dict(world.session.rows(sql, {"w": world.name}))

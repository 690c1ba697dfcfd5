"""Changed rules, times in the past and previews: another generation of identities, made beside the one that answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog
from stitching.decided import expected_under
from stitching.links import key
from stitching.world import (
    Dying,
    Event,
    Killed,
    Rows,
    World,
    assert_as_expected,
    assert_grouped,
    assert_journeys,
)

from etappe import telemetry
from etappe.identity_rules import parse_rules
from etappe.warehouse import Session
from stitcher import views

UNIQUE_CRM = "types: {crm_id: {unique: true}, user_id: {unique: false}}"
ONE_EMAIL = "types: {email: {limit: {most: 1}}}"
NO_U1 = "types: {user_id: {blocked: {values: [u1]}}}"
NO_GUESTS = "blocked: {patterns: ['^e1$']}"

SHOP = [
    Event(1, "a1", 10),
    Event(2, "u1 e1 a1", 20, "P2"),
    Event(3, "u2 e1", 25, "P3"),
    Event(4, "u1 e2", 40),
    Event(5, "a1", 45, "P2"),
    Event(6, "c1 e2", 50),
    Event(7, "c2 e2 a2", 60, "P2"),
    Event(8, "u2 a1", 70, "P3"),
    Event(9, "a2", 80),
    Event(10, "a1", 90),
]


@pytest.fixture
def world(session: Session) -> World:
    world = World(session)
    world.take(*SHOP)
    return world


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two identifiers or customers a step."""
    monkeypatch.setattr(views, "_FILL_AT_ONCE", 2)
    monkeypatch.setattr(views, "_RENEW_AT_ONCE", 2)


def under(text: str, events: list[Event] = SHOP, *banned: str) -> Rows:
    return expected_under(events, rules=parse_rules(text, "rules"), banned=banned)


def states(world: World) -> list[tuple[str, str]]:
    sql = "SELECT toString(purpose), toString(state) FROM generations FINAL "
    sql += "WHERE workspace = {w:String} ORDER BY generation"
    return [(purpose, state) for purpose, state in world.session.rows(sql, {"w": world.name})]


def left(world: World) -> set[int]:
    """The generations that have identities."""
    sql = "SELECT DISTINCT generation FROM identities WHERE workspace = {w:String}"
    return {number for (number,) in world.session.rows(sql, {"w": world.name})}


@pytest.mark.parametrize("text", [UNIQUE_CRM, ONE_EMAIL])
def test_changed_rules_change_history(world: World, text: str) -> None:
    world.order_rules(text)
    world.drain()
    assert_journeys(world, under(text))
    assert states(world) == [("rules", "active")] or states(world)[-1] == ("rules", "active")
    assert left(world) == {world.writer.views.current.number}


@pytest.mark.parametrize(("text", "who"), [(NO_U1, "u1"), (NO_GUESTS, "e1")])
def test_what_rules_block_is_banned_in_history(world: World, text: str, who: str) -> None:
    world.order_rules(text)
    world.drain()
    assert_grouped(world, under(text, SHOP, who))
    more = [Event(20, f"{who} e3", 95), Event(21, "e3", 96, "P2")]
    world.take(*more)
    assert_grouped(world, under(text, [*SHOP, *more], who))


def test_the_former_rules_again_give_the_former_answers(world: World) -> None:
    before = world.identities(), world.journeys()
    for text in (UNIQUE_CRM, NO_U1, ""):
        world.order_rules(text)
        world.drain()
    assert (world.identities(), world.journeys()) == before


def test_rules_that_say_the_same_make_nothing_new(world: World) -> None:
    world.order_rules("# by heart\ntypes: {user_id: {unique: true}}")
    world.drain()
    assert states(world) == []


def test_who_stops_growing_is_told_once_and_each_refusal_is_counted(world: World) -> None:
    world.order_rules("most_identifiers: 3")
    world.drain()
    world.take(Event(20, "u9 e9", 100), Event(21, "u9 e8", 101))
    before = refusals_of("cap")
    with structlog.testing.capture_logs() as lines:
        world.take(Event(22, "u9 e7", 102))
        world.take(Event(23, "u9 e6", 103))
    warned = [each for each in lines if each["event"] == "a person stops growing"]
    assert [(each["workspace"], each["customer"]) for each in warned] == [(world.name, f"{key('u9'):016x}")]
    assert refusals_of("cap") == before + 2


def refusals_of(rule: str) -> float:
    return telemetry.REGISTRY.get_sample_value("etappe_refused_links_total", {"rule": rule}) or 0.0


@pytest.mark.usefixtures("in_small_steps")
def test_the_old_rules_answer_until_the_new_ones_are_complete(world: World) -> None:
    world.order_rules(UNIQUE_CRM)
    world.apply(1)
    steps = 0
    while world.writer.views.current.number == 0:
        assert_as_expected(world, SHOP)
        assert world.writer.fill(world.session)
        steps += 1
    assert steps >= 6
    assert_journeys(world, under(UNIQUE_CRM))


@pytest.mark.usefixtures("in_small_steps")
def test_batches_that_come_while_they_are_made_are_in_both(world: World) -> None:
    world.order_rules(UNIQUE_CRM)
    world.apply(1)
    late = [
        Event(100 + n, who, 95 + n, "P3")
        for n, who in enumerate(["u1 c3", "c2 e1", "u3 a1", "a9", "u2 e9 a9"])
    ]
    for n, each in enumerate(late, 1):
        for _ in range(2):
            world.writer.fill(world.session)
        world.log([each])
        world.normalise(1)
        world.apply(1)
        if world.writer.views.current.number == 0:
            assert_as_expected(world, SHOP + late[:n])
    world.fill()
    assert_journeys(world, under(UNIQUE_CRM, SHOP + late))


@pytest.mark.usefixtures("in_small_steps")
def test_decisions_made_meanwhile_hold_in_both(world: World) -> None:
    world.order_rules(UNIQUE_CRM)
    world.apply(1)
    world.writer.fill(world.session)
    world.ban("d1", "e1")
    world.apply(1)
    assert_grouped(world, expected_under(SHOP, banned=["e1"]))
    world.fill()
    assert_grouped(world, under(UNIQUE_CRM, SHOP, "e1"))


@pytest.mark.usefixtures("in_small_steps")
@pytest.mark.parametrize("steps", [1, 5, 9])
def test_a_new_owner_goes_on_with_what_was_being_made(world: World, steps: int) -> None:
    world.order_rules(UNIQUE_CRM)
    world.apply(1)
    for _ in range(steps):
        world.writer.fill(world.session)
    world.start()
    world.fill()
    assert_journeys(world, under(UNIQUE_CRM))


@pytest.mark.parametrize("write", range(1, 26))
def test_a_death_on_the_way_to_other_rules_is_made_good(world: World, write: int) -> None:
    world.order_rules(NO_U1)
    applied, session = world.applied, Dying(world.session, write)
    try:
        world.apply(1, session)
        while world.writer.fill(session):  # type: ignore[arg-type]  # stands in for a session
            pass
    except Killed:
        world.applied = applied
        world.start()
        world.drain()
    assert_grouped(world, under(NO_U1, SHOP, "u1"))
    assert left(world) <= {world.writer.views.current.number}


def test_other_rules_before_the_last_ones_are_complete(world: World) -> None:
    world.order_rules(UNIQUE_CRM)
    world.order_rules(ONE_EMAIL)
    world.drain()
    assert_journeys(world, under(ONE_EMAIL))
    assert left(world) == {world.writer.views.current.number}


def as_of(world: World, at: int) -> Rows:
    """The journeys of the build that answers questions about a time."""
    (generation,) = [each.number for each in world.writer.views.generations if each.known_until == at]
    sql = """SELECT build FROM builds FINAL
    WHERE workspace = {w:String} AND toString(state) = 'as_of' AND generation = {g:UInt32}"""
    ((build,),) = world.session.rows(sql, {"w": world.name, "g": generation})
    rows = world.session.rows(
        "SELECT customer, touchpoints FROM journeys FINAL WHERE workspace = {w:String} AND build = {b:UInt32}",
        {"w": world.name, "b": build},
    )
    return dict(rows)


def counted(rows: Rows) -> dict[int, int]:
    return {customer: row["touchpoints"] for customer, row in rows.items()}


@pytest.mark.parametrize("at", [0, 15, 20, 24, 25, 39, 50, 69, 70, 500])
def test_as_of_a_time_only_the_links_received_by_then_count(world: World, at: int) -> None:
    """What came later still is a touchpoint, of whoever its identifier belonged to then."""
    world.look_back(at)
    world.drain()
    known = [each if each.at <= at else _unlinked(each) for each in SHOP]
    assert as_of(world, at) == counted(expected_under(known))
    assert_as_expected(world, SHOP)


def _unlinked(event: Event) -> Event:
    return replace(event, linking=False)


def test_as_of_a_time_decisions_and_rules_are_those_of_then(world: World) -> None:
    world.ban("d1", "e2", asked=100)
    world.order_rules(UNIQUE_CRM, asked=200)
    world.take_back("d1", asked=300)
    world.drain()
    for at in (99, 100, 200, 301):
        world.look_back(at)
        world.drain()
        banned = ["e2"] if 100 <= at < 301 else []
        rules = parse_rules(UNIQUE_CRM if at >= 200 else "", "rules")
        assert as_of(world, at) == counted(expected_under(SHOP, rules=rules, banned=banned)), at


def test_as_of_answers_follow_late_touchpoints_but_no_late_links(world: World) -> None:
    world.look_back(30)
    world.drain()
    late = [
        Event(50, "a1", 12, stamp=400),
        Event(51, "u1 u9 e7", 13, stamp=401),
        Event(52, "e7", 14, stamp=402),
    ]
    world.take(*late)
    known = [each if (each.stamp or each.at) <= 30 else _unlinked(each) for each in [*SHOP, *late]]
    assert as_of(world, 30) == counted(expected_under(known))
    assert_as_expected(world, [*SHOP, *late])


def test_only_so_many_times_are_kept_ready(world: World) -> None:
    for at in (20, 25, 40, 50):
        world.look_back(at)
        world.drain()
    kept = [each.known_until for each in world.writer.views.generations if each.purpose == "as_of"]
    assert kept == [25, 40, 50]
    assert len(left(world)) == 4


def test_a_preview_changes_no_answer_and_says_who_would_be_one(world: World) -> None:
    before = world.identities(), world.journeys()
    world.preview("p1", UNIQUE_CRM)
    world.drain()
    assert (world.identities(), world.journeys()) == before
    (preview,) = [each for each in world.writer.views.generations if each.purpose == "preview"]
    assert preview.state == "active"
    previewed = world.identities(preview.number)
    world.order_rules(UNIQUE_CRM)
    world.drain()
    assert world.identities() == previewed


def test_another_preview_takes_the_place_of_the_last(world: World) -> None:
    world.preview("p1", UNIQUE_CRM)
    world.drain()
    world.preview("p2", ONE_EMAIL)
    world.drain()
    names = [each.name for each in world.writer.views.generations if each.purpose == "preview"]
    assert names == ["p2"]
    assert key("u1") in world.identities()

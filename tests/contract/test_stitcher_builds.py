"""Builds: a changed model fills a new set of journeys while the old one answers; then there is one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from stitching.links import key
from stitching.world import MODEL, Dying, Event, Killed, World, assert_as_expected, expected, model_of

from etappe.changes import Rebuild
from etappe.warehouse import Session
from stitcher import views

TURNED = model_of("P3", "P2", "P1")
EVENTS = [Event(n, f"u{n % 7} a{n % 5}", 3 * n, f"P{1 + n % 3}") for n in range(20)]


@pytest.fixture
def world(session: Session) -> World:
    world = World(session)
    world.take(*EVENTS)
    return world


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds fill two customers at a time."""
    monkeypatch.setattr(views, "_FILL_AT_ONCE", 2)


def turn(world: World) -> None:
    world.models = {TURNED.name: TURNED}
    world.start()


def states(world: World) -> list[str]:
    sql = "SELECT toString(state) FROM builds FINAL WHERE workspace = {w:String} ORDER BY build"
    return [state for (state,) in world.session.rows(sql, {"w": world.name})]


def stored(world: World) -> set[int]:
    """The builds that have rows."""
    sql = "SELECT DISTINCT build FROM journeys WHERE workspace = {w:String}"
    return {build for (build,) in world.session.rows(sql, {"w": world.name})}


def assert_turned(world: World, events: list[Event]) -> None:
    found, wanted = world.journeys(), expected(events, ("P3", "P2", "P1"))
    assert {who: row["milestones"] for who, row in found.items()} == {
        who: row["milestones"] for who, row in wanted.items()
    }


def test_a_model_that_did_not_change_keeps_its_build(world: World) -> None:
    world.start()
    assert states(world) == ["active"]
    assert not world.writer.fill(world.session)


def test_another_title_is_no_other_model(world: World) -> None:
    titled = model_of("P1", "P2", "P3")
    world.models = {MODEL.name: titled}
    world.start()
    assert states(world) == ["active"]


@pytest.mark.usefixtures("in_small_steps")
def test_the_old_build_answers_until_the_new_one_is_complete(world: World) -> None:
    turn(world)
    assert states(world) == ["active", "filling"]
    while states(world) == ["active", "filling"]:
        assert_as_expected(world, EVENTS)
        assert world.writer.fill(world.session)
    assert states(world) == ["retired", "active"]
    assert_turned(world, EVENTS)
    assert stored(world) == {2}


class Noting(Dying):
    """A session that notes what it is told to do to which table."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.done: list[str] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        super().insert(table, columns)
        self.done.append(table)

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().execute(sql, parameters)
        self.done += ["journeys"] if "INSERT INTO journeys" in sql else []

    def sync(self) -> None:
        super().sync()
        self.done.append("sync")


@pytest.mark.usefixtures("in_small_steps")
def test_journeys_are_on_disk_before_the_row_that_says_how_far_a_build_is(world: World) -> None:
    turn(world)
    session = Noting(world.session)
    while states(world) == ["active", "filling"]:
        world.writer.fill(cast(Session, session))
    first = session.done.index("journeys")
    assert session.done[first : first + 3] == ["journeys", "sync", "builds"]
    unsynced = [
        n for n, each in enumerate(session.done) if each == "builds" and session.done[n - 1] != "sync"
    ]
    assert all("journeys" not in session.done[n - 2 : n] for n in unsynced), session.done


@pytest.mark.usefixtures("in_small_steps")
def test_batches_that_come_while_a_build_fills_are_in_both(world: World) -> None:
    turn(world)
    late = [Event(100 + n, who, 61, "P3") for n, who in enumerate(["u0 e1", "u3 e3", "a77"])]
    for n, each in enumerate(late, 1):
        world.writer.fill(world.session)
        world.log([each])
        world.normalise(1)
        world.apply(1)
        assert states(world) == ["active", "filling"]
        assert_as_expected(world, EVENTS + late[:n])
    world.fill()
    assert_turned(world, EVENTS + late)


@pytest.mark.usefixtures("in_small_steps")
def test_customers_merged_while_a_build_fills_are_in_it_once(world: World) -> None:
    joining = [Event(200, "c1 e1", 61), Event(201, "u0 e1", 62), Event(202, "u5 e5", 63)]
    world.take(Event(100, "e1", 60), Event(101, "e5", 60), Event(102, "c1", 60))
    turn(world)
    for _ in range(3):
        world.writer.fill(world.session)
    world.log(joining)
    world.normalise(3)
    world.apply(1)
    world.fill()
    events = [*EVENTS, Event(100, "e1", 60), Event(101, "e5", 60), Event(102, "c1", 60), *joining]
    assert_turned(world, events)
    assert not {key("e1"), key("e5")} & world.journeys().keys() - expected(events).keys()


@pytest.mark.usefixtures("in_small_steps")
def test_a_new_owner_goes_on_with_a_build_that_was_filling(world: World) -> None:
    turn(world)
    world.writer.fill(world.session)
    world.start()
    assert states(world) == ["active", "filling"]
    world.fill()
    assert states(world) == ["retired", "active"]
    assert_turned(world, EVENTS)


@pytest.mark.parametrize("write", range(1, 5))
def test_a_death_while_the_new_build_takes_over_leaves_one_that_answers(world: World, write: int) -> None:
    """The writes of the last step: spans, journeys, builds, removal of the old rows."""
    turn(world)
    with pytest.raises(Killed):
        world.writer.fill(Dying(world.session, write))  # type: ignore[arg-type]  # stands in for a session
    world.start()
    world.fill()
    assert states(world) == ["retired", "active"]
    assert stored(world) == {2}
    assert_turned(world, EVENTS)


def test_a_model_changed_again_while_it_fills_gives_up_the_build_between(world: World) -> None:
    turn(world)
    world.models = {"steps": model_of("P2")}
    world.start()
    assert states(world) == ["active", "retired", "filling"]
    world.fill()
    assert states(world) == ["retired", "retired", "active"]
    assert stored(world) == {3}


def test_two_models_stand_side_by_side(world: World) -> None:
    world.models = {MODEL.name: MODEL, "turned": model_of("P3", "P2", "P1", name="turned")}
    world.start()
    world.fill()
    assert states(world) == ["active", "active"]
    world.take(Event(100, "u0 e1", 61, "P2"))
    assert world.journeys("steps").keys() == world.journeys("turned").keys()


def test_a_rebuild_of_sound_views_changes_nothing(world: World) -> None:
    before = world.identities(), world.journeys()
    world.changes.append(Rebuild(world.name, 0))
    world.drain()
    assert (world.identities(), world.journeys()) == before
    assert states(world) == ["retired", "active"]


@pytest.mark.usefixtures("in_small_steps")
def test_a_rebuild_in_small_steps_makes_lost_views_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_RENEW_AT_ONCE", 3)
    world.take(Event(100, "u1 e1", 61), Event(101, "e1 p1", 62), Event(102, "p1 a1", 63))
    before = world.identities(), world.journeys()
    world.rebuild(lost=True)
    assert (world.identities(), world.journeys()) == before

"""Saved models: an operator's order makes a workspace's own model of a name, beside or in place of those of files."""

from __future__ import annotations

import pytest
from stitching.world import MODEL, Dying, Event, Killed, World, assert_as_expected, expected, model_of

from etappe.changes import DropModel, SaveModel
from etappe.warehouse import Session
from stitcher import models, views

TURNED = model_of("P3", "P2", "P1")
OTHER = model_of("P2", name="other")
EVENTS = [Event(n, f"u{n % 7} a{n % 5}", 3 * n, f"P{1 + n % 3}") for n in range(20)]
FORWARDS, BACKWARDS = ("P1", "P2", "P3"), ("P3", "P2", "P1")


@pytest.fixture
def world(session: Session) -> World:
    world = World(session)
    world.take(*EVENTS)
    return world


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds fill two customers at a time."""
    monkeypatch.setattr(views, "_FILL_AT_ONCE", 2)


def save(world: World, text: str, name: str = "steps", asked: int = 1000) -> None:
    world.changes.append(SaveModel(world.name, name, text, asked + len(world.changes), "k1"))


def drop(world: World, name: str = "steps", asked: int = 1000) -> None:
    world.changes.append(DropModel(world.name, name, asked + len(world.changes), "k1"))


def states(world: World) -> list[tuple[str, str]]:
    sql = (
        "SELECT model, toString(state) FROM builds FINAL WHERE workspace = {w:String} AND state != 'retired' "
    )
    return world.session.rows(sql + "ORDER BY build", {"w": world.name})  # type: ignore[return-value]  # rows of two


def stored(world: World) -> set[int]:
    """The builds that have rows."""
    sql = "SELECT DISTINCT build FROM journeys WHERE workspace = {w:String}"
    return {build for (build,) in world.session.rows(sql, {"w": world.name})}


def assert_folded(world: World, phases: tuple[str, ...], name: str = "steps") -> None:
    found, wanted = world.journeys(name), expected(EVENTS, phases)
    assert {who: row["milestones"] for who, row in found.items()} == {
        who: row["milestones"] for who, row in wanted.items()
    }


@pytest.mark.usefixtures("in_small_steps")
def test_a_saved_model_takes_the_place_of_a_file_s_once_it_is_complete(world: World) -> None:
    save(world, TURNED.text)
    world.apply(1)
    while states(world) == [("steps", "active"), ("steps", "filling")]:
        assert_as_expected(world, EVENTS)
        assert world.writer.fill(world.session)
    assert states(world) == [("steps", "active")]
    assert_folded(world, BACKWARDS)
    assert len(stored(world)) == 1


def test_a_saved_model_of_another_name_stands_beside_the_others(world: World) -> None:
    save(world, OTHER.text, "other")
    world.drain()
    assert_folded(world, FORWARDS)
    assert_folded(world, ("P2",), "other")


def test_one_workspace_s_model_is_not_another_s(world: World, session: Session) -> None:
    other = World(session)
    save(world, TURNED.text)
    world.drain()
    other.take(*EVENTS)
    assert_folded(other, FORWARDS)


def test_a_dropped_model_goes_back_to_the_file_s(world: World) -> None:
    save(world, TURNED.text)
    world.drain()
    drop(world)
    world.drain()
    assert states(world) == [("steps", "active")]
    assert_as_expected(world, EVENTS)


def test_a_dropped_model_without_a_file_is_gone(world: World) -> None:
    save(world, OTHER.text, "other")
    world.drain()
    drop(world, "other")
    world.drain()
    assert states(world) == [("steps", "active")]
    assert len(stored(world)) == 1
    world.start()
    world.fill()
    assert states(world) == [("steps", "active")]


@pytest.mark.usefixtures("in_small_steps")
@pytest.mark.parametrize("back", ["saved", "dropped"])
def test_a_model_taken_back_while_it_fills_is_given_up(world: World, back: str) -> None:
    save(world, TURNED.text)
    world.apply(1)
    world.writer.fill(world.session)
    save(world, MODEL.text) if back == "saved" else drop(world)
    world.apply(1)
    assert states(world) == [("steps", "active")]
    world.fill()
    assert_as_expected(world, EVENTS)
    assert len(stored(world)) == 1


def test_the_same_definition_makes_no_new_build(world: World) -> None:
    save(world, TURNED.text)
    world.drain()
    before = stored(world)
    save(world, f"# said again\n{TURNED.text}")
    world.drain()
    assert stored(world) == before


def test_a_new_owner_a_changed_file_and_a_rebuild_keep_it(world: World) -> None:
    save(world, TURNED.text)
    world.drain()
    world.models = {"steps": model_of("P2", "P1")}
    world.start()
    world.fill()
    assert_folded(world, BACKWARDS)
    world.rebuild(lost=True)
    assert_folded(world, BACKWARDS)
    drop(world)
    world.drain()
    assert_folded(world, ("P2", "P1"))


def test_the_order_asked_for_last_holds_whatever_is_applied_again(world: World) -> None:
    save(world, TURNED.text)
    save(world, OTHER.text.replace("name: other", "name: steps"))
    world.drain()
    world.applied -= 2
    world.start()
    world.apply(1)  # the first order once more
    world.fill()
    assert_folded(world, ("P2",))
    world.drain()
    assert_folded(world, ("P2",))


def test_one_model_too_many_is_none_also_when_there_is_room_as_it_is_applied_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two query APIs may look at the same moment, and both find room: the order in the log decides."""
    monkeypatch.setattr(models, "MOST_SAVED", 2)
    for name in ("one", "two", "three"):
        save(world, OTHER.text.replace("name: other", f"name: {name}"), name)
    world.drain()
    assert {name for name, _ in states(world)} == {"steps", "one", "two"}
    drop(world, "one")
    save(world, TURNED.text.replace("name: steps", "name: two"), "two")
    world.drain()
    world.applied -= 5
    world.start()
    world.drain()
    assert {name for name, _ in states(world)} == {"steps", "two"}
    assert_folded(world, BACKWARDS, "two")


def test_identity_rules_that_are_being_applied_are_folded_with_it(world: World) -> None:
    world.order_rules("types: {user_id: {unique: false}}")
    world.apply(1)
    save(world, OTHER.text, "other")
    world.drain()
    assert {row["touchpoints"] for row in world.journeys("other").values()} == {
        row["touchpoints"] for row in world.journeys().values()
    }
    assert world.writer.views.current.number > 0
    assert len(states(world)) == 2


def test_times_in_the_past_are_made_again_with_it(world: World) -> None:
    world.look_back(30)
    world.drain()
    assert ("steps", "as_of") in states(world)
    save(world, TURNED.text)
    world.drain()
    assert states(world) == [("steps", "active")]
    world.look_back(30)
    world.drain()
    (build,) = [each for each in world.writer.views.builds if each.state == "as_of"]
    assert build.model.version == TURNED.version


def test_what_nobody_can_read_changes_nothing(world: World) -> None:
    save(world, "name: steps\nphases: 5")
    world.drain()
    assert_as_expected(world, EVENTS)
    assert world.count("models") == 0


@pytest.mark.usefixtures("in_small_steps")
def test_touchpoints_that_come_while_it_fills_are_in_both(world: World) -> None:
    save(world, TURNED.text)
    world.apply(1)
    late = [Event(100 + n, who, 61, "P3") for n, who in enumerate(["u0 e1", "u3 e3", "a77"])]
    for n, each in enumerate(late, 1):
        world.writer.fill(world.session)
        world.log([each])
        world.normalise(1)
        world.apply(1)
        assert_as_expected(world, EVENTS + late[:n])
    world.fill()
    wanted = expected(EVENTS + late, BACKWARDS)
    assert {who: row["milestones"] for who, row in world.journeys().items()} == {
        who: row["milestones"] for who, row in wanted.items()
    }


@pytest.mark.parametrize("write", range(1, 12))
def test_a_death_on_the_way_to_a_saved_model_is_made_good(world: World, write: int) -> None:
    """The writes: the fact, what was kept for a time in the past, the build, its spans, journeys and taking over."""
    world.look_back(30)
    world.drain()
    save(world, TURNED.text)
    die_at(world, write)
    assert states(world) == [("steps", "active")]
    assert len(stored(world)) == 1
    assert_folded(world, BACKWARDS)


@pytest.mark.parametrize("write", range(1, 7))
@pytest.mark.parametrize("name", ["steps", "other"])
def test_a_death_on_the_way_from_a_saved_model_is_made_good(world: World, name: str, write: int) -> None:
    save(world, TURNED.text if name == "steps" else OTHER.text, name)
    world.drain()
    drop(world, name)
    die_at(world, write)
    assert states(world) == [("steps", "active")]
    assert len(stored(world)) == 1
    assert_as_expected(world, EVENTS)


def die_at(world: World, write: int) -> None:
    """Apply what is ordered and die after a write, if there are so many; then somebody else takes over."""
    applied, session = world.applied, Dying(world.session, write)
    try:
        world.apply(1, session)
        while world.writer.fill(session):  # type: ignore[arg-type]  # stands in for a session
            pass
    except Killed:
        world.applied = applied
        world.start()
        world.drain()

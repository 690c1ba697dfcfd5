"""/v1/map and the people behind its cells, over HTTP; the whole of it against plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from asking.world import DAY, NOON, World, model_of, touchpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch

HOUR = DAY // 24


def touch(customer: int, hour: int, phase: int, channel: str, **more: Any) -> Touch:
    return Touch(customer, NOON + hour * HOUR, phase, channel=channel, id=f"{customer}-{hour}", **more)


@pytest.fixture
def drawn(world: World) -> World:
    """Three customers: two are met by search, one of them goes on by e-mail; a call finds the third displeased."""
    world.add_touches(
        [
            touch(1, 0, 1, "search", contact="interactive"),
            touch(1, 1, 1, "search", contact="interactive"),
            touch(1, 2, 2, "email", contact="static", sentiment=0.5),
            touch(2, 0, 1, "search", contact="interactive"),
            touch(3, 0, 2, "call", contact="human", sentiment=-1.0),
            touch(3, 1, 0, "call", contact="human"),
        ]
    )
    return world


NAMES = (
    "channel", "phase", "customers", "onward", "touchpoints", "interactive", "static", "human", "sentiment",
)  # fmt: skip


async def cells(world: World, **asked: Any) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in NAMES) for row in await world.rows("/v1/map", **asked)]


async def test_the_drawn_example(drawn: World) -> None:
    assert await cells(drawn) == [
        ("call", "p2", 1, 0, 1, 0, 0, 1, -1.0),
        ("email", "p2", 1, 0, 1, 0, 1, 0, 0.5),
        ("search", "p1", 2, 1, 3, 3, 0, 0, None),
    ]


async def test_a_touchpoint_stored_twice_counts_once(drawn: World) -> None:
    drawn.add_touchpoints(touchpoint(touch(2, 0, 1, "search", contact="interactive")))

    assert (await cells(drawn))[2] == ("search", "p1", 2, 1, 3, 3, 0, 0, None)


async def test_robots_are_left_out(drawn: World) -> None:
    drawn.add_touchpoints(touchpoint(touch(9, 0, 1, "search"), bot=True))

    assert (await cells(drawn))[2][2] == 2


async def test_filters_and_range_choose_touchpoints(drawn: World) -> None:
    assert [row[:3] for row in await cells(drawn, where="channel:eq:email")] == [("email", "p2", 1)]
    assert [row[:3] for row in await cells(drawn, begin="2026-01-01T14:00:00Z")] == [("email", "p2", 1)]


async def test_as_many_people_as_the_cell_counts(drawn: World) -> None:
    for row in await drawn.rows("/v1/map"):
        people = await drawn.rows("/v1/map/people", phase=row["phase"], channel=row["channel"])
        assert len(people) == row["customers"]


async def test_people_who_came_last_are_first_and_pages_follow(drawn: World) -> None:
    whole = await drawn.rows("/v1/map/people", phase="p1", channel="search")
    reply = (await drawn.get("/v1/map/people", phase="p1", channel="search", limit=1)).json()
    rest = await drawn.rows(
        "/v1/map/people", phase="p1", channel="search", limit=1, cursor=reply["meta"]["next"]
    )

    assert [row["customer"] for row in whole] == [f"{1:016x}", f"{2:016x}"]
    assert whole[0] == {
        "customer": f"{1:016x}",
        "reached_at": "2026-01-01T12:00:00.000Z",
        "last_at": "2026-01-01T13:00:00.000Z",
        "last_event": "P1",
        "channel": "search",
    }
    assert [*reply["rows"], *rest] == whole


async def test_an_unknown_phase_is_named(drawn: World) -> None:
    reply = await drawn.get("/v1/map/people", phase="p9", channel="search")

    assert reply.status_code == 422
    assert reply.json()["problems"] == [
        {"field": "phase", "value": "p9", "wanted": "one of the phases p1, p2, p3"}
    ]


def reference(touches: list[Touch]) -> dict[tuple[str, int], tuple[int, int, int]]:
    """By channel and phase: customers, how many of them went on, touchpoints. As docs/query-api.md says it."""
    cells: dict[tuple[str, int], dict[int, list[int]]] = {}
    reached: dict[tuple[int, int], int] = {}
    for each in touches:
        if each.phase:
            cells.setdefault((each.channel, each.phase), {}).setdefault(each.customer, []).append(each.at)
            key = (each.customer, each.phase)
            reached[key] = min(each.at, reached.get(key, each.at))

    def went_on(customer: int, phase: int, since: int) -> bool:
        later = [at for (who, place), at in reached.items() if who == customer and place > phase]
        return any(at >= since for at in later)

    return {
        (channel, phase): (
            len(people),
            sum(went_on(customer, phase, min(times)) for customer, times in people.items()),
            sum(map(len, people.values())),
        )
        for (channel, phase), people in cells.items()
    }


some_touches = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.sampled_from(["", "a", "b"])), min_size=1, max_size=25
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=some_touches)
async def test_it_is_what_the_reference_says(empty_world: World, drawn: list[tuple[int, int, str]]) -> None:
    world = World(empty_world.warehouse, empty_world.write, empty_world._sessions)
    world.add_build(model_of(3))
    touches = [touch(customer, hour, phase, channel) for hour, (customer, phase, channel) in enumerate(drawn)]
    world.add_touches(touches)

    found = {
        (row["channel"] or "", row["position"]): (row["customers"], row["onward"], row["touchpoints"])
        for row in await world.rows("/v1/map")
    }
    await world.client.aclose()

    assert found == reference(touches)

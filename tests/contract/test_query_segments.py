"""/v1/segments: customers by lifecycle."""

from __future__ import annotations

from typing import Any

from asking.world import DAY, NOON, World, touchpoint
from reference.journeys import Touch


def life(customer: int, *days: int, value: float = 10) -> list[Touch]:
    """Touchpoints that many days before the moment looked at, which is NOON."""
    return [Touch(customer, NOON - day * DAY, 1, id=f"{customer}-{day}", value=value) for day in days]


LIVES = [
    *life(1, 30), *life(2, 31), *life(3, 90), *life(4, 200, 90), *life(5, 91), *life(6, 365), *life(7, 366),
    *life(8, 20, 400),
]  # fmt: skip


async def segments(world: World, **asked: Any) -> dict[str, int]:
    return {row["segment"]: row["customers"] for row in await world.rows("/v1/segments", **asked)}


async def test_each_customer_is_in_the_segment_of_its_silence(world: World) -> None:
    """New for 30 days; silence up to the gap of 90 days is activity, up to 365 lapsing, beyond that lost."""
    world.now = NOON
    world.add_touches(LIVES)
    found = await world.rows("/v1/segments")
    assert [(row["segment"], row["customers"], row["value"]) for row in found] == [
        ("new", 1, 10), ("active", 2, 20), ("returning", 2, 40), ("lapsing", 2, 20), ("lost", 1, 10),
    ]  # fmt: skip
    assert [(row["share"], row["average_value"]) for row in found] == [
        (0.125, 10), (0.25, 10), (0.25, 20), (0.25, 10), (0.125, 10),
    ]  # fmt: skip
    assert (await segments(world, new_for="31d"))["new"] == 2


async def test_a_past_moment_knows_nothing_of_what_came_later(world: World) -> None:
    """The same lives, seen from a later day with a range that ends then: the numbers of the day itself."""
    world.now = NOON + 500 * DAY
    world.add_touches([*LIVES, *life(1, -100), *life(9, -1)])
    world.add_touchpoints(*(touchpoint(touch) for touch in life(2, 31)))  # a copy
    rows = await world.rows("/v1/segments", end="2026-01-01T12:00:00Z")
    assert [(row["customers"], row["value"]) for row in rows] == [(1, 10), (2, 20), (2, 40), (2, 20), (1, 10)]


async def test_a_range_holds_those_with_a_touchpoint_in_it(world: World) -> None:
    world.now = NOON
    world.add_touches(LIVES)
    assert sum((await segments(world, begin="2025-12-01")).values()) == 3
    assert await segments(world, begin="2025-12-01", end="2025-12-03") == {
        "new": 2, "active": 0, "returning": 0, "lapsing": 0, "lost": 0,
    }  # fmt: skip


async def test_nobody_is_in_any_segment_of_an_empty_workspace(world: World) -> None:
    rows = await world.rows("/v1/segments")
    assert [(row["customers"], row["share"], row["average_value"]) for row in rows] == [(0, 0, None)] * 5

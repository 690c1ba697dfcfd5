"""Figures that every answer states come from small tables of the engine's, and are right after merges and deletes."""

from __future__ import annotations

import pytest
from asking.world import DAY, NOON, World, touchpoint
from reference.journeys import Touch

from etappe.clock import parse_iso
from etappe.identifiers import event_key
from query_api.sql import text_of

EVERYTHING = {
    "from": 0,
    "to": NOON + 1000 * DAY,
    "start": 0,
    "partitions": [0],
    "included": [0],
    "below": [1 << 62],
}


@pytest.mark.parametrize(
    ("statement", "projection"),
    [
        ("bots_by_day", "by_day"),
        ("latest_touchpoint", "by_day"),
        ("outcomes", "positions_by_outcome"),
        ("receipts_of_others", "positions_by_outcome"),
    ],
)
def test_it_reads_the_projection_and_not_the_rows(world: World, statement: str, projection: str) -> None:
    world.add_touchpoints(touchpoint(Touch(1, NOON), bot=True))
    receive(world, "stored", 1)
    values = {**EVERYTHING, "workspace": world.workspace.name}
    plan = world.write.rows(f"EXPLAIN {text_of(statement)}", values)
    reads = [line.split("ReadFromMergeTree ")[1] for (line,) in plan if "ReadFromMergeTree" in line]
    assert reads == [f"({projection})"]


async def test_bots_are_counted_alike_from_days_and_from_rows(world: World) -> None:
    times = [NOON + n * DAY // 4 for n in range(20)]
    world.add_touchpoints(*(touchpoint(Touch(n, at), bot=n % 3 == 0) for n, at in enumerate(times)))
    for end in ("2026-01-03", "2026-01-03T00:00:00.001Z", "2026-01-04T12:00:00Z", None):
        meta = (await world.get("/v1/coverage", begin="2026-01-02", end=end)).json()["meta"]
        bounds = ms_of(meta["from"]), ms_of(meta["to"])
        bots = [at for n, at in enumerate(times) if n % 3 == 0 and bounds[0] <= at < bounds[1]]
        assert meta["excluded"]["bot_touchpoints"] == len(bots), end


def ms_of(time: str | None) -> int:
    """Ms of an answer's time; the end of everything for None."""
    return 1 << 62 if time is None else parse_iso(time)


async def test_a_merge_takes_copies_out_of_the_count(world: World) -> None:
    bot = touchpoint(Touch(1, NOON), bot=True)
    world.add_touchpoints(bot)
    world.add_touchpoints(bot)
    world.write.execute("OPTIMIZE TABLE touchpoints FINAL")
    assert await bots(world) == 1


async def test_what_is_deleted_is_out_of_the_count(world: World) -> None:
    world.add_touchpoints(touchpoint(Touch(1, NOON), bot=True), touchpoint(Touch(2, NOON), bot=True))
    world.write.execute(
        "DELETE FROM touchpoints WHERE workspace = {w:String} AND identifier = 1",
        {"w": world.workspace.name},
    )
    assert await bots(world) == 1


async def bots(world: World) -> int:
    meta = (await world.get("/v1/funnel")).json()["meta"]
    return int(meta["excluded"]["bot_touchpoints"])


def receive(world: World, outcome: str, *positions: int) -> None:
    rows = [
        {"event_id": event_key(str(each)), "partition": 0, "position": each, "outcome": outcome}
        for each in positions
    ]
    world.insert("receipts", rows)


def test_a_record_has_one_outcome_also_where_a_replay_came_to_another(world: World) -> None:
    """Merged or not, and in large numbers, each position counts once."""
    receive(world, "stored", *range(1, 1001))
    receive(world, "stored", *range(500, 1001))
    receive(world, "erased", 7, 8)
    receive(world, "duplicate", *range(1001, 1011))
    receive(world, "rejected", 1011, 1001)
    values = {**EVERYTHING, "workspace": world.workspace.name, "start": 5, "included": [1000]}
    stored, duplicates, rejected, erased = 998, 10, 1, 2
    wanted = [(0, stored, duplicates, rejected, erased, 4, 12)]
    assert world.write.rows(text_of("outcomes"), values) == wanted

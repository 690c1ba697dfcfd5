"""/v1/paths and /v1/sequences over HTTP: the examples of docs/paths.md, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest
from asking.world import DAY, NOON, World, touchpoint
from reference.journeys import Touch

HOUR = DAY // 24


def journey(customer: int, *steps: tuple[int, str], day: int = 0, hours: int = 1) -> list[Touch]:
    """Touchpoints of (phase, channel), `hours` apart."""
    return [
        Touch(
            customer, NOON + day * DAY + n * hours * HOUR, phase, channel=channel, id=f"{customer}-{day}-{n}"
        )
        for n, (phase, channel) in enumerate(steps)
    ]


@pytest.fixture
def drawn(world: World) -> World:
    """The four journeys that docs/paths.md draws."""
    world.add_touches(
        [
            *journey(1, (1, "search"), (2, "email"), (3, "store")),
            *journey(2, (1, "search"), (1, "email"), (2, "email"), (3, "email"), hours=2),
            *journey(3, (1, "search"), (2, "email"), (1, "search")),
            *journey(4, (1, ""), (0, "email")),
        ]
    )
    return world


async def ask(world: World, path: str, **asked: Any) -> Any:
    """The JSON answer; parameters by their own names."""
    reply = await world.client.get(
        path, params=asked, headers={"Authorization": f"Bearer {world.tokens['read']}"}
    )
    assert reply.status_code == 200, reply.text
    return reply.json()


async def hops(world: World, **asked: Any) -> list[tuple[Any, ...]]:
    rows = (await ask(world, "/v1/paths", **asked))["rows"]
    names = ("position", "from", "to", "count", "median_seconds")
    return [tuple(row[name] for name in names) for row in rows]


async def test_the_drawn_example(drawn: World) -> None:
    assert await hops(drawn, collapse="true") == [
        (1, "p1", "p2", 3, 3600.0),
        (1, "p1", None, 1, None),
        (2, "p2", "p3", 2, 5400.0),
        (2, "p2", "p1", 1, 3600.0),
        (3, "p3", None, 2, None),
        (3, "p1", None, 1, None),
    ]


async def test_shares_are_of_all_paths(drawn: World) -> None:
    rows = await drawn.rows("/v1/paths", depth=1)
    assert [(row["to"], row["count"], row["share"]) for row in rows] == [
        ("p2", 2, 0.5),
        ("p1", 1, 0.25),
        (None, 1, 0.25),
    ]


async def test_channels_by_time_with_those_that_have_none(drawn: World) -> None:
    assert await hops(drawn, by="channel", depth=2) == [
        (1, "search", "email", 3, 3600.0),
        (1, "(none)", "email", 1, 3600.0),
        (2, "email", "email", 1, 7200.0),
        (2, "email", "search", 1, 3600.0),
        (2, "email", "store", 1, 3600.0),
        (2, "email", None, 1, None),
    ]


async def test_a_path_from_a_node_to_itself_is_a_way_back(drawn: World) -> None:
    assert await hops(drawn, start="p1", end="p1", collapse="true") == [
        (1, "p1", "p2", 1, 3600.0),
        (2, "p2", "p1", 1, 3600.0),
        (3, "p1", None, 1, None),
    ]
    meta = (await ask(drawn, "/v1/paths", start="p1", end="p1", collapse="true"))["meta"]
    assert meta["journeys"] == 1
    assert meta["excluded"] == {"unmapped": 0, "without_start": 0, "without_end": 3, "bot_touchpoints": 0}


async def test_with_an_end_alone_columns_count_back_from_it(drawn: World) -> None:
    """What came before p3: the last two nodes, and where a path begins in the second column."""
    assert await hops(drawn, end="p3", depth=2) == [
        (1, "p1", "p2", 2, 5400.0),
        (2, "p2", "p3", 2, 5400.0),
    ]
    assert await hops(drawn, end="p3", depth=3) == [
        (1, "p1", "p1", 1, 7200.0),
        (1, None, "p1", 1, None),
        (2, "p1", "p2", 2, 5400.0),
        (3, "p2", "p3", 2, 5400.0),
    ]


async def test_what_is_not_frequent_is_other(world: World) -> None:
    world.add_touches(
        [
            *(each for n in range(3) for each in journey(n + 1, (1, "search"), (2, "email"))),
            *(each for n in range(2) for each in journey(n + 11, (1, "store"), (2, "search"))),
            *journey(21, (1, "ads"), (2, "store")),
        ]
    )
    assert await hops(world, by="channel", nodes=1, depth=1) == [
        (1, "(other)", "(other)", 3, 3600.0),
        (1, "search", "email", 3, 3600.0),
    ]
    assert await hops(world, by="channel", nodes=1, depth=1, start="store") == [
        (1, "store", "search", 2, 3600.0),
        (1, "store", None, 1, None),
    ]


async def test_sequences(drawn: World) -> None:
    assert await drawn.rows("/v1/sequences", collapse="true") == [
        {"sequence": ["p1", "p2", "p3"], "count": 2, "share": 0.5, "conversions": 2, "median_seconds": 14400.0},
        {"sequence": ["p1"], "count": 1, "share": 0.25, "conversions": 1, "median_seconds": 0.0},
        {"sequence": ["p1", "p2", "p1"], "count": 1, "share": 0.25, "conversions": 1, "median_seconds": 7200.0},
    ]  # fmt: skip


async def test_pages_of_sequences(drawn: World) -> None:
    first = (await drawn.get("/v1/sequences", limit=2)).json()
    assert [row["sequence"] for row in first["rows"]] == [["p1"], ["p1", "p1", "p2", "p3"]]
    assert first["meta"]["next"] == "2"
    assert first["meta"]["sequences"] == first["meta"]["journeys"] == 4
    second = (await drawn.get("/v1/sequences", limit=2, cursor="2")).json()
    assert [row["sequence"] for row in second["rows"]] == [["p1", "p2", "p1"], ["p1", "p2", "p3"]]
    assert second["meta"]["next"] is None
    beyond = (await drawn.get("/v1/sequences", limit=2, cursor="9")).json()
    assert (beyond["rows"], beyond["meta"]["sequences"]) == ([], 4)


async def test_without_a_limit_the_list_of_sequences_is_complete(world: World) -> None:
    world.add_touches([Touch(n, NOON, 1, id=f"e{n}", channel=f"c{n:03}") for n in range(1, 251)])
    answer = (await world.get("/v1/sequences", by="channel")).json()
    assert [row["sequence"] for row in answer["rows"]] == [[f"c{n:03}"] for n in range(1, 251)]
    assert (answer["meta"]["next"], answer["meta"]["sequences"]) == (None, 250)
    rest = (await world.get("/v1/sequences", by="channel", cursor="249")).json()
    assert [row["sequence"] for row in rest["rows"]] == [["c250"]]


async def test_a_long_sequence_is_cut_and_says_so(world: World) -> None:
    world.add_touches([Touch(1, NOON + n, 1 + n % 2, id=f"e{n}") for n in range(101)])
    (row,) = await world.rows("/v1/sequences")
    assert len(row["sequence"]) == 101
    assert row["sequence"][-2:] == ["p2", "(more)"]


async def test_journeys_are_chosen_by_their_beginning_and_their_touchpoints(world: World) -> None:
    world.add_touches(
        [
            *journey(1, (1, "search"), (2, "email")),
            *journey(1, (1, "store"), (3, "store"), day=200),
            *journey(2, (1, "search"), (1, "search")),
        ]
    )
    for asked, wanted in (
        ({"from": "2026-06-01"}, [["p1", "p3"]]),
        ({"to": "2026-06-01"}, [["p1", "p1"], ["p1", "p2"]]),
        ({"where": "channel:eq:email"}, [["p1", "p2"]]),
        ({"where": "channel:eq:store", "to": "2026-06-01"}, []),
    ):
        rows = (await ask(world, "/v1/sequences", **asked))["rows"]
        assert [row["sequence"] for row in rows] == wanted, asked


async def test_bots_are_no_part_of_a_path(world: World) -> None:
    world.add_touches(journey(1, (1, "search"), (2, "email")))
    world.add_touchpoints(touchpoint(Touch(1, NOON + 60_000, 2, channel="ads", id="bot"), bot=True))
    (row,) = await world.rows("/v1/sequences", by="channel")
    assert row["sequence"] == ["search", "email"]
    meta = (await world.get("/v1/sequences", by="channel")).json()["meta"]
    assert meta["excluded"]["bot_touchpoints"] == 1


async def test_nothing_there_is_no_row(world: World) -> None:
    for path in ("/v1/paths", "/v1/sequences"):
        reply = (await world.get(path)).json()
        assert (reply["rows"], reply["meta"]["journeys"]) == ([], 0)


@pytest.mark.parametrize(
    ("asked", "field", "wanted"),
    [
        ({"by": "page"}, "by", "phase, channel, event"),
        ({"unit": "customer"}, "unit", "journey"),
        ({"start": "p9"}, "start", "p1, p2, p3"),
        ({"finish": "p3"}, "finish", "one of the parameters"),
        ({"depth": 21}, "depth", "1 to 20"),
        ({"nodes": 0}, "nodes", "1 to 100"),
        ({"collapse": "yes"}, "collapse", "true"),
        ({"start": "(other)"}, "start", "node"),
        ({"where": "channel:is:email"}, "where", "eq"),
    ],
)
async def test_refusals_name_the_parameter(
    world: World, asked: dict[str, Any], field: str, wanted: str
) -> None:
    reply = await world.get("/v1/paths", **asked)
    assert reply.status_code == 422, reply.text
    (problem,) = reply.json()["problems"]
    assert problem["field"] == field
    assert wanted in problem["wanted"]

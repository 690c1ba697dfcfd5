"""`POST /v1/funnel/steps` and the people behind its numbers; expected numbers can be counted by hand."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from asking.identities import belongs
from asking.world import DAY, NOON, World, touchpoint
from reference.journeys import Touch, journeys_of

HOUR = DAY // 24
EVER = -(1 << 62)
PATH = "/v1/funnel/steps"


async def ask(world: World, steps: str | list[Any], **rest: Any) -> list[dict[str, Any]]:
    """Rows; `steps` as letters or as in the body."""
    reply = await world.send("POST", PATH, body_of(steps, **rest), token="read")
    assert reply.status_code == 200, reply.text
    rows: list[dict[str, Any]] = reply.json()["rows"]
    return rows


def body_of(steps: str | list[Any], **rest: Any) -> dict[str, Any]:
    named = {"begin": "from", "end": "to"}
    return {
        "steps": [{"event": each} if isinstance(each, str) else each for each in steps],
        **{named.get(name, name): value for name, value in rest.items()},
    }


async def counts(world: World, steps: str | list[Any], **rest: Any) -> list[int]:
    return [row["count"] for row in await ask(world, steps, **rest)]


def store(world: World, *touches: tuple[int, float, str, dict[str, Any]] | tuple[int, float, str]) -> None:
    """Touchpoints: customer, hour, event, changes to the row. Journeys as the fold would find them."""
    found = []
    for n, (customer, hour, event, *changes) in enumerate(touches):
        touch = Touch(
            customer=customer,
            at=NOON + round(hour * HOUR),
            id=f"t{n}",
            seq=n,
            **{k: v for each in changes for k, v in each.items() if k in ("account", "channel")},
        )
        row = {k: v for each in changes for k, v in each.items() if k not in ("account", "channel")}
        found.append((touch, {"event": event, **row}))
    world.add_journeys(journeys_of([touch for touch, _ in found], 90 * DAY), 3)
    world.add_touchpoints(*(touchpoint(touch, **row) for touch, row in _alike(found)))


def _alike(found: list[tuple[Touch, dict[str, Any]]]) -> list[tuple[Touch, dict[str, Any]]]:
    """Rows of one insert have the same columns."""
    names = {name for _, row in found for name in row} - {"event"}
    usual = {name: touchpoint(found[0][0]).get(name) for name in names}
    return [(touch, {**usual, **row}) for touch, row in found]


def said(**values: Any) -> str:
    return json.dumps(values)


async def test_rows_have_rates_and_exact_times(world: World) -> None:
    store(world, (1, 0, "A"), (1, 1, "B"), (2, 0, "A"), (2, 2, "B"), (3, 0, "A"), (4, 0, "A"), (4, 6, "B"))
    first, second = await ask(world, "AB")
    assert first == {
        "group": None, "step": "A", "position": 1, "count": 4, "rate": 1.0, "step_rate": 1.0,
        "average_seconds": None, "median_seconds": None,
    }  # fmt: skip
    assert second == {
        "group": None, "step": "B", "position": 2, "count": 3, "rate": 0.75, "step_rate": 0.75,
        "average_seconds": 3 * 3600.0, "median_seconds": 2 * 3600.0,
    }  # fmt: skip


async def test_an_even_median_is_the_mean_of_the_middle_two(world: World) -> None:
    store(world, (1, 0, "A"), (1, 1, "B"), (2, 0, "A"), (2, 4, "B"))
    assert (await ask(world, "AB"))[1]["median_seconds"] == 2.5 * 3600


async def test_times_belong_to_the_earliest_attempt_that_gets_furthest(world: World) -> None:
    store(world, (1, 0, "A"), (1, 10, "A"), (1, 11, "B"), (1, 20, "A"), (1, 22, "B"))
    assert (await ask(world, "AB", window="2h"))[1]["average_seconds"] == 3600


async def test_nobody_is_a_row_of_zeros(world: World) -> None:
    store(world, (1, 0, "X"))
    assert await counts(world, "AB") == [0, 0]
    assert (await ask(world, "AB"))[1]["rate"] == 0


async def test_groups_of_nobody_have_no_rows(world: World) -> None:
    store(world, (1, 0, "X", {"channel": "email"}))
    assert await ask(world, "AB", by="channel") == []


async def test_every_group_has_every_step(world: World) -> None:
    store(
        world,
        (1, 0, "A", {"channel": "email"}), (1, 1, "B", {"channel": "store"}),
        (2, 0, "A", {"channel": "store"}), (3, 0, "A"),
    )  # fmt: skip
    rows = await ask(world, "AB", by="channel")
    assert [(row["group"], row["count"]) for row in rows] == [
        (None, 1), (None, 0), ("email", 1), ("email", 1), ("store", 1), ("store", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("touch", "expected"),
    [
        ("first", {"pro": [2, 1]}),
        ("last", {"free": [1, 1], "pro": [1, 0]}),
        ("step:2", {None: [1, 0], "free": [1, 1]}),
        ("all", {"pro": [2, 0]}),
    ],
)
async def test_touch_says_whose_value_counts(
    world: World, touch: str, expected: dict[Any, list[int]]
) -> None:
    pro, free = {"properties": said(plan="pro")}, {"properties": said(plan="free")}
    store(world, (1, 0, "A", pro), (1, 1, "B", free), (2, 0, "A", pro))
    found: dict[Any, list[int]] = {}
    for row in await ask(world, "AB", by="property:plan", touch=touch):
        found.setdefault(row["group"], []).append(row["count"])
    assert found == expected


async def test_several_values_are_joined(world: World) -> None:
    store(
        world,
        (1, 0, "A", {"properties": said(plan="pro", size=3)}), (2, 0, "A", {"properties": said(size=True)}),
        (3, 0, "A"),
    )  # fmt: skip
    rows = await ask(world, "A", by="property:plan,property:size")
    assert [row["group"] for row in rows] == [None, "pro|3", "|true"]


async def test_values_of_the_person(world: World) -> None:
    """The latest trait holds for all that a customer did; a first channel is that of the very first touchpoint."""
    store(
        world,
        (1, 0, "A", {"traits": said(plan="free"), "channel": "email"}), (1, 1, "B"),
        (1, 2, "X", {"traits": said(plan="pro")}), (2, 0, "A"),
    )  # fmt: skip
    rows = await ask(world, "AB", by="trait:plan")
    assert [(row["group"], row["count"]) for row in rows] == [(None, 1), (None, 0), ("pro", 1), ("pro", 1)]
    rows = await ask(world, "B", by="first_channel,trait:plan")
    assert [(row["group"], row["count"]) for row in rows] == [("email|pro", 1)]
    rows = await ask(world, "A", by="segment")
    assert [(row["group"], row["count"]) for row in rows] == [("new", 2)]


async def test_filters_test_the_touchpoint_of_their_step(world: World) -> None:
    yes, no = {"properties": said(product="h")}, {"properties": said(product="m")}
    store(world, (1, 0, "A", yes), (1, 1, "B", no), (2, 0, "A", no), (2, 1, "B", yes))
    where = [{"field": "properties.product", "op": "eq", "value": "h"}]
    assert await counts(world, [{"event": "A", "where": where}, "B"]) == [1, 1]
    either = [{"any_of": [[where[0]], [{"field": "channel", "op": "eq", "value": "email"}]]}]
    assert await counts(world, ["A", {"event": "B", "where": either}]) == [2, 1]


async def test_alternatives_fill_a_step(world: World) -> None:
    store(world, (1, 0, "A"), (1, 1, "B"), (2, 0, "A"), (2, 1, "C"), (3, 0, "A"))
    rows = await ask(world, ["A", {"any_of": [{"event": "B"}, {"event": "C"}]}])
    assert [(row["step"], row["count"]) for row in rows] == [("A", 3), ("B or C", 2)]
    rows = await ask(world, ["A", {"event": "B", "any_of": [{"event": "C"}], "name": "done"}])
    assert [(row["step"], row["count"]) for row in rows] == [("A", 3), ("done", 2)]


async def test_event_names_compare_as_in_phase_models(world: World) -> None:
    store(world, (1, 0, "Order Paid"), (1, 1, "page_viewed"))
    assert await counts(world, ["order_paid", "Page  Viewed"]) == [1, 1]


async def test_thirty_steps(world: World) -> None:
    store(world, *((1, hour, f"E{hour}") for hour in range(30)))
    assert await counts(world, [f"E{n}" for n in range(30)]) == [1] * 30
    assert await counts(world, [f"E{n}" for n in range(30)], order="any") == [1] * 30


async def test_links_are_followed(world: World) -> None:
    """Two identifiers of one customer; a device that two people used, split where the second logged in."""
    belongs(world, 1, "user_id", (EVER, 1), members=[1, 2])
    belongs(world, 2, "anonymous_id", (EVER, 1), (NOON + 5 * HOUR, 3))
    belongs(world, 3, "user_id", (EVER, 3), members=[2, 3])
    store(world, (1, 0, "A"), (2, 1, "B"), (2, 6, "A"), (2, 7, "B"), (3, 8, "C"))
    assert await counts(world, "ABC") == [2, 2, 1]
    assert await counts(world, "ABC", exclude=[{"event": "X"}]) == [2, 2, 1]


async def test_copies_count_once(world: World) -> None:
    """A replay writes the same rows again; until they are merged they stand there twice."""
    for _ in range(2):
        store(world, (1, 0, "A"), (2, 0, "A"), (2, 1, "A"))
    assert await counts(world, "AA") == [2, 1]
    assert await counts(world, "AA", order="strict") == [2, 1]


async def test_accounts_count_over_their_customers(world: World) -> None:
    acme = {"account": "acme"}
    store(world, (1, 0, "A", acme), (2, 1, "X", acme), (2, 2, "B"), (3, 0, "A"))
    assert await counts(world, "AB", unit="account") == [1, 1]
    assert await counts(world, "AB") == [2, 0]


async def test_attempts_cross_gaps_but_not_of_journeys(world: World) -> None:
    store(world, (1, 0, "A"), (1, 24 * 200, "B"))
    assert await counts(world, "AB") == [1, 1]
    assert await counts(world, "AB", unit="journey") == [1, 0]


async def test_bots_are_left_out_and_counted(world: World) -> None:
    store(world, (1, 0, "A"), (2, 0, "A", {"bot": True}))
    reply = await world.send("POST", PATH, body_of("A"), token="read")
    assert [row["count"] for row in reply.json()["rows"]] == [1]
    assert reply.json()["meta"]["excluded"] == {"void": 0, "bot_touchpoints": 1}


async def test_whom_exclusions_void_is_said(world: World) -> None:
    store(world, (1, 0, "A"), (1, 1, "X"), (1, 2, "B"), (2, 0, "A"), (2, 1, "B"), (3, 0, "B"))
    reply = await world.send("POST", PATH, body_of("AB", exclude=[{"event": "X"}]), token="read")
    assert [row["count"] for row in reply.json()["rows"]] == [1, 1]
    assert reply.json()["meta"]["excluded"]["void"] == 1


async def test_bins_hold_everybody_who_moved_on(world: World) -> None:
    """Eight times of 1 to 8 hours make two bins."""
    store(world, *(each for n in range(1, 9) for each in ((n, 0, "A"), (n, n, "B"))))
    first, second = await ask(world, "AB", histogram=True)
    assert first["bins"] == []
    assert [each["count"] for each in second["bins"]] == [4, 4]
    assert second["bins"][0]["from_seconds"] == 3600
    assert second["bins"][0]["to_seconds"] == second["bins"][1]["from_seconds"]
    assert second["median_seconds"] == 4.5 * 3600


async def test_meta_says_the_rules(world: World) -> None:
    store(world, (1, 0, "A"))
    body = body_of(
        "AB", window="14d", begin="2026-01-01", by="channel", hold="properties.cart", exclude=[{"event": "X"}]
    )
    meta = (await world.send("POST", PATH, body, token="read")).json()["meta"]
    assert meta["order"] == "ordered" and meta["unit"] == "customer" and meta["touch"] == "first"
    assert meta["window_ms"] == 14 * DAY and meta["by"] == "channel" and meta["hold"] == "properties.cart"
    assert meta["from"] == "2026-01-01T00:00:00.000Z" and meta["to"] is None
    assert meta["exclude"] == [{"event": "X", "after": 1, "before": 2, "where": []}]
    assert meta["ties"] == "touchpoints of equal time count in either order"
    assert {"identity", "identity_version", "watermark", "excluded"} <= set(meta)


async def test_all_formats_carry_the_same_rows(world: World) -> None:
    store(world, (1, 0, "A"), (1, 1, "B"))
    body = body_of("AB", histogram=True)
    plain = (await world.send("POST", PATH, body, token="read")).json()["rows"]
    csv = await world.send("POST", PATH, body, token="read", format="csv")
    assert csv.text.splitlines()[0] == ",".join(plain[0])
    assert json.loads(csv.headers["X-Etappe-Meta"])["order"] == "ordered"
    ndjson = await world.send("POST", PATH, body, token="read", format="ndjson")
    assert [json.loads(line) for line in ndjson.text.splitlines()] == plain
    parquet = await world.send("POST", PATH, body, token="read", format="parquet")
    found = pq.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert [row["count"] for row in found] == [1, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "steps"),
        ({"steps": []}, "steps"),
        ({"steps": "A"}, "steps"),
        ({"steps": [{"event": "A"}] * 31}, "steps"),
        ({"steps": ["A"]}, "steps[0]"),
        ({"steps": [{}]}, "steps[0].event"),
        ({"steps": [{"event": "A", "colour": 1}]}, "steps[0].colour"),
        ({"steps": [{"event": "A", "name": ""}]}, "steps[0].name"),
        ({"steps": [{"event": "A", "optional": 1}]}, "steps[0].optional"),
        ({"steps": [{"event": "A", "optional": True}]}, "steps[0].optional"),
        ({"steps": [{"any_of": []}]}, "steps[0].any_of"),
        ({"steps": [{"any_of": [{"event": 3}]}]}, "steps[0].any_of[0].event"),
        ({"steps": [{"event": "A"}, {"event": "B", "where": [{"field": "channel", "op": "is", "value": 1}]}]},
         "steps[1].where[0].op"),
        ({"steps": [{"event": "A"}], "order": "sorted"}, "order"),
        ({"steps": [{"event": "A"}], "unit": "person"}, "unit"),
        ({"steps": [{"event": "A"}], "window": 14}, "window"),
        ({"steps": [{"event": "A"}], "window": "soon"}, "window"),
        ({"steps": [{"event": "A"}], "from": "yesterday"}, "from"),
        ({"steps": [{"event": "A"}], "from": "2026-02-01", "to": "2026-01-01"}, "to"),
        ({"steps": [{"event": "A"}], "by": "colour"}, "by"),
        ({"steps": [{"event": "A"}], "by": "property:"}, "by"),
        ({"steps": [{"event": "A"}], "touch": "step:2"}, "touch"),
        ({"steps": [{"event": "A"}], "by": "trait:plan", "touch": "all"}, "touch"),
        ({"steps": [{"event": "A"}], "hold": "value"}, "hold"),
        ({"steps": [{"event": "A"}], "histogram": "yes"}, "histogram"),
        ({"steps": [{"event": "A"}], "exclude": [{"event": "X"}]}, "exclude[0].after"),
        ({"steps": [{"event": "A"}] * 3, "exclude": [{"event": "X", "after": 2, "before": 2}]}, "exclude[0].before"),
        ({"steps": [{"event": "A"}] * 3, "exclude": [{"event": "X", "after": 2}], "order": "any"}, "exclude[0]"),
        ({"steps": [{"event": "A"}, {"event": "B", "optional": True}, {"event": "C"}],
          "exclude": [{"event": "X", "before": 2}]}, "exclude[0].before"),
        ({"steps": [{"event": "A"}], "limit": 3}, "limit"),
    ],
)  # fmt: skip
async def test_problems_are_named_by_their_path(world: World, body: dict[str, Any], field: str) -> None:
    reply = await world.send("POST", PATH, body, token="read")
    assert reply.status_code == 422, reply.text
    assert field in [problem["field"] for problem in reply.json()["problems"]]


async def test_every_problem_is_named(world: World) -> None:
    body = {"steps": [{"event": ""}], "order": "x", "window": "y", "colour": 1}
    reply = await world.send("POST", PATH, body, token="read", limit="1")
    assert {problem["field"] for problem in reply.json()["problems"]} == {
        "steps[0].event", "order", "window", "colour", "limit",
    }  # fmt: skip


async def test_it_needs_a_token(world: World) -> None:
    assert (await world.send("POST", PATH, body_of("A"), token="none")).status_code == 401
    assert (await world.send("POST", PATH, {}, token="write")).status_code == 403


async def test_people_are_those_behind_the_number(world: World) -> None:
    store(
        world,
        (1, 0, "A"), (1, 3, "B"), (1, 24 * 100, "Y", {"channel": "store"}),
        (2, 0, "A"), (2, 5, "X", {"channel": "email"}), (3, 0, "X"),
    )  # fmt: skip
    reply = await world.send("POST", f"{PATH}/people", body_of("AB", step=2), token="read")
    assert reply.json()["rows"] == [
        {"customer": f"{1:016x}", "journey": 1, "reached_at": "2026-01-01T15:00:00.000Z",
         "last_at": "2026-04-11T12:00:00.000Z", "last_event": "Y", "channel": "store"},
    ]  # fmt: skip
    body = body_of("AB", step=1, state="dropped")
    (row,) = (await world.send("POST", f"{PATH}/people", body, token="read")).json()["rows"]
    assert (row["customer"], row["last_event"], row["channel"]) == (f"{2:016x}", "X", "email")


async def test_people_come_in_pages(world: World) -> None:
    """In every way that a question may be answered: in the plain statement, in the general one, outside."""
    store(world, *((n, n // 2, "A") for n in range(1, 8)))
    for rest in ({}, {"by": "channel"}, {"steps": [{"event": "A"}, {"event": "B", "optional": True}]}):
        body = {**body_of("A", step=1, limit=3), **rest}
        pages = []
        while True:
            answer = (await world.send("POST", f"{PATH}/people", body, token="read")).json()
            pages.append([int(row["customer"], 16) for row in answer["rows"]])
            if answer["meta"]["next"] is None:
                break
            body["cursor"] = answer["meta"]["next"]
        assert pages == [[6, 7, 4], [5, 2, 3], [1]]


async def test_people_of_a_group(world: World) -> None:
    store(world, (1, 0, "A", {"channel": "email"}), (2, 0, "A"))
    for group, customer in (("email", 1), (None, 2), ("", 2)):
        body = body_of("A", step=1, by="channel", group=group)
        (row,) = (await world.send("POST", f"{PATH}/people", body, token="read")).json()["rows"]
        assert row["customer"] == f"{customer:016x}"


async def test_people_of_an_account(world: World) -> None:
    """The customer who did the step, and the account for which."""
    acme = {"account": "acme"}
    store(world, (1, 0, "A", acme), (2, 1, "B", acme))
    (row,) = (
        await world.send("POST", f"{PATH}/people", body_of("AB", step=2, unit="account"), token="read")
    ).json()["rows"]
    assert (row["account"], row["customer"]) == ("acme", f"{2:016x}")


@pytest.mark.parametrize(
    ("rest", "field"),
    [
        ({}, "step"),
        ({"step": 3}, "step"),
        ({"step": True}, "step"),
        ({"step": 1, "state": "lost"}, "state"),
        ({"step": 1, "group": "email"}, "group"),
        ({"step": 1, "by": "channel", "group": 3}, "group"),
        ({"step": 1, "by": "channel", "touch": "all"}, "group"),
        ({"step": 1, "limit": 0}, "limit"),
        ({"step": 1, "cursor": "!"}, "cursor"),
    ],
)
async def test_problems_of_people(world: World, rest: dict[str, Any], field: str) -> None:
    reply = await world.send("POST", f"{PATH}/people", body_of("AB", **rest), token="read")
    assert reply.status_code == 422, reply.text
    assert [problem["field"] for problem in reply.json()["problems"]] == [field]

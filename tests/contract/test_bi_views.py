"""The views for BI tools: their columns are the contract of docs/bi.md, and their figures those of the query API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asking.world import DAY, NOON, World, model_of, touchpoint
from reference.journeys import Touch, journeys_of

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/bi.md").read_text()
VIEWS = ("touchpoints", "journeys", "phases", "customers", "funnel", "models")


@pytest.fixture
def filled(world: World) -> World:
    """Four customers of a shop; the second comes back after a long pause, the fourth is met in no phase."""
    world.add_touches(
        [
            Touch(1, NOON, 1, channel="search", id="a"),
            Touch(1, NOON + DAY, 3, channel="email", value=20.0, id="b"),
            Touch(2, NOON, 1, channel="email", id="c"),
            Touch(2, NOON + 200 * DAY, 2, channel="store", contact="human", id="d"),
            Touch(3, NOON, 2, channel="search", id="e"),
            Touch(4, NOON, 0, channel="call", id="f"),
        ]
    )
    return world


def rows(world: World, view: str, order: str = "1, 2, 3, 4, 5") -> list[dict[str, Any]]:
    """What the view says of this workspace."""
    select = f"SELECT * FROM bi_v1_{view} WHERE workspace = {{w:String}} ORDER BY {order}"
    names, columns = world.write.columns(select, {"w": world.workspace.name})
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("view", VIEWS)
def test_the_columns_are_those_of_the_page(world: World, view: str) -> None:
    names, _ = world.write.columns(f"SELECT * FROM bi_v1_{view} LIMIT 0")
    listed = re.search(rf"^\| `bi_v1_{view}` \|.*\| (.+) \|$", DOCS, re.MULTILINE)

    assert listed
    assert names == re.findall(r"`(\w+)`", listed[1])


async def test_the_funnel_is_that_of_the_api(filled: World) -> None:
    asked = await filled.rows("/v1/funnel")

    assert [
        (row["phase"], row["customers"], row["rate"], row["dropped"]) for row in rows(filled, "funnel")
    ] == [(row["phase"], row["count"], row["rate"], row["dropped"]) for row in asked]
    assert asked[0]["count"] == 3


async def test_journeys_are_one_row_each(filled: World) -> None:
    told = rows(filled, "journeys", "customer, journey")
    asked = await filled.rows("/v1/journeys")

    assert len(told) == 5
    assert {
        (row["customer"], row["journey"], row["touchpoints"], row["furthest_phase"] or None) for row in told
    } == {(row["customer"], row["journey"], row["touchpoints"], row["furthest_phase"]) for row in asked}
    assert [row["converted"] for row in told] == [1, 1, 0, 0, 0]
    assert [row["first_channel"] for row in told] == ["search", "email", "store", "search", "call"]


def test_customers_are_one_row_each_however_many_models_answer(filled: World) -> None:
    filled.add_build(model_of(2, "other"), number=2)
    filled.add_journeys(journeys_of([Touch(1, NOON, 1, id="a")], 90 * DAY), phases=2, build=2)

    told = rows(filled, "customers", "customer")

    assert [(row["customer"], row["journeys"], row["touchpoints"], row["value"]) for row in told] == [
        (f"{1:016x}", 1, 2, 20.0),
        (f"{2:016x}", 2, 2, 0.0),
        (f"{3:016x}", 1, 1, 0.0),
        (f"{4:016x}", 1, 1, 0.0),
    ]


def test_phases_are_told_with_the_time_they_were_reached(filled: World) -> None:
    told = rows(filled, "phases", "customer, journey, position")

    assert [(row["customer"][-1], row["journey"], row["phase"]) for row in told] == [
        ("1", 1, "p1"), ("1", 1, "p3"), ("2", 1, "p1"), ("2", 2, "p2"), ("3", 1, "p2"),
    ]  # fmt: skip
    assert told[1]["reached_at"].timestamp() * 1000 == NOON + DAY


def test_touchpoints_belong_to_the_customer_of_their_time(filled: World) -> None:
    """A device (9) that customer 1 used first, and customer 2 from the second day on; copies and robots left out."""
    filled.insert(
        "identities",
        [{"identifier": 9, "type": "anonymous_id", "since": [-(1 << 62), NOON + DAY], "customer": [1, 2],
          "members": [], "version": 1, "generation": 0}],
    )  # fmt: skip
    early, late = Touch(9, NOON, 1, id="x"), Touch(9, NOON + DAY, 1, id="y")
    filled.add_touchpoints(touchpoint(early), touchpoint(late))
    filled.add_touchpoints(touchpoint(early))
    filled.add_touchpoints(touchpoint(Touch(9, NOON, 1, id="z"), bot=True))

    told = {row["id"]: row["customer"][-1] for row in rows(filled, "touchpoints", "id")}

    assert told == {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3", "f": "4", "x": "1", "y": "2"}
    assert len(rows(filled, "touchpoints", "id")) == 8


def test_a_banned_identifier_owns_nothing(filled: World) -> None:
    filled.insert("banned", [{"generation": 0, "identifier": 3, "held": True, "version": 1}])
    filled.add_touchpoints(touchpoint(Touch(3, NOON, 1, id="g"), identifiers=[3, 1]))

    told = {row["id"]: row["customer"][-1] for row in rows(filled, "touchpoints", "id")}

    assert told["g"] == "1"


def test_builds_that_do_not_answer_say_nothing(filled: World) -> None:
    before = {view: rows(filled, view) for view in ("journeys", "phases", "funnel", "customers")}
    filled.add_build(model_of(3, "next"), number=7, state="filling")
    filled.insert("journeys", [])

    assert {view: rows(filled, view) for view in before} == before


def test_other_workspaces_stay_apart(filled: World) -> None:
    other = World(filled.warehouse, filled.write, filled._sessions)
    other.add_build(model_of(3))

    assert [rows(other, view) for view in ("touchpoints", "journeys", "customers", "phases")] == [
        [],
        [],
        [],
        [],
    ]


BOARD = json.loads((ROOT / "deploy/grafana/dashboards/journeys.json").read_text())
QUESTIONS = {each["title"]: each["targets"][0]["rawSql"] for each in BOARD["panels"]} | {
    each["name"]: each["query"] for each in BOARD["templating"]["list"]
}


@pytest.mark.parametrize("title", QUESTIONS)
def test_every_question_of_the_grafana_dashboard_has_an_answer(filled: World, title: str) -> None:
    """With the places filled in as Grafana does."""
    sql = re.sub(
        r"\$__timeFilter\((\w+)\)", r"\1 >= toDateTime(0) AND \1 <= toDateTime(4102444800)", QUESTIONS[title]
    )
    sql = sql.replace("${workspace}", filled.workspace.name).replace("${model}", "acpl")

    assert "$" not in sql
    assert filled.write.rows(sql)


def test_the_dashboard_asks_a_source_that_is_provided() -> None:
    provided = (ROOT / "deploy/grafana/provisioning/datasources/clickhouse.yaml").read_text()

    assert {each["datasource"]["uid"] for each in BOARD["panels"]} == {"clickhouse"}
    assert "uid: clickhouse\n" in provided

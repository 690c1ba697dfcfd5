"""/v1/models: which phase models there are, saving one, and dropping it again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import yaml
from asking.orders import commit, orders, write
from asking.world import World, model_of

from etappe.changes import DropModel, SaveModel
from etappe.clock import iso
from etappe.eventlog import EventLog
from etappe.phases import MOST_SAVED, builtin_models, parse_model
from query_api.identity.generations import ALL
from query_api.models import calls

PATH = "/v1/models"
SHOP = """\
name: shop  # ours
title: The shop
conversion: bought
goals: [{name: letter, rules: [{event: Newsletter Subscribed}]}]
phases:
  - name: looked
    rules: [{event: Page Viewed}]
  - name: bought
    rules: [{event: Order Paid, value: {gt: 0}}]
"""
MODEL = parse_model(SHOP, "shop")
OTHER = SHOP.replace("gt: 0", "gt: 10")


async def put(
    world: World, body: bytes | str, media: str | None = "text/yaml", name: str = "shop", token: str = "admin"
) -> Any:
    headers = {"Authorization": f"Bearer {world.tokens[token]}"} | ({"Content-Type": media} if media else {})
    content = body if isinstance(body, bytes) else body.encode()
    return await world.client.put(f"{PATH}/{name}", content=content, headers=headers)


def saved(world: World, text: str, asked: int, name: str = "shop") -> None:
    """What the stitcher stores of an order; no text: dropped."""
    version = parse_model(text, name).version if text else ""
    row = {"model": name, "asked": asked, "model_version": version, "definition": text, "asked_by": "k1"}
    world.insert("models", [{**row, "dropped": not text}])


def build(world: World, text: str, number: int, state: str = "active", filled_through: int = 0) -> None:
    model = parse_model(text, "m")
    row = {
        "model": model.name,
        "build": number,
        "model_version": model.version,
        "definition": text,
        "state": state,
    }
    world.insert("builds", [{**row, "filled_through": filled_through, "version": number, "generation": 0}])


async def told(world: World, name: str = "shop") -> tuple[Any, ...]:
    """Version, source, state, progress and what answers."""
    (row,) = [each for each in await world.rows(PATH) if each["name"] == name]
    return tuple(row[each] for each in ("version", "source", "state", "progress", "answers"))


async def test_models_of_files_and_built_in_ones_are_listed_with_their_build(logged: World) -> None:
    built_in = builtin_models()["aida"]
    logged.add_build(built_in, 4)
    rows = {row["name"]: row for row in await logged.rows(PATH)}
    assert rows["aida"] == {
        "name": "aida", "title": built_in.title, "version": built_in.version, "source": "built-in",
        "phases": ["attention", "interest", "desire", "action"], "conversion": "action", "goals": [],
        "state": "active", "progress": 1.0, "saved_at": None, "saved_by": None, "answers": built_in.version, "build": 4,
    }  # fmt: skip
    assert (rows["acpl"]["source"], rows["acpl"]["build"]) == ("file", 1)


BODIES = [
    (SHOP, "text/yaml"),
    (SHOP, "application/x-yaml"),
    (SHOP, "text/plain; charset=utf-8"),
    (SHOP, None),
    (json.dumps(yaml.safe_load(SHOP)), "application/json; charset=utf-8"),
    (json.dumps(yaml.safe_load(SHOP), indent="\t"), None),
    (json.dumps(yaml.safe_load(SHOP)), "application/x-www-form-urlencoded"),
    (json.dumps(yaml.safe_load(SHOP)), "text/plain"),
]


@pytest.mark.parametrize(("body", "media"), BODIES)
async def test_a_model_is_saved(logged: World, log: EventLog, body: str, media: str | None) -> None:
    reply = await put(logged, body, media)
    assert reply.status_code == 202, reply.text
    (row,) = reply.json()["rows"]
    admin = next(each.id for each in logged.register.keys if each.kind == "admin")
    assert row == {
        "name": "shop", "title": "The shop", "version": MODEL.version, "source": "saved",
        "phases": ["looked", "bought"], "conversion": "bought", "goals": ["letter"],
        "state": "waiting", "progress": 0.0, "saved_at": iso(logged.now), "saved_by": admin, "answers": None,
        "build": None,
    }  # fmt: skip
    (order,) = await orders(log)
    assert isinstance(order, SaveModel)
    assert (order.workspace, order.model, order.asked, order.by) == (
        logged.workspace.name,
        "shop",
        logged.now,
        admin,
    )
    assert parse_model(order.text, "shop").version == MODEL.version
    position = reply.headers["X-Etappe-Position"]
    assert reply.json()["meta"]["follow"] == f"/v1/models/shop?after={position}"
    assert reply.headers["Location"] == "/v1/models/shop"


async def test_how_far_a_saved_model_is(logged: World, log: EventLog) -> None:
    await put(logged, SHOP)
    assert await told(logged) == (MODEL.version, "saved", "waiting", 0.0, None)
    saved(logged, SHOP, logged.now)
    assert await told(logged) == (MODEL.version, "saved", "waiting", 0.0, None)
    build(logged, SHOP, 2, "filling", ALL // 4)
    assert await told(logged) == (MODEL.version, "saved", "filling", 0.25, None)
    await commit(log)
    logged.insert("builds", [{"model": "shop", "build": 2, "model_version": MODEL.version, "definition": SHOP,
                              "state": "active", "filled_through": 0, "version": 9, "generation": 0}])  # fmt: skip
    assert await told(logged) == (MODEL.version, "saved", "active", 1.0, MODEL.version)


async def test_the_old_version_answers_while_the_new_one_fills(logged: World) -> None:
    build(logged, SHOP, 2)
    saved(logged, SHOP, 5)
    saved(logged, OTHER, 6)
    build(logged, OTHER, 3, "filling", ALL // 2)
    new = parse_model(OTHER, "shop").version
    assert await told(logged) == (new, "saved", "filling", 0.5, MODEL.version)
    (row,) = await logged.rows(f"{PATH}/shop")
    assert row["definition"] == OTHER
    assert [(each["version"], each["saved_at"], each["dropped"]) for each in row["versions"]] == [
        (new, iso(6), False), (MODEL.version, iso(5), False),
    ]  # fmt: skip
    assert row["build"] == 2


async def test_an_earlier_version_can_be_read(logged: World) -> None:
    for asked, text in enumerate((SHOP, OTHER, f"# again\n{OTHER}", "", SHOP), 5):
        saved(logged, text, asked)
    (row,) = await logged.rows(f"{PATH}/shop", version=parse_model(OTHER, "shop").version)
    assert row["definition"] == f"# again\n{OTHER}"
    assert [each["saved_at"] for each in row["versions"]] == [iso(9), iso(8), iso(7), iso(5)]
    reply = await logged.get(f"{PATH}/shop", version="nope")
    assert (reply.status_code, reply.json()["problems"][0]["field"]) == (422, "version")
    assert MODEL.version in reply.json()["problems"][0]["wanted"]


async def test_the_same_definition_is_not_ordered_again(logged: World, log: EventLog) -> None:
    first = await put(logged, SHOP)
    again = await put(logged, SHOP)
    assert (again.status_code, again.json()["rows"]) == (200, first.json()["rows"])
    assert len(await orders(log)) == 1
    assert (await put(logged, OTHER)).status_code == 202
    assert [order.asked for order in await orders(log)] == [logged.now, logged.now + 1]  # type: ignore[union-attr]
    (row,) = await logged.rows(f"{PATH}/shop")
    assert row["definition"] == OTHER


async def test_a_dropped_model_goes_and_can_be_saved_again(logged: World, log: EventLog) -> None:
    saved(logged, SHOP, 5)
    build(logged, SHOP, 2)
    reply = await logged.send("DELETE", f"{PATH}/shop")
    assert (reply.status_code, reply.json()["rows"][0]["state"]) == (202, "dropping")
    assert [type(each) for each in await orders(log)] == [DropModel]
    assert (await told(logged))[2] == "dropping"
    assert (await logged.send("DELETE", f"{PATH}/shop")).status_code == 202
    assert len(await orders(log)) == 1
    assert (await put(logged, SHOP)).status_code == 202
    assert (await told(logged))[2] == "waiting"
    await commit(log)
    saved(logged, "", logged.now)
    logged.insert("builds", [{"model": "shop", "build": 2, "model_version": "", "definition": SHOP, "state": "retired",
                              "filled_through": 0, "version": 9, "generation": 0}])  # fmt: skip
    assert [row["name"] for row in await logged.rows(PATH)] == ["acpl"]
    assert (await logged.get(f"{PATH}/shop")).status_code == 404


async def test_after_a_drop_a_built_in_model_of_the_name_is_back(logged: World) -> None:
    text = SHOP.replace("name: shop", "name: aida")
    saved(logged, text, 5, "aida")
    saved(logged, "", 6, "aida")
    build(logged, text, 2)
    build(logged, builtin_models()["aida"].text, 3, "filling", ALL // 4)
    found = await told(logged, "aida")
    assert found == (
        builtin_models()["aida"].version,
        "built-in",
        "filling",
        0.25,
        parse_model(text, "").version,
    )


async def test_what_was_never_saved_cannot_be_dropped(logged: World, log: EventLog) -> None:
    reply = await logged.send("DELETE", f"{PATH}/acpl")
    assert (reply.status_code, "a file's" in reply.json()["error"]) == (404, True)
    assert (await logged.send("DELETE", f"{PATH}/nothing")).status_code == 404
    assert await orders(log) == []


async def test_every_problem_of_a_model_is_named_with_its_line(logged: World, log: EventLog) -> None:
    wrong = SHOP.replace("event: Page", "evnt: Page").replace("conversion: bought", "conversion: bougth")
    for body in (wrong, json.dumps(yaml.safe_load(wrong), indent=1)):
        reply = await put(logged, body, None)
        assert reply.status_code == 422
        problems = {each["field"].partition(": ")[2]: each for each in reply.json()["problems"]}
        assert set(problems) == {"conversion", "phases[0].rules[0].evnt"}
        lines = body.splitlines()
        for name, word in (("conversion", "bougth"), ("phases[0].rules[0].evnt", "evnt")):
            line = next(n for n, text in enumerate(lines, 1) if word in text)
            assert problems[name]["field"] == f"the model line {line}: {name}"
        assert problems["conversion"]["wanted"].endswith(
            "bought (did you mean that?), or one of looked, bought"
        )
    assert await orders(log) == []


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"", None),
        (b"\xff", "text/yaml"),
        (b"[", "application/json"),
        (b'{"name": "a", "name": "b"}', None),
        (b"a: [", "text/yaml"),
        (SHOP.replace("name: shop", "name: shap").encode(), "text/yaml"),
        (b"#" * 70_000, "text/yaml"),
    ],
)
async def test_what_is_no_model_of_that_name_is_refused(
    logged: World, log: EventLog, body: bytes, media: str | None
) -> None:
    reply = await put(logged, body, media)
    assert (reply.status_code, bool(reply.json()["problems"])) == (422, True)
    assert await orders(log) == []


async def test_there_are_limits(logged: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await put(logged, b"#" * 300_000)).status_code == 413
    for number in range(MOST_SAVED):
        saved(logged, SHOP.replace("name: shop", f"name: shop{number}"), 5, f"shop{number}")
    reply = await put(logged, SHOP)
    assert (reply.status_code, reply.json()["problems"][0]["field"]) == (422, "model")
    assert (await put(logged, OTHER.replace("name: shop", "name: shop7"), name="shop7")).status_code == 202
    monkeypatch.setattr(calls, "MOST_SQL", 1000)
    reply = await put(logged, OTHER.replace("name: shop", "name: shop8"), name="shop8")
    assert (reply.status_code, reply.json()["problems"][0]["field"]) == (422, "phases")


async def test_of_two_that_are_saved_at_once_only_as_many_are_taken_as_there_is_room_for(
    logged: World, log: EventLog
) -> None:
    for number in range(MOST_SAVED - 1):
        saved(logged, SHOP.replace("name: shop", f"name: shop{number}"), 5, f"shop{number}")
    names = ("left", "middle", "right")
    bodies = [SHOP.replace("name: shop", f"name: {name}") for name in names]
    replies = await asyncio.gather(
        *(put(logged, body, name=name) for body, name in zip(bodies, names, strict=True))
    )
    assert sorted(reply.status_code for reply in replies) == [202, 422, 422]
    assert len(await orders(log)) == 1


async def test_everybody_may_read_models_and_operators_save_them(logged: World) -> None:
    assert (await logged.get(PATH, token="read")).status_code == 200
    assert (await logged.get(f"{PATH}/acpl", token="read")).status_code == 200
    assert (await put(logged, SHOP, token="read")).status_code == 403
    assert (await logged.send("DELETE", f"{PATH}/acpl", token="read")).status_code == 403
    assert (await logged.get(PATH, token="nobody")).status_code == 401


async def test_an_order_that_is_in_the_tables_is_not_waiting_though_it_is_not_committed(
    logged: World, log: EventLog
) -> None:
    await write(logged, SaveModel(logged.workspace.name, "shop", SHOP, 5, "k1"))
    saved(logged, SHOP, 5)
    build(logged, SHOP, 2)
    assert (await told(logged))[2] == "active"


async def test_models_come_in_every_format(logged: World) -> None:
    logged.add_build(model_of(2, "zwei"), 3)
    reply = await logged.get(PATH, format="csv")
    assert reply.text.splitlines()[0].startswith("name,title,version,source,phases")
    assert len(reply.text.splitlines()) == 3

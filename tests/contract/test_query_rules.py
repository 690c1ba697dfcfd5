"""/v1/identity/rules: reading them, changing them, and asking before what a change would do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking.identities import ALL, EVER, belongs, generation, key
from asking.orders import commit, orders, write
from asking.world import NOON, World

from etappe.changes import Preview, Rules
from etappe.clock import iso
from etappe.eventlog import EventLog
from etappe.identity_rules import DEFAULT_RULES, parse_rules

PATH = "/v1/identity/rules"
YAML = """\
alias: merge
blocked: {values: [n/a], patterns: ["^bot-"]}
types:
  email: {limit: {most: 3, window: 30d}}
  loyalty_card: {names: person, priority: 4, personal: true}
"""
NEW = parse_rules(YAML)


async def put(world: World, body: bytes, media: str | None = "text/yaml", token: str = "admin") -> Any:
    headers = {"Authorization": f"Bearer {world.tokens[token]}"} | ({"Content-Type": media} if media else {})
    return await world.client.put(PATH, content=body, headers=headers)


async def states(world: World) -> list[tuple[str, str, float]]:
    return [(row["version"], row["state"], row["progress"]) for row in await world.rows(PATH)]


async def test_the_default_rules_answer_until_there_are_others(world: World) -> None:
    (row,) = await world.rows(PATH)
    types = {each["type"]: each for each in row["types"]}
    assert (row["version"], row["state"], row["progress"]) == (DEFAULT_RULES.version, "active", 1.0)
    assert (row["rules"], row["since"], row["alias"], row["most_identifiers"]) == ("", None, "refuse", 1000)
    assert [each["type"] for each in row["types"]][:2] == ["user_id", "crm_id"]
    assert types["user_id"] == {
        "type": "user_id", "names": "person", "priority": 0, "unique": True, "limit": None, "personal": False,
        "normalise": "trim", "blocked": {"values": [], "patterns": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (YAML.encode(), "text/yaml"),
        (YAML.encode(), None),
        (json.dumps({"rules": YAML}).encode(), "application/json; charset=utf-8"),
        (json.dumps({"rules": YAML}).encode(), None),
    ],
)
async def test_other_rules_are_ordered(logged: World, log: EventLog, body: bytes, media: str | None) -> None:
    reply = await put(logged, body, media)
    assert reply.status_code == 202, reply.text
    (row,) = reply.json()["rows"]
    assert (row["version"], row["state"], row["since"]) == (NEW.version, "waiting", iso(logged.now))
    types = {each["type"]: each for each in row["types"]}
    assert types["email"]["limit"] == {"most": 3, "window_ms": 30 * 86_400_000}
    assert types["loyalty_card"]["blocked"] == {"values": ["n/a"], "patterns": ["^bot-"]}
    admin = next(each.id for each in logged.register.keys if each.kind == "admin")
    assert await orders(log) == [Rules(logged.workspace.name, YAML, logged.now, admin)]
    assert logged.register.workspaces[logged.workspace.name].identity_rules == YAML
    assert reply.headers["X-Etappe-Position"] == "8192-1"


async def test_how_far_new_rules_are(logged: World, log: EventLog) -> None:
    assert (await put(logged, YAML.encode())).status_code == 202
    old = (DEFAULT_RULES.version, "active", 1.0)
    assert await states(logged) == [old, (NEW.version, "waiting", 0.0)]
    generation(logged, 1, YAML, state="filling", resolved_through=ALL // 2)
    assert await states(logged) == [old, (NEW.version, "filling", 0.25)]
    generation(logged, 1, YAML, state="filling", version=2)
    logged.insert("builds", [{"model": "m", "build": 7, "model_version": "v", "definition": "", "state": "filling",
                              "filled_through": ALL // 2, "version": 1, "generation": 1}])  # fmt: skip
    await commit(log)
    assert await states(logged) == [old, (NEW.version, "filling", 0.75)]
    generation(logged, 1, YAML, version=3)
    generation(logged, 2, "", purpose="as_of", known_until=NOON)
    assert await states(logged) == [(NEW.version, "active", 1.0)]


async def test_what_holds_already_is_not_ordered_again(logged: World, log: EventLog) -> None:
    first = await put(logged, YAML.encode())
    again = await put(logged, b"# the same\n" + YAML.encode())
    assert (again.status_code, again.json()["rows"]) == (200, first.json()["rows"])
    assert len(await orders(log)) == 1
    assert (await put(logged, b"")).status_code == 202
    assert len(await orders(log)) == 2


async def test_rules_that_the_log_did_not_get_are_ordered_when_asked_for_again(
    logged: World, log: EventLog
) -> None:
    """The register has them already: the process died between the two."""
    logged.settle(identity_rules=YAML)
    assert (await put(logged, YAML.encode())).status_code == 202
    assert [type(each) for each in await orders(log)] == [Rules]


async def test_wrong_rules_are_refused_with_line_field_and_value(logged: World, log: EventLog) -> None:
    wrong = "alias: sometimes\ntypes:\n  email: {limit: {most: none}}\n"
    reply = await put(logged, wrong.encode())
    assert reply.status_code == 422
    problems = reply.json()["problems"]
    assert ["alias" in problems[0]["field"], "email" in problems[1]["field"]] == [True, True]
    assert "1" in problems[0]["field"]
    for body, media in ((b"\xff", "text/yaml"), (b'{"rules": 5}', "application/json"), (b"[", "application/json"),
                        (b'{"text": ""}', None), (b"{}", "application/json"), (b"a: [", "text/yaml")):  # fmt: skip
        assert (await put(logged, body, media)).status_code == 422, body
    assert (await put(logged, b"#" * 300_000)).status_code == 413
    assert await orders(log) == []
    assert logged.register.workspaces[logged.workspace.name].identity_rules == ""


async def test_everybody_may_read_rules_and_operators_change_them(logged: World) -> None:
    assert (await logged.get(PATH, token="read")).status_code == 200
    assert (await put(logged, YAML.encode(), token="read")).status_code == 403
    assert (await logged.send("POST", f"{PATH}/preview", b"", token="read")).status_code == 403
    for path in (PATH, f"{PATH}/preview"):
        assert (await logged.get(path, token="nobody")).status_code in (401, 405)


def two_generations(world: World) -> dict[str, int]:
    """Today a and b are one, with device d; c and f; g, e and h apart. Then: a, b apart, d with b; c, e, f, h one."""
    keys = {each: key(world, "crm_id", each) for each in "abcefgh"} | {"d": key(world, "device_id", "d")}
    today = {"a": "a", "b": "a", "d": "a", "c": "c", "f": "c", "g": "g"}
    then = {"a": "a", "b": "b", "d": "b", "c": "e", "f": "e", "e": "e", "h": "e", "g": "g"}
    for number, owners in ((0, today), (4, then)):
        for each, owner in owners.items():
            kind = "device_id" if each == "d" else "crm_id"
            earlier = [(EVER, keys["g"])] if each == "d" else []
            belongs(
                world, keys[each], kind, *earlier, (NOON if earlier else EVER, keys[owner]), generation=number
            )
    return keys


async def test_a_preview_counts_who_would_merge_and_who_fall_apart(logged: World, log: EventLog) -> None:
    keys = two_generations(logged)
    wanted = f"{NEW.version}-0"
    generation(logged, 4, YAML, purpose="preview", name=wanted)
    reply = await logged.send("POST", f"{PATH}/preview", YAML.encode())
    (row,) = reply.json()["rows"]
    examples = row.pop("examples")
    assert row == {
        "customers_before": 5,  # a+b+d, c+f, g, e, h
        "customers_after": 4,  # a, b+d, c+e+f+h, g
        "merged": 2,  # c+f and h become part of e
        "split": 1,
        "identifiers_changed": 5,  # b, d; c, f; h
    }
    moved = {tuple(each["moved"]): each for each in examples}
    assert set(moved) == {("crm_id:b", "device_id:d"), ("crm_id:c", "crm_id:f"), ("crm_id:h",)}
    example = moved["crm_id:b", "device_id:d"]
    assert example["before"] == {
        "customer": f"{keys['a']:016x}",
        "identifiers": ["crm_id:a", "crm_id:b", "device_id:d"],
    }
    assert example["after"] == {
        "customer": f"{keys['b']:016x}",
        "identifiers": ["crm_id:b", "device_id:d"],
    }
    assert await orders(log) == []


async def test_a_preview_is_ordered_once_and_waited_for(logged: World, log: EventLog) -> None:
    for _ in range(2):
        reply = await logged.send("POST", f"{PATH}/preview", YAML.encode(), timeout="0")
        assert reply.status_code == 503, reply.text
        assert "0% done" in reply.json()["error"]
        assert reply.headers["Retry-After"]
    wanted = f"{NEW.version}-0"
    assert await orders(log) == [Preview(logged.workspace.name, wanted, YAML, logged.now)]
    await commit(log)
    generation(
        logged, 1, YAML, purpose="preview", name=wanted, state="filling", resolved_through=ALL // 10 * 3
    )
    reply = await logged.send("POST", f"{PATH}/preview", YAML.encode(), timeout="0")
    assert (reply.status_code, "30% done" in reply.json()["error"]) == (503, True)
    assert len(await orders(log)) == 1
    assert await states(logged) == [(DEFAULT_RULES.version, "active", 1.0)]


async def test_rules_that_hold_would_change_nothing(logged: World, log: EventLog) -> None:
    two_generations(logged)
    (row,) = (await logged.send("POST", f"{PATH}/preview", b"alias: refuse")).json()["rows"]
    assert (row["customers_before"], row["customers_after"], row["identifiers_changed"]) == (3, 3, 0)
    assert (row["merged"], row["split"], row["examples"]) == (0, 0, [])
    assert await orders(log) == []


async def test_the_last_of_several_orders_is_shown(logged: World) -> None:
    name = logged.workspace.name
    await write(logged, Rules(name, YAML, NOON, "k"), Rules(name, "alias: merge", NOON, "k"))
    assert [each[:2] for each in await states(logged)][1:] == [
        (parse_rules("alias: merge").version, "waiting")
    ]

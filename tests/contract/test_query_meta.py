"""Every answer states the rules of its numbers: which of them each call must state, in one table."""

from __future__ import annotations

from typing import Any

import pytest
from asking.identities import EVER, belongs, key
from asking.world import NOON, World, touchpoint
from reference.journeys import Touch

# What DESIGN.md wants stated, by the keys of meta that state it.
STATED = {
    "range": {"from", "to"},
    "model": {"model", "model_version", "build"},
    "order": {"order"},
    "window": {"window_ms"},
    "unit": {"unit"},
    "ties": {"ties"},
    "journeys and segments": {"conversion", "gap_days", "lapsed_days"},
    "identity": {"identity_version", "identity", "watermark"},
    "left out": {"excluded"},
    "cell": {"phase", "state", "group", "period", "stuck_for_ms"},
    "cell of steps": {"step", "state", "group"},
}
EVERYTHING = tuple(rule for rule in STATED if not rule.startswith("cell"))
STEP_RULES = tuple(rule for rule in EVERYTHING if rule != "model")
"""Steps are asked for one by one: no phase model has a part in them."""
STEPS = {"steps": [{"event": "P1"}, {"event": "P2"}]}

# By call: how it is asked, and what it must state. A call that is not of all time states its range.
CALLS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "GET /v1/funnel": ({}, EVERYTHING),
    "GET /v1/funnel/people": ({"phase": "p1"}, (*EVERYTHING, "cell")),
    "POST /v1/funnel/steps": (STEPS, STEP_RULES),
    "POST /v1/funnel/steps/people": ({**STEPS, "step": 1}, (*STEP_RULES, "cell of steps")),
    "GET /v1/paths": ({}, EVERYTHING),
    "GET /v1/sequences": ({}, EVERYTHING),
    "GET /v1/journeys": ({}, ("range", "model", "ties", "identity", "left out")),
    "GET /v1/segments": ({}, ("range", "model", "identity", "left out")),
    "GET /v1/map": ({}, ("range", "model", "unit", "ties", "identity", "left out")),
    "GET /v1/map/people": ({"phase": "p1"}, ("range", "model", "unit", "ties", "identity", "left out")),
    "GET /v1/coverage": ({}, ("range", "model", "identity", "left out")),
    "GET /v1/customers": ({"identifier": "user_id:1"}, ("identity",)),
    "GET /v1/customers/{customer}/journey": ({}, ("range", "identity", "left out")),
    "GET /v1/customers/{customer}/phase": ({}, ("model", "identity")),
    "GET /v1/customers/{customer}/identity": ({}, ("identity",)),
    "GET /v1/rejects": ({}, ("range",)),
}

# Lists of what is stored, and the state of things: they count nothing by rules.
OTHERS = (
    "/healthz", "/readyz", "/metrics", "/v1/live", "/v1/freshness", "/v1/rebuild", "/v1/imports", "/v1/keys",
    "/v1/workspaces", "/v1/identity/splits", "/v1/identity/rules", "/v1/privacy/erase/{id}", "/v1/models",
    "/v1/models/{model}",
)  # fmt: skip


async def meta(world: World, call: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What the answer states, of one customer with two touchpoints and a bot's."""
    user = key(world, "user_id", "1")
    belongs(world, user, "user_id", (EVER, user), members=[user])
    world.add_touches([Touch(user, NOON, 1, id="a"), Touch(user, NOON + 1000, 2, id="b")])
    world.add_touchpoints(touchpoint(Touch(user, NOON, id="bot"), bot=True))
    method, path = call.replace("{customer}", f"{user:016x}").split()
    if method == "POST":
        reply = await world.send("POST", path, asked, token="read")
    else:
        reply = await world.get(path, token="admin", **asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["meta"]
    return found


@pytest.mark.parametrize("call", CALLS)
async def test_an_answer_states_its_rules(world: World, call: str) -> None:
    asked, wanted = CALLS[call]
    found = await meta(world, call, asked)
    for rule in wanted:
        assert STATED[rule] <= set(found), rule
    if "identity" in wanted:
        assert {"generation", "rules", "known_until"} <= set(found["identity"])
        assert "journeys" in found["watermark"]
    if "left out" in wanted:
        assert found["excluded"]["bot_touchpoints"] == 1
        assert all(isinstance(count, int) for count in found["excluded"].values())


async def test_the_table_knows_every_call_that_counts(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    tabled = {call.split()[1] for call in CALLS}
    listed = {path for path, calls in document["paths"].items() if "get" in calls}
    assert listed - tabled == set(OTHERS) & listed, (
        "give it a line in CALLS, or say in OTHERS that it counts nothing"
    )

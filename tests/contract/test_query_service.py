"""The query API as a service: alive, ready, measured, described, and clear when something is away."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx
import pytest
from asking.world import NOON, World
from reference.journeys import Touch

from etappe.errors import WarehouseUnavailable
from etappe.eventlog import CHANGES, connect_log
from etappe.settings import Settings
from etappe.warehouse import Limits, Sessions, connect_warehouse
from etappe.workspaces import Register
from query_api.app import create_app, serve

CALLS = {
    "/v1/funnel",
    "/v1/customers",
    "/v1/customers/{customer}/journey",
    "/v1/coverage",
    "/v1/freshness",
}


def client_of(sessions: Sessions) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(sessions, None, Register))
    return httpx.AsyncClient(transport=transport, base_url="http://query")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_alive_ready_and_measured(world: World) -> None:
    await world.get("/v1/funnel", order="sideways")
    assert (await world.client.get("/healthz")).status_code == 200
    assert (await world.client.get("/readyz")).status_code == 200
    page = (await world.client.get("/metrics")).text
    assert 'etappe_requests_total{service="query",status="422"}' in page
    assert 'etappe_request_seconds_count{service="query"}' in page


async def test_alive_but_not_ready_without_a_database() -> None:
    sessions = Sessions(connect_warehouse(f"clickhouse://127.0.0.1:{closed_port()}/default"), 1, Limits())
    client = client_of(sessions)
    assert (await client.get("/healthz")).status_code == 200
    reply = await client.get("/readyz")
    assert reply.status_code == 503
    assert "start it or correct warehouse_url" in reply.json()["error"]
    await sessions.close()


async def test_alive_but_not_ready_without_its_log(world: World, tmp_path: Path) -> None:
    log = await connect_log(f"sqlite:///{tmp_path / 'log'}", [CHANGES])
    world.read_log(log)
    assert (await world.client.get("/readyz")).status_code == 200
    await log.close()
    reply = await world.client.get("/readyz")
    assert (reply.status_code, reply.json()["problems"]) == (503, [])
    assert "log" in reply.json()["error"]


async def test_a_service_without_a_database_does_not_start(tmp_path: Path) -> None:
    url = f"clickhouse://127.0.0.1:{closed_port()}/default"
    with pytest.raises(WarehouseUnavailable, match="start it or correct warehouse_url"):
        await serve(Settings(data_dir=tmp_path, warehouse_url=url, query_port=0))


async def test_the_document_describes_every_call_and_parameter(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    assert set(document["paths"]) >= CALLS
    for path in CALLS:
        operation = document["paths"][path]["get"]
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert {"from", "to", "format", "after", "timeout"} <= names
        assert operation["security"] == [{"HTTPBearer": []}]
        assert {"200", "401", "403", "422", "503", "504"} <= set(operation["responses"])


async def test_the_page_on_the_query_api_describes_every_call_and_parameter(world: World) -> None:
    page = (Path(__file__).parents[2] / "docs" / "query-api.md").read_text()
    document = (await world.client.get("/openapi.json")).json()
    for path in CALLS:
        assert path in page
        for parameter in document["paths"][path]["get"]["parameters"]:
            assert re.search(rf"`{parameter['name']}\b", page), parameter["name"]


async def test_every_call_waits_for_the_position_that_it_is_given(logged: World) -> None:
    """Nothing was written to the log, so its first record is in no answer. Orders wait too: whom they are about
    may have been sent a moment ago."""
    document = (await logged.client.get("/openapi.json")).json()
    needed = {"phase": "p1", "identifier": "user_id:42"}
    steps = {"steps": [{"event": "P1"}]}
    bodies = {"/v1/funnel/steps": steps, "/v1/funnel/steps/people": {**steps, "step": 1}}
    waiting: dict[str, int] = {}
    for path, methods in document["paths"].items():
        place = path.format(
            customer="0000000000000001", model="acpl", id="x", import_id="x", name=logged.workspace.name
        )
        for method, call in methods.items():
            known = call.get("parameters", [])
            if "after" in {parameter["name"] for parameter in known}:
                wanted = [each["name"] for each in known if each["required"] and each["in"] == "query"]
                given = {name: needed[name] for name in wanted}
                body = None if method == "get" else bodies.get(path, {})
                reply = await logged.send(method.upper(), place, body, after="0-1", timeout="0", **given)
                waiting[f"{method} {path}"] = reply.status_code
    assert len(waiting) > 35
    assert {call: status for call, status in waiting.items() if status != 504} == {}


async def test_what_may_be_wrong_with_a_body_is_described_wherever_one_is_taken(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    calls = [call for methods in document["paths"].values() for call in methods.values()]
    taking = [call for call in calls if "requestBody" in call]
    assert len(taking) > 10
    assert all({"408", "413", "422"} <= set(call["responses"]) for call in taking)


async def test_an_unknown_path_is_answered_in_the_form_of_every_error(world: World) -> None:
    reply = await world.client.get("/v1/nothing")
    assert (reply.status_code, reply.json()) == (404, {"error": "There is no such path.", "problems": []})


@pytest.mark.parametrize(("path", "allow"), [("/v1/funnel", "GET"), ("/v1/rebuild", "GET, POST")])
async def test_another_method_is_told_all_that_the_path_takes(world: World, path: str, allow: str) -> None:
    reply = await world.client.delete(path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allow)
    assert reply.json() == {"error": f"This path takes {allow}.", "problems": []}


async def test_a_question_that_needs_too_much_is_refused(world: World) -> None:
    """Here: more rows than an answer may have."""
    limited = Sessions(world.warehouse, 1, Limits(rows=4))
    world.add_touches([Touch(n, NOON, 1, id=f"e{n}", channel=f"c{n}") for n in range(9)])
    world.answer_with(limited)
    reply = await world.get("/v1/funnel", by="channel")
    assert reply.status_code == 422
    assert reply.json()["error"].startswith("The question needs more time, memory or rows than its limit")
    assert (await world.get("/v1/funnel")).status_code == 200
    await limited.close()

"""The routes by which the stitcher is watched."""

from __future__ import annotations

import httpx

from etappe.errors import LogUnavailable
from etappe.probes import probes


def watching(*troubles: Exception) -> httpx.AsyncClient:
    """A client of a service whose check raises what is given."""

    async def check() -> None:
        for trouble in troubles:
            raise trouble

    transport = httpx.ASGITransport(probes("A service", check))
    return httpx.AsyncClient(transport=transport, base_url="http://stitch")


async def test_it_is_alive_and_ready_and_shows_its_metrics() -> None:
    client = watching()
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200
    assert "# TYPE etappe_step_seconds histogram" in (await client.get("/metrics")).text


async def test_it_is_alive_but_not_ready_while_it_cannot_work_and_says_why() -> None:
    client = watching(LogUnavailable("Kafka at k:9092 is away."))
    assert (await client.get("/healthz")).status_code == 200
    reply = await client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json() == {
        "error": "The event log cannot take or give records now. Kafka at k:9092 is away.",
        "problems": [],
    }


async def test_a_balancer_may_ask_by_head() -> None:
    client = watching()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await client.head(path)).status_code == 200
    assert (await watching(LogUnavailable("away")).head("/readyz")).status_code == 503


async def test_its_errors_have_the_form_of_all_errors() -> None:
    client = watching()
    reply = await client.get("/v1/funnel")
    assert (reply.status_code, reply.json()["problems"]) == (404, [])
    reply = await client.post("/metrics")
    assert (reply.status_code, reply.headers["allow"], reply.json()["problems"]) == (405, "GET, HEAD", [])

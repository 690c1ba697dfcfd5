"""A rebuild folds everything again from the facts and changes no answer."""

from __future__ import annotations

from typing import Any

import httpx
from running import Etappe
from script import chunks

QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"model": "stdc", "unit": "journey", "order": "strict"},
    {"by": "channel"},
)


def answers(service: Etappe) -> list[Any]:
    rows = [service.ask("/v1/funnel", **question)["rows"] for question in QUESTIONS]
    people = [
        service.ask("/v1/customers", identifier=f"anonymous_id:laptop-{n}")["rows"] for n in range(0, 40, 7)
    ]
    return [*rows, *people]


def test_incremental_answers_equal_those_of_a_rebuild(etappe_up: Etappe) -> None:
    for events in chunks():
        position = etappe_up.send(events)
        etappe_up.ask("/v1/funnel", after=position, timeout=30)
    before, build = answers(etappe_up), etappe_up.ask("/v1/funnel")["meta"]["build"]

    done = etappe_up.command("rebuild")

    assert done.returncode == 0, done.stderr
    assert "Rebuilt" in done.stdout
    assert answers(etappe_up) == before
    assert etappe_up.ask("/v1/funnel")["meta"]["build"] > build
    assert {row["state"] for row in etappe_up.ask("/v1/rebuild", key="admin_token")["rows"]} == {"idle"}


def test_ordering_a_rebuild_takes_an_admin_token(etappe_up: Etappe) -> None:
    for key, status in (("read_token", 403), ("write_key", 403)):
        reply = httpx.post(
            f"{etappe_up.query}/v1/rebuild", headers={"Authorization": f"Bearer {etappe_up.keys[key]}"}
        )
        assert (key, reply.status_code) == (key, status)
    assert httpx.post(f"{etappe_up.query}/v1/rebuild").status_code == 401

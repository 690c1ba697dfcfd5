"""A workspace that keeps touchpoints for some time only: older ones leave every answer, and are counted as before."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from running import Etappe, wait_until

DAY = 86_400_000


def test_old_touchpoints_leave_facts_and_answers(start_etappe: Callable[..., Etappe]) -> None:
    running = start_etappe()
    now = int(time.time() * 1000)
    events = [
        {"id": f"{who}-{days}", "event": event, "at": now - days * DAY, "identifiers": {"user_id": who}}
        for who, days, event in (
            ("anna", 400, "Order Completed"),
            ("anna", 3, "Product Viewed"),
            ("ben", 500, "Order Completed"),
        )
    ]
    running.ask("/v1/funnel", after=running.send(events), timeout=30)
    assert running.funnel_counts() == {"awareness": 2, "consideration": 2, "purchase": 2, "loyalty": 0}
    assert running.command("workspaces", "set", "default", "retention_days", "365").returncode == 0
    assert running.stop() == 0

    again = start_etappe(running.folder)  # looked at when it starts, and then every minute

    wait_until(lambda: again.funnel_counts()["purchase"] == 0, 40)
    assert again.funnel_counts() == {"awareness": 1, "consideration": 1, "purchase": 0, "loyalty": 0}
    (anna,) = again.ask("/v1/customers", identifier="user_id:anna")["rows"]
    journey = again.ask(f"/v1/customers/{anna['customer']}/journey")["rows"]
    assert [each["id"] for each in journey] == ["anna-3"]
    kinds = {row["event"] for row in again.ask("/v1/coverage")["rows"]}
    assert kinds == {"Product Viewed"}
    (fresh,) = again.ask("/v1/freshness")["rows"]
    assert (fresh["accepted"], fresh["stored"], fresh["lag_seconds"]) == (3, 3, 0)


def test_days_that_are_none_are_refused(etappe_up: Etappe) -> None:
    admin = {"Authorization": f"Bearer {etappe_up.keys['admin_token']}"}
    for days, status in ((0, 422), ("many", 422), (30, 200), (None, 200)):
        reply = httpx.patch(
            f"{etappe_up.query}/v1/workspaces/default", json={"retention_days": days}, headers=admin
        )
        assert (days, reply.status_code) == (days, status), reply.text

"""A workspace that keeps touchpoints for some time only: older ones leave every answer, and are counted as before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
from running import Etappe, wait_until
from tables import rows

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


OLD, YOUNG = "relic", "fresh"
"""In all that touchpoints say of themselves: ids, events, channels, pages, campaigns, accounts, properties."""

APART = {"/healthz", "/readyz", "/metrics", "/v1/live", "/v1/privacy/erase/{id}"}
"""GET calls that are no questions about touchpoints, or are asked in another way."""

MORE: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/v1/funnel", {"by": "channel"}),
    ("/v1/funnel", {"by": "campaign", "unit": "journey"}),
    ("/v1/funnel", {"by": f"property:{OLD}_plan", "order": "touched"}),
    ("/v1/funnel", {"unit": "account", "interval": "month"}),
    ("/v1/paths", {"by": "event"}),
    ("/v1/sequences", {"by": "event"}),
    ("/v1/paths", {"by": "channel"}),
    ("/v1/customers", {"identifier": "user_id:ben"}),
)

VIEWS = ("touchpoints", "journeys", "phases", "customers", "funnel")
"""Of `bi_v1`, those with what touchpoints say."""

PREVIEWED = (("now", YOUNG), ("before", OLD))

CHANGED = {
    "/v1/funnel", "/v1/customers", "/v1/customers/{customer}/journey", "/v1/coverage", "/v1/funnel/people",
    "/v1/segments", "/v1/journeys", "/v1/paths", "/v1/sequences", "/v1/map", "/v1/map/people", "/v1/models/preview",
    "/v1/live", "steps", "people of steps", *(f"{path} {some}" for path, some in MORE),
}  # fmt: skip
"""The answers that the old ones had a part in: so that this could fail for each of them."""

LINKS = "/v1/customers/{customer}/identity"
"""Who belongs together stays known, with the events that said so."""


def touchpoint(mark: str, n: int, at: int, event: str, **more: object) -> dict[str, object]:
    return {
        "id": f"{mark}-{n}", "event": event or f"{mark} thing", "at": at, "channel": f"{mark}-channel",
        "account": f"{mark}-ag", "page": {"path": f"/{mark}"}, "campaign": {"name": f"{mark}-mail"},
        "properties": {f"{mark}_plan": mark}, "value": 10.0, "currency": "CHF", **more,
    }  # fmt: skip


def answers(running: Etappe, customer: str) -> dict[str, object]:
    """Every question that the query API documents: the rows, by its path, and some more."""
    document = httpx.get(f"{running.query}/openapi.json", timeout=30).json()["paths"]
    given = {"identifier": "user_id:anna", "phase": "purchase", "channel": f"{OLD}-channel"}
    found: dict[str, object] = {}
    for path, calls in document.items():
        if "get" in calls and path not in APART:
            names = {each["name"] for each in calls["get"].get("parameters", [])}
            parameters = {name: given[name] for name in names & given.keys()}
            found[path] = asked(running, "GET", path.format(customer=customer, model="acpl"), parameters)
    for path, some in MORE:
        found[f"{path} {some}"] = asked(running, "GET", path, some)
    steps = [{"event": "Order Completed"}, {"event": "*"}]
    found["steps"] = asked(running, "POST", "/v1/funnel/steps", body={"steps": steps, "by": "channel"})
    found["people of steps"] = asked(
        running, "POST", "/v1/funnel/steps/people", body={"steps": steps, "step": 2}
    )
    phases = [{"name": name, "rules": [{"channel": f"{mark}-channel"}]} for name, mark in PREVIEWED]
    model = {"name": "mine", "conversion": "before", "phases": phases}
    found["/v1/models/preview"] = asked(running, "POST", "/v1/models/preview", body=model)
    found["/v1/live"] = recent(running)
    return found


def asked(
    running: Etappe, method: str, path: str, parameters: Mapping[str, str] | None = None, body: object = None
) -> object:
    """The rows; of somebody who is not known, or has nothing any more, what is said instead."""
    reply = httpx.request(
        method, f"{running.query}{path}", params=parameters, json=body, timeout=40,
        headers={"Authorization": f"Bearer {running.keys['admin_token']}"},
    )  # fmt: skip
    assert reply.status_code in (200, 404), (path, reply.text)
    answer = reply.json()
    return answer.get("rows", answer)


def recent(running: Etappe) -> list[str]:
    """The journeys that the stream begins with."""
    found: list[str] = []
    headers = {"Authorization": f"Bearer {running.keys['read_token']}"}
    limits = httpx.Timeout(20, read=2)
    try:
        with httpx.stream(
            "GET", f"{running.query}/v1/live?recent=50", headers=headers, timeout=limits
        ) as stream:
            found += (line for line in stream.iter_lines() if line.startswith("data: "))
    except httpx.ReadTimeout:
        pass  # it says nothing more
    return found


def test_every_answer_is_without_them(start_etappe: Callable[..., Etappe]) -> None:
    """All that the query API documents, the stream of journeys, and the views for BI tools."""
    running = start_etappe()
    now = int(time.time() * 1000)
    position = running.send(touchpoints(now))
    (anna,) = running.ask("/v1/customers", identifier="user_id:anna", after=position, timeout=30)["rows"]
    before = answers(running, anna["customer"])
    assert running.command("workspaces", "set", "default", "retention_days", "365").returncode == 0
    assert running.stop() == 0
    held = bi_views(running)

    again = start_etappe(running.folder)
    wait_until(lambda: OLD not in str(again.ask("/v1/coverage")["rows"]), 60)
    wait_until(lambda: OLD not in str(again.ask("/v1/journeys")["rows"]), 60)
    after = answers(again, anna["customer"])
    assert again.stop() == 0
    left = bi_views(again)

    assert {path for path in before if before[path] != after[path]} >= CHANGED
    assert [view for view in held if held[view] == left[view]] == []
    del after[LINKS]
    gone = [OLD, *(str(datetime.fromtimestamp((now - days * DAY) / 1000, UTC).date()) for days in DAYS)]
    told = {name: json.dumps(answer) for name, answer in [*after.items(), *left.items()]}
    assert {(name, word) for name, answer in told.items() for word in gone if word in answer} == set()


DAYS = (400, 399, 500, 380)
"""How long ago the old ones are."""


def touchpoints(now: int) -> list[dict[str, object]]:
    """Of somebody with a tablet, and of somebody of whom nothing is left."""
    anna, ben, tablet = {"user_id": "anna"}, {"user_id": "ben"}, {"anonymous_id": "tablet"}
    old = [now - days * DAY for days in DAYS]
    return [
        touchpoint(OLD, 1, old[0], "Order Completed", identifiers=anna),
        touchpoint(OLD, 2, old[1], "", identifiers={**anna, **tablet}),
        touchpoint(OLD, 3, old[2], "Order Completed", identifiers=ben),
        touchpoint(OLD, 4, old[3], "", identifiers=tablet),
        touchpoint(YOUNG, 1, now - 3 * DAY, "Product Viewed", identifiers=anna),
        touchpoint(YOUNG, 2, now - 2 * DAY, "", identifiers=tablet),
    ]


def bi_views(stopped: Etappe) -> dict[str, list[list[object]]]:
    names = [f"bi_v1_{each}" for each in VIEWS]
    return {name: rows(stopped.folder, f"SELECT * FROM {name} ORDER BY ALL") for name in names}


def test_days_that_are_none_are_refused(etappe_up: Etappe) -> None:
    admin = {"Authorization": f"Bearer {etappe_up.keys['admin_token']}"}
    for days, status in ((0, 422), ("many", 422), (30, 200), (None, 200)):
        reply = httpx.patch(
            f"{etappe_up.query}/v1/workspaces/default", json={"retention_days": days}, headers=admin
        )
        assert (days, reply.status_code) == (days, status), reply.text

"""From a refused event to its place in the journey: listed, tried, replayed, by the command line and over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
from running import Etappe, wait_until

EMAIL = "Anna.Muster@Example.ch"


def send(service: Etappe, events: Any, key: str = "write_key") -> dict[str, Any]:
    """What the collector says, refused events included."""
    headers = {"Authorization": f"Bearer {service.keys[key]}"}
    reply: dict[str, Any] = httpx.post(
        f"{service.collector}/v1/touchpoints", json=events, headers=headers, timeout=20
    ).json()
    return reply


def listed(service: Etappe, count: int, **parameters: Any) -> list[dict[str, Any]]:
    """The refused events, once there are so many."""

    def rows() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = service.ask("/v1/rejects", key="admin_token", **parameters)["rows"]
        return found

    wait_until(lambda: len(rows()) == count, 20)
    return rows()


def shop(event_id: str, event: str, **fields: Any) -> dict[str, Any]:
    return {"id": event_id, "event": event, "identifiers": {"email": EMAIL}, **fields}


def test_refused_events_are_listed_mended_and_replayed_into_the_journey(etappe_up: Etappe) -> None:
    reply = send(
        etappe_up, [shop("seen", "Product Viewed"), shop("paid", ""), shop("old", "Ad Seen", at="2020-01-01")]
    )
    assert (reply["accepted"], [each["reason"] for each in reply["rejected"]]) == (
        1,
        ["missing_event", "too_old"],
    )
    listed(etappe_up, 2)

    table = etappe_up.command("rejects", "list")
    assert table.returncode == 0, table.stderr
    for shown in ("missing_event", "too_old", "paid", "old", "native"):
        assert shown in table.stdout
    whole = etappe_up.command("rejects", "list", "--show", "paid")
    assert '"email": "[email:' in whole.stdout
    assert "muster" not in whole.stdout.lower()

    merge = ("--reason", "missing_event", "--merge", '{"event": "Order Completed"}')
    tried = etappe_up.command("rejects", "replay", *merge, "--dry-run")
    assert (tried.returncode, "1 would be accepted" in tried.stdout) == (0, True), tried.stderr
    assert len(listed(etappe_up, 2, state="open")) == 2
    still_wrong = etappe_up.command("rejects", "replay", "paid", "unknown")
    assert (still_wrong.returncode, "0 accepted, 2 refused again." in still_wrong.stdout) == (1, True)

    assert etappe_up.command("rejects", "replay", *merge).stdout.startswith("1 accepted, 0 refused again.")
    done = etappe_up.command("rejects", "replay", "--all", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["accepted"]) == (0, len(report["rows"]))
    assert {"old"} <= {row["id"] for row in report["rows"]}

    customer = etappe_up.ask("/v1/customers", identifier=f"email:{EMAIL}", after=report["position"])["rows"][
        0
    ]
    touchpoints = etappe_up.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    assert [(each["id"], each["event"]) for each in touchpoints] == [
        ("old", "Ad Seen"),
        ("seen", "Product Viewed"),
        ("paid", "Order Completed"),
    ]
    assert {row["id"]: row["state"] for row in listed(etappe_up, 2, state="replayed")} == {
        "paid": "replayed",
        "old": "replayed",
    }
    wait_until(lambda: etappe_up.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 20)
    (fresh,) = etappe_up.ask("/v1/freshness")["rows"]
    counted = [fresh[name] for name in ("stored", "duplicates", "rejected", "erased")]
    assert (fresh["accepted"], fresh["stored"]) == (sum(counted), 3)

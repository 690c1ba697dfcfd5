"""PostHog's SDK for Python, unmodified, pointed at the collector: by both of its ways to send."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running import Etappe, wait_until

SHOP = Path(__file__).parent / "posthog_python_shop.py"
CALLS = 7

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(params=["v0", "v1"])
def told(request: pytest.FixtureRequest, start_etappe: Any) -> Etappe:
    """An Etappe that has been told the story; v0 sends to `/batch/`, v1 to `/i/v1/analytics/events`."""
    etappe: Etappe = start_etappe()
    run = subprocess.run(
        [sys.executable, str(SHOP), etappe.collector, etappe.keys["write_key"]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "POSTHOG_CAPTURE_MODE": request.param},
    )
    assert run.returncode == 0, run.stderr
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["stored"] == CALLS, 60)
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 60)
    return etappe


def test_the_python_sdks_calls_become_journeys_of_three_people(told: Etappe) -> None:
    anna = _customer(told, "user_id:anna")
    assert (anna["accounts"], anna["traits"], anna["value"]) == (["acme-ag"], {"plan": "pro"}, 129.5)
    for also in ("anonymous_id:anna-visit", "anonymous_id:anna", "distinct_id:anna", "email:anna@example.ch"):
        assert _customer(told, also)["customer"] == anna["customer"]
    ben = _customer(told, "email:ben@example.ch")
    assert ben["accounts"] == ["acme-ag"]
    assert _customer(told, "anonymous_id:ben")["customer"] == ben["customer"]
    carl = _customer(told, "anonymous_id:carl")
    assert carl["identifiers"] == ["anonymous_id:carl", "distinct_id:carl"]
    assert len({each["customer"] for each in (anna, ben, carl)}) == 3
    _check_annas_journey(_journey(told, anna))
    assert sorted(each["event"] for each in _journey(told, ben)) == ["Grouped", "Traits Set"]
    assert [each["event"] for each in _journey(told, carl)] == ["Plan Viewed"]


def _check_annas_journey(rows: list[dict[str, Any]]) -> None:
    """By name, since the SDK gives several calls the same millisecond."""
    found = {each["event"]: each for each in rows}
    assert sorted(each["event"] for each in rows) == [
        "Aliased",
        "Order Completed",
        "Product Viewed",
        "Traits Set",
    ]
    product, order = found["Product Viewed"], found["Order Completed"]
    assert (product["channel"], product["campaign"]["name"]) == ("paid_search", "autumn")
    assert product["page"]["path"] == "/hausrat"
    assert product["properties"]["product_id"] == "hausrat"
    assert (order["value"], order["currency"]) == (129.5, "CHF")
    assert {each["properties"]["$lib"] for each in rows} == {"posthog-python"}


def _customer(etappe: Etappe, identifier: str) -> dict[str, Any]:
    row: dict[str, Any] = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row


def _journey(etappe: Etappe, customer: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = etappe.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    return rows

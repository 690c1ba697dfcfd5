"""A story told with an official Segment SDK, and what must be read back from it.

Anna reads a page and looks at a product on her phone, says who she is, orders on her laptop, has looked at a
product on a tablet that an alias makes hers, and belongs to a company. Ben opens a screen.
"""

from __future__ import annotations

from typing import Any

from running import Etappe, wait_until

CALLS = 8
ANNAS = (
    "user_id:anna",
    "email:anna@example.ch",
    "anonymous_id:anna-phone",
    "anonymous_id:anna-laptop",
    "anonymous_id:anna-tablet",
)


def check_story(etappe: Etappe) -> None:
    """Every call is stored, the identities are merged, and the funnel has both people where they belong."""
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["stored"] == CALLS, 60)
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 60)
    _check_identities(etappe)
    _check_funnel(etappe)
    _check_journey(etappe)
    _check_properties(etappe)
    _check_screen(etappe)


def _check_identities(etappe: Etappe) -> None:
    customers = {_customer(etappe, name)["customer"] for name in ANNAS}
    assert len(customers) == 1
    assert _customer(etappe, "anonymous_id:ben-phone")["customer"] not in customers
    anna = _customer(etappe, ANNAS[0])
    assert (anna["accounts"], anna["value"]) == (["acme-ag"], 129.5)
    assert anna["traits"] == {"plan": "pro"}  # the e-mail is an identifier, and no trait


def _check_funnel(etappe: Etappe) -> None:
    counts = etappe.funnel_counts()
    assert counts == {"awareness": 2, "consideration": 1, "purchase": 1, "loyalty": 0}


def _check_journey(etappe: Etappe) -> None:
    """Sorted by name, because the SDK stamps several calls with the same millisecond."""
    rows = _touchpoints(etappe, ANNAS[0])
    assert sorted(each["event"] for each in rows) == [
        "Aliased",
        "Grouped",
        "Identified",
        "Order Completed",
        "Page Viewed",
        "Product Viewed",
        "Product Viewed",
    ]
    page = next(each for each in rows if each["event"] == "Page Viewed")
    assert page["page"]["path"] == "/magazine"
    order = next(each for each in rows if each["event"] == "Order Completed")
    assert (order["value"], order["currency"], order["channel"]) == (129.5, "CHF", "paid_search")
    assert order["campaign"]["name"] == "autumn"


def _check_properties(etappe: Etappe) -> None:
    """What was sent with each call, and the ids that two of them were given; the others have the SDK's own."""
    rows = _touchpoints(etappe, ANNAS[0])
    by_event = {each["event"]: each["properties"] for each in rows}
    assert by_event["Page Viewed"]["name"] == "Magazine"
    assert sorted(each["properties"]["product_id"] for each in rows if each["event"] == "Product Viewed") == [
        "p1",
        "p2",
    ]
    order = by_event["Order Completed"]
    assert [order[name] for name in ("order_id", "revenue", "currency")] == ["o1", 129.5, "CHF"]
    assert by_event["Grouped"]["industry"] == "retail"
    assert [each["id"] for each in rows if each["event"] == "Aliased"] == ["anna-alias"]
    assert len({each["id"] for each in rows}) == CALLS - 1


def _check_screen(etappe: Etappe) -> None:
    (screen,) = _touchpoints(etappe, "anonymous_id:ben-phone")
    assert (screen["id"], screen["event"], screen["page"]["title"]) == ("ben-home", "Screen Viewed", "Home")
    assert screen["properties"] == {"name": "Home", "tab": 2}


def _touchpoints(etappe: Etappe, identifier: str) -> list[dict[str, Any]]:
    customer = _customer(etappe, identifier)["customer"]
    rows: list[dict[str, Any]] = etappe.ask(f"/v1/customers/{customer}/journey")["rows"]
    return rows


def _customer(etappe: Etappe, identifier: str) -> dict[str, object]:
    row: dict[str, object] = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row

"""A story told with an official Segment SDK, and what must be read back from it.

Anna reads a page and looks at a product on her phone, says who she is, orders on her laptop, has looked at a
product on a tablet that an alias makes hers, and belongs to a company. Ben opens a screen.
"""

from __future__ import annotations

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


def _check_identities(etappe: Etappe) -> None:
    customers = {_customer(etappe, name)["customer"] for name in ANNAS}
    assert len(customers) == 1
    assert _customer(etappe, "anonymous_id:ben-phone")["customer"] not in customers
    anna = _customer(etappe, ANNAS[0])
    assert (anna["accounts"], anna["value"]) == (["acme-ag"], 129.5)


def _check_funnel(etappe: Etappe) -> None:
    counts = etappe.funnel_counts()
    assert counts == {"awareness": 2, "consideration": 1, "purchase": 1, "loyalty": 0}


def _check_journey(etappe: Etappe) -> None:
    """Sorted by name, because the SDK stamps several calls with the same millisecond."""
    customer = _customer(etappe, ANNAS[0])["customer"]
    rows = etappe.ask(f"/v1/customers/{customer}/journey")["rows"]
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


def _customer(etappe: Etappe, identifier: str) -> dict[str, object]:
    row: dict[str, object] = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row

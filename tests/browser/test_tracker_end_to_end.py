"""What visitors do in a browser is what the query API tells of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from acceptance.running import Etappe, start, wait_until
from browser.fixtures import NewContext
from browser.servers import Pages
from browser.tracking import open_page, tag
from browser.watch import Watch
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def etappe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    running = start(tmp_path_factory.mktemp("tracker") / "data")
    try:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0, running.printed()
    finally:
        running.kill()


async def test_two_visitors_on_two_domains(
    etappe: Etappe, new_context: NewContext, pages: Pages, watch: Watch
) -> None:
    """Anna knows the app from before, comes to the shop by an advertisement, goes over to the app, signs in there
    and pays by a click that leaves the page; later she opens a letter. Ben does not consent.
    """
    _publish(pages, etappe)
    anna = await (await new_context()).new_page()
    devices = await _annas_visit(anna, pages)
    ben = await (await new_context()).new_page()
    await open_page(ben, f"{pages.url}/asking")
    await ben.evaluate("etappe.identify('ben'); etappe.track('Quote Asked')")
    await _settled(etappe, 11)
    assert _fresh(etappe)["accepted"] == 11 + _fresh(etappe)["duplicates"]

    customer = _customer(etappe, "user_id:anna")
    assert customer["touchpoints"] == 9
    assert customer["value"] == 129.5
    for each in (*(f"anonymous_id:{device}" for device in devices), "email:anna@example.ch"):
        assert _customer(etappe, each)["customer"] == customer["customer"]
    _check_annas_journey(etappe.ask(f"/v1/customers/{customer['customer']}/journey")["rows"], pages)
    assert etappe.funnel_counts()["awareness"] == 2
    with pytest.raises(AssertionError, match="No touchpoint ever carried user_id:ben"):
        _customer(etappe, "user_id:ben")
    assert watch.hosts == {"127.0.0.1", "localhost"}


async def test_a_module_is_served(etappe: Etappe, new_context: NewContext, pages: Pages) -> None:
    page = await (await new_context()).new_page()
    stored = _stored(etappe)
    module = f"""<script type="module">
        import etappe from '{etappe.collector}/etappe.mjs'
        etappe.init({{key: '{_key(etappe)}'}})
    </script>"""
    await open_page(page, pages.put("/", head=module))
    device = await page.evaluate("etappe.id()")
    await _settled(etappe, stored + 1)

    assert _customer(etappe, f"anonymous_id:{device}")["touchpoints"] == 1


async def test_without_scripts_a_page_view_counts(
    etappe: Etappe, new_context: NewContext, pages: Pages
) -> None:
    page = await (await new_context(java_script_enabled=False)).new_page()
    stored = _stored(etappe)
    source = f"{etappe.collector}/b.gif?key={_key(etappe)}&event=Page+Viewed&consent.analytics=false"
    await page.goto(pages.put("/", f'<noscript><img src="{source}" alt=""></noscript>'))

    await _settled(etappe, stored + 1)


async def test_offline_and_back_every_touchpoint_is_in_the_journey_once(
    etappe: Etappe, new_context: NewContext, pages: Pages
) -> None:
    """Also what the first page's beacon carried, and the second page sent again."""
    context = await new_context()
    page = await context.new_page()
    stored = _stored(etappe)
    pages.put(
        "/", "<a href='/?2' onclick='etappe.track(\"Left\")'>2</a>", tag(etappe.collector, _key(etappe))
    )
    await open_page(page, pages.url + "/")
    await context.set_offline(True)
    for number in range(3):
        await page.evaluate("number => etappe.track('Offline', {number})", number)
    await context.set_offline(False)
    await page.wait_for_function("localStorage.length === 0")
    await page.click("a")
    await page.wait_for_url("**/?2")
    await page.wait_for_function("!!(window.etappe && window.etappe.track)")
    device = await page.evaluate("etappe.id()")
    await page.wait_for_function("localStorage.length === 0")
    await _settled(etappe, stored + 6)

    customer = _customer(etappe, f"anonymous_id:{device}")["customer"]
    rows = etappe.ask(f"/v1/customers/{customer}/journey")["rows"]
    assert [each["event"] for each in rows] == ["Page Viewed", *["Offline"] * 3, "Left", "Page Viewed"]
    assert [each["properties"] for each in rows[1:4]] == [{"number": number} for number in range(3)]


def _publish(pages: Pages, etappe: Etappe) -> None:
    domains = "127.0.0.1, localhost"
    head = tag(etappe.collector, _key(etappe), domains=domains)
    pages.put("/shop", f"<a href='{pages.at('localhost', '/app')}'>to the app</a>", head, "Shop")
    order = "{product_id: 'p1'}, {id: 'ord-1', value: 129.5, currency: 'CHF'}"
    pages.put(
        "/app", f"""<a href="/paid" onclick="etappe.track('Order Paid', {order})">pay</a>""", head, "App"
    )
    pages.put("/asking", head=tag(etappe.collector, _key(etappe), consent="required"))
    key = _key(etappe)
    opened = f"{etappe.collector}/b.gif?key={key}&event=Email+Opened&user_id=anna&channel=email&id=mail-1"
    pages.put("/paid", "<h1>Thank you</h1>")
    pages.put("/letter", f"<img src='{opened}' alt=''>")


async def _annas_visit(page: Page, pages: Pages) -> list[str]:
    """Her device's ids, of the shop and of the app."""
    await open_page(page, pages.at("localhost", "/app"))
    app = await page.evaluate("etappe.id()")
    await open_page(page, f"{pages.url}/shop?utm_source=google&utm_medium=cpc&utm_campaign=autumn")
    shop = await page.evaluate("etappe.id()")
    await page.evaluate("history.pushState({}, '', '/shop/p1'); document.title = 'Product'")
    await page.evaluate("etappe.track('Product Viewed', {product_id: 'p1', price: 129.5})")
    await page.click("a")
    await page.wait_for_url("**/app")
    await page.wait_for_function("!!(window.etappe && window.etappe.track)")
    await page.evaluate("etappe.identify({user_id: 'anna', email: 'Anna@Example.ch'}, {plan: 'pro'})")
    await page.click("a")
    await page.wait_for_selector("h1")
    await page.goto(f"{pages.url}/letter")
    return [shop, app]


def _check_annas_journey(rows: list[dict[str, Any]], pages: Pages) -> None:
    assert [each["event"] for each in rows] == [
        "Page Viewed",
        "Page Viewed",
        "Page Viewed",
        "Product Viewed",
        "Handed Over",
        "Page Viewed",
        "Identified",
        "Order Paid",
        "Email Opened",
    ]
    assert [each["page"].get("path") for each in rows[:8]] == [
        "/app", "/shop", "/shop/p1", "/shop/p1", "/app", "/app", "/app", "/app",
    ]  # fmt: skip
    _, land, product, viewed, _, over, _, order, opened = rows
    assert (land["channel"], land["campaign"]["name"]) == ("paid_search", "autumn")
    assert (product["page"]["title"], viewed["properties"]) == (
        "Product",
        {"product_id": "p1", "price": 129.5},
    )
    assert over["page"]["url"] == pages.at("localhost", "/app")
    assert (order["id"], order["value"], order["currency"]) == ("ord-1", 129.5, "CHF")
    assert (opened["id"], opened["channel"]) == ("mail-1", "email")


def _customer(etappe: Etappe, identifier: str) -> dict[str, Any]:
    row: dict[str, Any] = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row


def _key(etappe: Etappe) -> str:
    return etappe.keys["write_key"]


def _fresh(etappe: Etappe) -> dict[str, Any]:
    row: dict[str, Any] = etappe.ask("/v1/freshness")["rows"][0]
    return row


def _stored(etappe: Etappe) -> int:
    return int(_fresh(etappe)["stored"])


async def _settled(etappe: Etappe, touchpoints: int) -> None:
    """All of them are stored and in every answer; the browser goes on meanwhile."""
    await asyncio.to_thread(wait_until, lambda: _stored(etappe) >= touchpoints, 40)
    await asyncio.to_thread(wait_until, lambda: _fresh(etappe)["lag_seconds"] == 0, 40)
    assert _stored(etappe) == touchpoints

"""The tracker counts page views, and sends what a page tells it."""

from __future__ import annotations

import pytest
from browser.servers import Pages, StandIn
from browser.tracking import KEY, eventually, open_page, tag
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_page_view_is_sent_when_a_page_loads(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/shop", head=tag(stand_in.url), title="The shop")
    await open_page(page, f"{pages.url}/shop?colour=red#top")

    await eventually(lambda: stand_in.names)
    (view,) = stand_in.touchpoints
    assert view["event"] == "Page Viewed"
    assert view["page"] == {"url": f"{pages.url}/shop?colour=red#top", "referrer": "", "title": "The shop"}
    assert set(view) == {"id", "event", "at", "seq", "sent_at", "page", "identifiers"}
    assert view["at"] <= view["sent_at"]
    (beacon,) = stand_in.beacons
    assert b'"key":"%b"' % KEY.encode() in beacon.body
    assert "cookie" not in beacon.headers
    assert "preflight" not in [each.method for each in stand_in.requests if each.method == "OPTIONS"]


async def test_campaign_and_referrer_are_sent(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/land", head=tag(stand_in.url))
    query = "utm_source=google&utm_medium=cpc&utm_campaign=house%20hold&utm_term=a%2Bb&utm_content=&gclid=G1"
    await open_page(page, f"{pages.url}/land?{query}", referrer="https://search.example/q")
    await page.evaluate("etappe.track('Quote Asked')")

    await eventually(lambda: len(stand_in.names) == 2)
    for each in stand_in.touchpoints:
        assert each["campaign"] == {"source": "google", "medium": "cpc", "name": "house hold", "term": "a+b"}
        assert each["page"]["url"].endswith("&gclid=G1")
        assert each["page"]["referrer"] == "https://search.example/q"


async def test_an_application_in_one_page_is_many_page_views(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/app", head=tag(stand_in.url), title="Home")
    await open_page(page, f"{pages.url}/app", referrer="https://search.example/")
    await page.evaluate("""
        history.pushState({}, '', '/app/list')
        document.title = 'List'
        history.pushState({}, '', '/app/list')
        history.replaceState({}, '', '/app/list')
        history.replaceState({}, '', '/app/list?typed=a')
        history.replaceState({}, '', '/app/list?typed=ab')
    """)
    await eventually(lambda: len(stand_in.names) == 2)
    await page.evaluate("history.pushState({}, '', '/app/list?page=2')")
    await page.evaluate("history.replaceState({}, '', '/app/item')")
    await page.evaluate("location.hash = 'reviews'")
    await page.go_back()
    await page.go_back()

    await eventually(lambda: len(stand_in.names) >= 5)
    views = [each["page"] for each in stand_in.touchpoints]
    assert [each["url"].removeprefix(pages.url) for each in views] == [
        "/app",
        "/app/list",
        "/app/list?page=2",
        "/app/item",
        "/app/list?typed=ab",
    ]
    assert views[1]["title"] == "List"
    assert [each["referrer"] for each in views[:3]] == [
        "https://search.example/",
        f"{pages.url}/app",
        f"{pages.url}/app/list",
    ]


async def test_the_part_after_the_hash_counts_where_a_page_says_so(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/app", head=tag(stand_in.url, hash="true"))
    await open_page(page, f"{pages.url}/app#/one")
    await page.evaluate("location.hash = '/two'")
    await page.evaluate("location.hash = '/two'")

    await page.evaluate("etappe.track('Last')")
    await eventually(lambda: "Last" in stand_in.names)
    urls = [each["page"]["url"] for each in stand_in.touchpoints if each["event"] == "Page Viewed"]
    assert urls == [f"{pages.url}/app#/one", f"{pages.url}/app#/two"]


async def test_pages_can_be_counted_by_hand_alone(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/app", head=tag(stand_in.url, pages="false"))
    await open_page(page, f"{pages.url}/app")
    await page.evaluate("history.pushState({}, '', '/app/list')")
    await page.evaluate("etappe.page({section: 'list'}, {account: 'acme-ag'})")

    await eventually(lambda: stand_in.names)
    (view,) = stand_in.touchpoints
    assert (view["event"], view["properties"]) == ("Page Viewed", {"section": "list"})
    assert view["account"] == "acme-ag"


async def test_a_touchpoint_carries_what_the_page_gives(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/shop", head=tag(stand_in.url))
    await open_page(page, f"{pages.url}/shop")
    await page.evaluate("""
        const cart = {product_id: 'p1', nothing: undefined}
        etappe.track('Order Paid', cart, {id: 'ord-1', value: 129.5, currency: 'CHF', channel: 'email',
                                         experiments: {cta: 'B'}, identifiers: {email: 'anna@example.ch'}})
        cart.product_id = 'changed later'
    """)

    await eventually(lambda: len(stand_in.names) == 2)
    order = stand_in.touchpoints[1]
    assert (order["id"], order["value"], order["currency"]) == ("ord-1", 129.5, "CHF")
    assert order["properties"] == {"product_id": "p1"}
    assert (order["channel"], order["experiments"]) == ("email", {"cta": "B"})
    assert order["identifiers"] == {
        "email": "anna@example.ch",
        "anonymous_id": await page.evaluate("etappe.id()"),
    }


async def test_identify_names_the_person_on_this_device(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/shop", head=tag(stand_in.url))
    await open_page(page, f"{pages.url}/shop")
    await page.evaluate("etappe.identify('u-42', {plan: 'pro'})")
    await page.evaluate("etappe.identify({user_id: 'u-42', email: 'anna@example.ch', crm_id: 'c7'})")
    await page.evaluate("etappe.identify(null)")
    await page.evaluate("etappe.track('Last')")

    await eventually(lambda: len(stand_in.names) == 4)
    device = {"anonymous_id": await page.evaluate("etappe.id()")}
    view, first, second, last = stand_in.touchpoints
    assert (first["event"], first["traits"]) == ("Identified", {"plan": "pro"})
    assert first["identifiers"] == {"user_id": "u-42", **device}
    assert second["identifiers"] == {
        "user_id": "u-42", "email": "anna@example.ch", "crm_id": "c7", **device
    }  # fmt: skip
    assert view["identifiers"] == last["identifiers"] == device


async def test_after_a_reset_the_device_is_another_one(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/shop", head=tag(stand_in.url))
    await open_page(page, f"{pages.url}/shop")
    await page.evaluate("etappe.identify('u-1'); etappe.reset(); etappe.track('Seen')")
    await open_page(page, f"{pages.url}/shop")

    await eventually(lambda: len(stand_in.names) == 4)
    view, login, seen, again = (each["identifiers"]["anonymous_id"] for each in stand_in.touchpoints)
    assert view == login != seen == again


async def test_a_device_keeps_its_id_from_page_to_page(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/shop", head=tag(stand_in.url))
    await open_page(page, f"{pages.url}/shop")
    await open_page(page, f"{pages.url}/shop")

    await eventually(lambda: len(stand_in.names) == 2)
    first, second = stand_in.touchpoints
    assert first["identifiers"] == second["identifiers"]
    assert len(first["identifiers"]["anonymous_id"]) == 32


async def test_a_page_that_is_only_prepared_is_not_yet_viewed(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """What a browser does that loads a page ahead, played to it."""
    await page.add_init_script("""
        window.ahead = true
        Object.defineProperty(Document.prototype, 'prerendering', {get: () => window.ahead})
    """)
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await page.evaluate("etappe.track('Early')")
    assert await page.evaluate("etappe.id()") is None
    await page.evaluate("window.ahead = false; document.dispatchEvent(new Event('prerenderingchange'))")

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Early"]

"""A visitor who follows a link to another of the company's domains is the same visitor there."""

from __future__ import annotations

import pytest
from browser.servers import Pages, StandIn
from browser.tracking import eventually, on_device, open_page, tag
from playwright.async_api import BrowserContext, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOMAINS = "localhost, 127.0.0.1"


def _two_sites(pages: Pages, stand_in: StandIn, **options: str) -> str:
    """The address of a site with a link to one on another domain."""
    pages.put("/app", head=tag(stand_in.url, domains=DOMAINS, **options), title="App")
    link = f"<a id='app' href='{pages.at('localhost', '/app?plan=pro#top')}'>the app</a>"
    return pages.put("/shop", link, tag(stand_in.url, domains=DOMAINS, **options))


async def test_a_device_without_an_id_takes_the_one_handed_over(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, _two_sites(pages, stand_in))
    await page.click("#app")
    await page.wait_for_url("**/app**")

    await eventually(lambda: len(stand_in.names) == 2)
    shop, app = stand_in.touchpoints
    assert shop["identifiers"] == app["identifiers"]
    assert app["page"]["url"] == page.url == pages.at("localhost", "/app?plan=pro#top")
    assert len({each["value"].split(".")[0] for each in await context.cookies()}) == 1


async def test_a_device_with_an_id_says_that_both_are_one(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    shop = _two_sites(pages, stand_in)
    await open_page(page, pages.at("localhost", "/app"))
    own = await page.evaluate("etappe.id()")
    await open_page(page, shop)
    handed = await page.evaluate("etappe.id()")
    await page.click("#app")
    await page.wait_for_url("**/app**")
    await page.wait_for_function("!!(window.etappe && window.etappe.track)")
    await page.evaluate("etappe.track('Last')")

    await eventually(lambda: len(stand_in.names) == 5)
    assert stand_in.names == ["Page Viewed", "Page Viewed", "Handed Over", "Page Viewed", "Last"]
    assert [each["identifiers"] for each in stand_in.touchpoints[2:]] == [
        {"anonymous_id": handed, "device_id": handed},
        {"anonymous_id": own, "device_id": handed},
        {"anonymous_id": own},
    ]
    assert await page.evaluate("etappe.id()") == own != handed


async def test_an_old_hand_over_is_void(page: Page, pages: Pages, stand_in: StandIn) -> None:
    """And so is one that is none; the address is cleaned all the same."""
    pages.put("/app", head=tag(stand_in.url, domains=DOMAINS))
    handed = "0123456789abcdef" * 2
    old = await page.evaluate("Math.floor(Date.now() / 1000 - 121).toString(36)")
    for value in (f"{handed}.{old}", f"{handed}.", f"{handed}", "x.y", "", f"{handed}0.zzzzzz"):
        address = f"{pages.url}/app?a=1&_etappe={value}&b=2#c"
        await open_page(page, address, referrer=pages.at("localhost", "/"))
        assert await page.evaluate("etappe.id()") != handed
        assert page.url == f"{pages.url}/app?a=1&b=2#c"


@pytest.mark.parametrize(
    ("referrer", "taken"),
    [
        ("http://localhost/", True),
        ("http://app.localhost/", True),
        ("http://other.example/", False),
        (None, False),
    ],
)
async def test_an_address_that_was_passed_on_hands_nothing_over(
    referrer: str | None, taken: bool, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """Within the two minutes, too: it was not followed from one of the company's pages."""
    pages.put("/app", head=tag(stand_in.url, domains=DOMAINS))
    handed = "0123456789abcdef" * 2
    now = await page.evaluate("Math.floor(Date.now() / 1000).toString(36)")
    await open_page(page, f"{pages.url}/app?_etappe={handed}.{now}", referrer=referrer)

    assert (await page.evaluate("etappe.id()") == handed) is taken
    assert page.url == f"{pages.url}/app"


async def test_links_elsewhere_stay_as_they_are(page: Page, pages: Pages, stand_in: StandIn) -> None:
    links = """<a id="other" href="http://other.localhost:1/x?y=1" onclick="return false">other</a>
        <a id="near" href="http://notlocalhost/x" onclick="return false">near</a>
        <a id="mail" href="mailto:a@localhost" onclick="return false">mail</a>
        <a id="own" href="/own" onclick="return false">own</a>"""
    pages.put("/", links, tag(stand_in.url, domains="app.localhost, other.example"))
    await open_page(page, pages.url + "/")
    for each in ("other", "near", "mail", "own"):
        before = await page.get_attribute(f"#{each}", "href")
        await page.click(f"#{each}")
        assert await page.get_attribute(f"#{each}", "href") == before


async def test_a_link_can_be_made_by_hand(page: Page, pages: Pages, stand_in: StandIn) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url, domains="app.example, shop.example")))
    own = await page.evaluate("etappe.id()")

    made = await page.evaluate("etappe.link('https://www.shop.example/x?q=a%20b&_etappe=old#part')")
    assert made.startswith(f"https://www.shop.example/x?q=a%20b&_etappe={own}.")
    assert made.endswith("#part")
    assert await page.evaluate("etappe.link('/own')") == "/own"
    assert await page.evaluate("etappe.link('https://elsewhere.example/')") == "https://elsewhere.example/"


async def test_without_consent_nothing_is_handed_over(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """What was handed over before somebody consents on the receiving side waits for that."""
    shop = _two_sites(pages, stand_in, consent="required")
    await open_page(page, shop)
    assert await page.evaluate(f"etappe.link('{pages.at('localhost', '/')}')") == pages.at("localhost", "/")
    await page.evaluate("etappe.consent({analytics: true, linking: false})")
    assert await page.evaluate(f"etappe.link('{pages.at('localhost', '/')}')") == pages.at("localhost", "/")
    await page.evaluate("etappe.consent({linking: true})")
    handed = await page.evaluate("etappe.id()")
    await page.click("#app")
    await page.wait_for_url("**/app**")
    await page.wait_for_function("!!(window.etappe && window.etappe.track)")

    assert page.url == pages.at("localhost", "/app?plan=pro#top")
    assert await page.evaluate("etappe.id()") is None
    assert [each["domain"] for each in await context.cookies()] == ["127.0.0.1"]
    await page.evaluate("etappe.consent(true)")
    assert await page.evaluate("etappe.id()") == handed
    assert set(await on_device(context, page)) >= {"_etappe"}

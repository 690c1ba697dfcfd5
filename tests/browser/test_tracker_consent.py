"""Before a visitor consents nothing is stored on the device and nothing is linked; afterwards it is, until then."""

from __future__ import annotations

import time

import pytest
from browser.servers import Pages, StandIn
from browser.tracking import eventually, on_device, open_page, tag
from playwright.async_api import BrowserContext, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

DENIED = {"analytics": False, "linking": False}
GRANTED = {"analytics": True, "linking": True}
SIGNALS = {
    "globalPrivacyControl": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})",
    "doNotTrack": "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})",
}


async def test_before_consent_a_page_view_counts_without_a_trace(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url, consent="required"))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.track('Seen', {}, {identifiers: {email: 'anna@example.ch'}})")
    await page.evaluate("etappe.identify('u-1')")

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Seen"]
    for each in stand_in.touchpoints:
        assert each["consent"] == DENIED
        assert "identifiers" not in each
    assert await page.evaluate("etappe.id()") is None
    assert await on_device(context, page) == {}


async def test_with_consent_there_is_an_id_and_the_person_gets_named(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """Also on the next page, which asks nobody again."""
    pages.put("/", head=tag(stand_in.url, consent="required"))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.identify('u-1')")
    await page.evaluate("etappe.consent({analytics: true, linking: true}); etappe.track('Seen')")
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 4)
    before, login, seen, next_view = stand_in.touchpoints
    device = await page.evaluate("etappe.id()")
    assert before["consent"] == DENIED
    assert "identifiers" not in before
    assert login["identifiers"] == {"user_id": "u-1", "anonymous_id": device}
    assert seen["identifiers"] == next_view["identifiers"] == {"anonymous_id": device}
    assert login["consent"] == seen["consent"] == next_view["consent"] == GRANTED
    (cookie,) = await context.cookies()
    assert cookie["name"] == "_etappe"
    assert cookie["value"].startswith(f"{device}.")
    assert (cookie["sameSite"], cookie["path"], cookie["httpOnly"]) == ("Lax", "/", False)


async def test_consent_to_analytics_alone_names_nobody(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/", head=tag(stand_in.url, consent="required"))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.consent({analytics: true}); etappe.identify('u-1')")
    await page.evaluate("etappe.track('Seen', {}, {identifiers: {email: 'anna@example.ch'}})")
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 3)
    device = {"anonymous_id": await page.evaluate("etappe.id()")}
    assert stand_in.names == ["Page Viewed", "Seen", "Page Viewed"]
    for each in stand_in.touchpoints[1:]:
        assert each["identifiers"] == device
        assert each["consent"] == {"analytics": True, "linking": False}


async def test_withdrawn_the_device_is_empty_again(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url, consent="required"))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.consent(true); etappe.track('With')")
    await page.evaluate("localStorage.setItem('_etappe.left', '[]'); localStorage.setItem('other', 'x')")
    await page.evaluate("etappe.consent(false); etappe.track('Without')")
    assert await on_device(context, page) == {"other": "x"}
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 4)
    assert [each.get("consent") for each in stand_in.touchpoints] == [DENIED, GRANTED, DENIED, DENIED]
    assert "identifiers" not in stand_in.touchpoints[3]
    assert await on_device(context, page) == {"other": "x"}


async def test_a_refusal_is_kept_where_pages_do_not_ask(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.consent(false)")
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 2)
    assert "consent" not in stand_in.touchpoints[0]
    assert stand_in.touchpoints[1]["consent"] == DENIED
    assert await on_device(context, page) == {"_etappe": "0"}


async def test_waiting_for_consent_nothing_leaves_the_page(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url, consent="wait"))
    await open_page(page, f"{pages.url}/?utm_source=news")
    await page.evaluate("etappe.identify('u-1'); etappe.track('Seen')")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    await _round_trip(page, stand_in)
    assert not stand_in.beacons
    assert await on_device(context, page) == {}
    await page.evaluate("etappe.consent(true)")

    await eventually(lambda: len(stand_in.names) == 3)
    device = await page.evaluate("etappe.id()")
    assert stand_in.names == ["Page Viewed", "Identified", "Seen"]
    assert {each["identifiers"]["anonymous_id"] for each in stand_in.touchpoints} == {device}
    assert stand_in.touchpoints[0]["campaign"] == {"source": "news"}


async def test_refused_while_waiting_what_was_held_is_gone(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url, consent="wait"))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.consent(false); etappe.track('Refused')")
    await page.evaluate("etappe.consent(true); etappe.track('Granted')")

    await eventually(lambda: stand_in.names)
    assert stand_in.names == ["Granted"]


async def test_an_answer_given_before_the_script_loads_holds_for_the_first_page_view(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    stub = "<script>window.etappe = []; etappe.push(['track', 'Seen'], ['consent', true])</script>"
    pages.put("/", head=stub + tag(stand_in.url, consent="required"))
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Seen"]
    assert [each["consent"] for each in stand_in.touchpoints] == [GRANTED, GRANTED]


@pytest.mark.parametrize("signal", SIGNALS)
async def test_a_browsers_signal_is_no_consent(
    signal: str, context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """Whatever the page says, and whatever was stored before."""
    pages.put("/", head=tag(stand_in.url))
    await open_page(page, pages.url + "/")
    assert await on_device(context, page) != {}
    await page.add_init_script(SIGNALS[signal])
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.consent(true); etappe.identify('u-1'); etappe.track('Seen')")

    await eventually(lambda: len(stand_in.names) == 3)
    for each in stand_in.touchpoints[1:]:
        assert each["consent"] == DENIED
        assert "identifiers" not in each
    assert await on_device(context, page) == {}


@pytest.mark.parametrize("signal", SIGNALS)
async def test_a_page_may_ask_for_itself(signal: str, page: Page, pages: Pages, stand_in: StandIn) -> None:
    await page.add_init_script(SIGNALS[signal])
    pages.put("/", head=tag(stand_in.url, respect_signals="false"))
    await open_page(page, pages.url + "/")

    await eventually(lambda: stand_in.names)
    assert "anonymous_id" in stand_in.touchpoints[0]["identifiers"]
    # The browser's headers still carry the signal, so that the collector has to be told.
    assert stand_in.touchpoints[0]["consent"] == {"analytics": True, "linking": True}


async def test_an_id_lives_thirteen_months_however_often_it_is_seen(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    day = 86400
    pages.put("/", head=tag(stand_in.url))
    now = int(time.time())
    ids = [f"{number:032x}" for number in (1, 2)]
    for age, known, kept in ((394, ids[0], True), (396, ids[1], False)):
        value = f"{known}.{_base36(now - age * day)}"
        await context.add_cookies([{"name": "_etappe", "value": value, "url": pages.url}])
        await open_page(page, pages.url + "/")
        assert (await page.evaluate("etappe.id()") == known) is kept
        (cookie,) = await context.cookies()
        rest = cookie["expires"] - now
        assert 0 < rest < 2 * day if kept else 390 * day < rest < 396 * day


async def test_sub_domains_share_the_id_where_a_page_says_so(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/", head=tag(stand_in.url, cookie_domain="shop.localhost"))
    await open_page(page, pages.at("www.shop.localhost", "/"))
    first = await page.evaluate("etappe.id()")
    await open_page(page, pages.at("help.shop.localhost", "/"))

    assert await page.evaluate("etappe.id()") == first
    await page.evaluate("etappe.consent(false); document.cookie")
    assert [each["value"] for each in await context.cookies()] == ["0"]


async def _round_trip(page: Page, stand_in: StandIn) -> None:
    """A request of the page's own has come through: one that the tracker made before it would have, too."""
    await page.wait_for_timeout(400)
    await page.evaluate(f"fetch('{stand_in.url}/mark')")
    await eventually(lambda: any(each.path == "/mark" for each in stand_in.requests))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits

"""What happened on a page arrives, once: past a lost connection, a busy collector, and the page's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from browser.servers import Pages, StandIn
from browser.tracking import eventually, on_device, open_page, stop_clock, tag
from playwright.async_api import BrowserContext, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_click_that_leaves_the_page_is_not_lost(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    pages.put("/away", "<h1>Away</h1>")
    link = """<a href="/away" onclick="etappe.track('Link Followed', {to: this.href})">away</a>"""
    pages.put("/", link, tag(stand_in.url))
    await page.clock.install()
    await open_page(page, pages.url + "/")
    await eventually(lambda: stand_in.names)
    await page.wait_for_function("localStorage.length === 0")
    await stop_clock(page)
    await page.click("a")
    await page.wait_for_selector("h1")

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Link Followed"]
    beacon = stand_in.beacons[1]
    assert beacon.headers["sec-fetch-mode"] == "no-cors"
    assert beacon.headers["content-type"].startswith("text/plain")
    assert len(stand_in.copies) == 2


async def test_a_page_left_at_once_has_been_viewed(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/away", "<h1>Away</h1>")
    leave = "<script>addEventListener('load', () => (location.href = '/away'))</script>"
    pages.put("/", head=leave + tag(stand_in.url))
    await page.goto(pages.url + "/")
    await page.wait_for_selector("h1")

    await eventually(lambda: stand_in.names)
    assert stand_in.names == ["Page Viewed"]


async def test_a_hidden_page_sends_at_once_and_may_come_back(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """On a phone that is often the last a page gets to do."""
    await page.clock.install()
    await page.add_init_script(
        "Object.defineProperty(Document.prototype, 'visibilityState', {get: () => window.state || 'visible'})"
    )
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await page.wait_for_function("localStorage.length === 0")
    await stop_clock(page)
    await page.evaluate("etappe.track('Seen')")
    await page.evaluate("state = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.beacons[-1].headers["sec-fetch-mode"] == "no-cors"
    await page.evaluate("state = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    await page.clock.run_for(1000)

    await page.wait_for_function("localStorage.length === 0")
    assert stand_in.names == ["Page Viewed", "Seen"]


async def test_what_a_beacon_carried_is_sent_again_with_the_same_id(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """Nobody hears whether a beacon arrived. This one did not: the collector was busy."""
    pages.put("/", "<a href='/?two' onclick='etappe.track(\"Link Followed\")'>two</a>", tag(stand_in.url))
    await page.clock.install()
    await open_page(page, pages.url + "/")
    await eventually(lambda: stand_in.names)
    await page.wait_for_function("localStorage.length === 0")
    await stop_clock(page)
    stand_in.answers.append((503, {}))
    await page.click("a")
    await page.wait_for_url("**/?two")
    await eventually(lambda: not stand_in.answers)
    await page.clock.resume()

    await eventually(lambda: len(stand_in.copies) == 4)
    assert sorted(stand_in.names) == ["Link Followed", "Page Viewed", "Page Viewed"]
    copies = [each["id"] for each in stand_in.copies if each["event"] == "Link Followed"]
    assert len(copies) == 2
    assert len(set(copies)) == 1


async def test_offline_and_back_nothing_is_lost_and_nothing_doubled(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await context.set_offline(True)
    for number in range(5):
        await page.evaluate("number => etappe.track('Offline', {number})", number)
    assert len(await on_device(context, page)) == 2
    await page.wait_for_timeout(600)  # at least one attempt has failed
    assert stand_in.names == ["Page Viewed"]
    await context.set_offline(False)

    await eventually(lambda: len(stand_in.names) == 6)
    assert [each.get("properties", {}).get("number") for each in stand_in.touchpoints] == [
        None,
        0,
        1,
        2,
        3,
        4,
    ]
    assert len(stand_in.copies) == 6
    await page.wait_for_function("localStorage.length === 0")


async def test_what_a_closed_page_could_not_deliver_the_next_one_does(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await context.set_offline(True)
    await page.evaluate("etappe.track('Offline')")
    await page.close()
    await context.set_offline(False)
    second = await context.new_page()
    await open_page(second, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 3)
    assert stand_in.names == ["Page Viewed", "Offline", "Page Viewed"]
    await second.wait_for_function("localStorage.length === 0")


async def test_without_consent_nothing_undelivered_is_stored(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url, consent="required")))
    await context.set_offline(True)
    await page.evaluate("etappe.track('Offline')")
    assert await on_device(context, page) == {}
    await context.set_offline(False)

    await eventually(lambda: "Offline" in stand_in.names)


@pytest.mark.parametrize("status", [503, 500, 429, 408])
async def test_a_busy_collector_gets_the_same_again(
    status: int, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    stand_in.answers.append((status, {"Retry-After": "0"}))
    await open_page(page, pages.put("/", head=tag(stand_in.url)))

    await eventually(lambda: len(stand_in.beacons) == 2)
    first, second = stand_in.copies
    assert first["id"] == second["id"]
    assert first["at"] == second["at"]
    assert first["sent_at"] < second["sent_at"]
    await page.wait_for_function("localStorage.length === 0")


@pytest.mark.parametrize("status", [400, 401, 403, 413])
async def test_what_is_refused_is_not_sent_again(
    status: int, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    stand_in.answers.append((status, {"Retry-After": "0"}))
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.beacons)
    await page.wait_for_function("localStorage.length === 0")
    await page.evaluate("etappe.track('After')")

    await eventually(lambda: "After" in stand_in.names)
    assert [each["event"] for each in stand_in.copies] == ["Page Viewed", "After"]


async def test_attempts_wait_as_long_as_the_collector_asks(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """The page's clock is the test's. A new touchpoint does not shorten the wait."""
    await page.clock.install()
    stand_in.answers.append((503, {"Retry-After": "3000"}))
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await _until(page, lambda: len(stand_in.beacons) == 1)
    await page.evaluate("etappe.track('Meanwhile')")
    await page.clock.run_for(2_900_000)
    assert len(stand_in.beacons) == 1

    await _until(page, lambda: len(stand_in.beacons) == 2)
    assert stand_in.names == ["Page Viewed", "Meanwhile"]


async def test_attempts_grow_rarer(page: Page, pages: Pages, stand_in: StandIn) -> None:
    """Twelve failures on they are at least 150 s apart, and they do not end."""
    await page.clock.install()
    stand_in.answers.extend([(503, {})] * 12)
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await _until(page, lambda: len(stand_in.beacons) == 12)
    await page.clock.run_for(130_000)
    assert len(stand_in.beacons) == 12

    await _until(page, lambda: len(stand_in.beacons) == 13)
    assert len({each["id"] for each in stand_in.copies}) == 1


async def test_many_touchpoints_go_in_batches(page: Page, pages: Pages, stand_in: StandIn) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await page.evaluate("for (let n = 0; n < 150; n++) etappe.track('Many', {n, text: 'é'.repeat(200)})")

    await eventually(lambda: len(stand_in.names) == 151)
    assert [each["properties"]["n"] for each in stand_in.touchpoints[1:]] == list(range(150))
    assert len(stand_in.copies) == 151
    assert 3 < len(stand_in.beacons) < 20
    assert max(len(each.body) for each in stand_in.beacons) < 65_536


async def test_many_touchpoints_leave_with_the_page(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/away", "<h1>Away</h1>")
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await page.evaluate("""
        for (let n = 0; n < 100; n++) etappe.track('Many', {n})
        location.href = '/away'
    """)
    await page.wait_for_selector("h1")

    await eventually(lambda: len(stand_in.names) == 101)
    assert len(stand_in.copies) == 101


async def test_a_touchpoint_larger_than_a_parting_page_may_send_arrives(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await page.evaluate("etappe.track('Large', {text: 'x'.repeat(70000)}); etappe.track('Small')")

    await eventually(lambda: len(stand_in.names) == 3)
    assert len(stand_in.touchpoints[1]["properties"]["text"]) == 70_000


async def test_what_waits_is_bounded(
    context: BrowserContext, page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await context.set_offline(True)
    await page.evaluate("for (let n = 0; n < 250; n++) etappe.track('Many', {n})")
    await context.set_offline(False)

    await eventually(lambda: len(stand_in.names) == 201)
    assert [each["properties"]["n"] for each in stand_in.touchpoints[1:]] == list(range(50, 250))


async def test_broken_leftovers_on_the_device_do_no_harm(page: Page, pages: Pages, stand_in: StandIn) -> None:
    await page.goto(pages.put("/empty"))
    await page.evaluate(
        "localStorage.setItem('_etappe.1', 'no json'); localStorage.setItem('_etappe.2', 'null')"
    )
    await open_page(page, pages.put("/", head=tag(stand_in.url)))

    await eventually(lambda: stand_in.names)
    assert stand_in.names == ["Page Viewed"]
    await page.wait_for_function("localStorage.length === 0")


async def test_a_page_that_comes_back_from_the_cache_is_viewed_again(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await eventually(lambda: stand_in.names)
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Page Viewed"]


async def _until(page: Page, holds: Callable[[], object]) -> None:
    """Move the page's clock on until it holds, and let the page hear the last reply."""
    for _ in range(400):
        await page.clock.run_for(10_000)
        await asyncio.sleep(0.02)
        if holds():
            await asyncio.sleep(0.3)
            return
    raise AssertionError("the page's clock went on for more than an hour")

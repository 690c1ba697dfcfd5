"""However the tracker is loaded it runs once, and whatever happens to it the page does not notice."""

from __future__ import annotations

import pytest
from browser.servers import Pages, StandIn
from browser.tracking import KEY, eventually, open_page, tag
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

STUB = "<script>window.etappe = window.etappe || []; etappe.push(%s)</script>"


async def test_calls_before_the_script_is_there_are_kept(page: Page, pages: Pages, stand_in: StandIn) -> None:
    calls = STUB % "['identify', 'u-1'], ['track', 'Video Played', {length: 90}]"
    pages.put("/", head=calls + tag(stand_in.url))
    await open_page(page, pages.url + "/")
    await page.evaluate("etappe.push(['track', 'Later'])")

    await eventually(lambda: len(stand_in.names) == 4)
    assert stand_in.names == ["Page Viewed", "Identified", "Video Played", "Later"]
    assert stand_in.touchpoints[2]["properties"] == {"length": 90}


async def test_a_module_is_the_same_tracker(page: Page, pages: Pages, stand_in: StandIn) -> None:
    module = f"""<script type="module">
        import etappe from '{stand_in.url}/etappe.mjs'
        etappe.track('Before The Start')
        etappe.init({{key: '{KEY}'}})
        etappe.init({{key: 'another'}})
        etappe.track('From A Module', {{same: etappe === window.etappe}})
    </script>"""
    pages.put("/", head=module)
    await open_page(page, pages.url + "/")

    await eventually(lambda: len(stand_in.names) == 3)
    assert stand_in.names == ["Page Viewed", "Before The Start", "From A Module"]
    assert stand_in.touchpoints[2]["properties"] == {"same": True}
    assert all(b'"key":"wk_test"' in each.body for each in stand_in.beacons)


async def test_loaded_twice_it_counts_once(page: Page, pages: Pages, stand_in: StandIn) -> None:
    module = f"<script type='module'>import '{stand_in.url}/etappe.mjs'; window.loaded = true</script>"
    pages.put("/", head=tag(stand_in.url) + tag(stand_in.url) + module)
    await open_page(page, pages.url + "/")
    await page.wait_for_function("window.loaded")
    await page.evaluate("history.pushState({}, '', '/next')")
    await page.evaluate("etappe.track('Last')")

    await eventually(lambda: "Last" in stand_in.names)
    assert stand_in.names == ["Page Viewed", "Page Viewed", "Last"]
    assert len(stand_in.copies) == 3


async def test_a_script_brings_the_key_to_a_module_that_was_there_before_it(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    module = f"<script type='module'>import '{stand_in.url}/etappe.mjs'; window.loaded = true</script>"
    pages.put("/", head=module)
    await open_page(page, pages.url + "/")
    await page.wait_for_function("window.loaded")
    await page.evaluate("etappe.track('First')")
    await page.evaluate(
        "([src, key]) => { const script = document.createElement('script');"
        " Object.assign(script, {src}); script.dataset.key = key; document.head.append(script) }",
        [f"{stand_in.url}/etappe.js", "wk_1"],
    )

    await eventually(lambda: "First" in stand_in.names)
    assert sorted(stand_in.names) == ["First", "Page Viewed"]


async def test_the_collector_can_be_named(page: Page, pages: Pages, stand_in: StandIn) -> None:
    elsewhere = f"""<script src="{stand_in.url}/etappe.js" data-key="{KEY}"
                     data-endpoint="{pages.url}/collect"></script>"""
    await open_page(page, pages.put("/", head=elsewhere))

    await eventually(lambda: any(each.path == "/collect/b" for each in pages.requests))
    assert not stand_in.beacons


async def test_mistakes_in_a_page_stay_without_consequence(
    page: Page, pages: Pages, stand_in: StandIn
) -> None:
    """The watch fails this test on any error that a page sees."""
    pages.put("/", head=STUB % "null, ['nothing'], 7, ['track']" + tag(stand_in.url))
    await open_page(page, pages.url + "/")
    await page.evaluate("""
        const circle = {}
        circle.self = circle
        etappe.track('Circle', circle)
        etappe.track('Big', {number: 10n})
        etappe.identify()
        etappe.consent()
        etappe.push(null, ['nothing'], ['track', 'After'])
    """)
    assert await page.evaluate("etappe.link('no address at all:::')") == "no address at all:::"

    await eventually(lambda: "After" in stand_in.names)
    assert stand_in.names == ["Page Viewed", "After"]


async def test_what_a_page_has_broken_does_not_break_it(page: Page, pages: Pages, stand_in: StandIn) -> None:
    await page.add_init_script("""
        window.fetch = () => { throw new Error('replaced') }
        navigator.sendBeacon = undefined
        history.replaceState = () => { throw new Error('replaced') }
    """)
    pages.put("/", head=tag(stand_in.url))
    await open_page(page, f"{pages.url}/?_etappe=x")
    await page.evaluate("etappe.track('Lost')")
    await page.goto("about:blank")


async def test_without_storage_it_counts_all_the_same(page: Page, pages: Pages, stand_in: StandIn) -> None:
    await page.add_init_script("""
        const refuse = () => { throw new DOMException('blocked', 'SecurityError') }
        Object.defineProperty(Document.prototype, 'cookie', {get: refuse, set: refuse})
        Object.defineProperty(window, 'localStorage', {get: refuse})
    """)
    await open_page(page, pages.put("/", head=tag(stand_in.url)))
    await page.evaluate("etappe.track('Seen')")

    await eventually(lambda: len(stand_in.names) == 2)
    first, second = stand_in.touchpoints
    assert first["identifiers"] == second["identifiers"]


async def test_in_a_sandbox_it_counts_all_the_same(page: Page, pages: Pages, stand_in: StandIn) -> None:
    pages.put("/inside", head=STUB % "['track', 'Inside']" + tag(stand_in.url))
    await page.goto(pages.put("/", '<iframe sandbox="allow-scripts" src="/inside?_etappe=1.2"></iframe>'))

    await eventually(lambda: len(stand_in.names) == 2)
    assert stand_in.names == ["Page Viewed", "Inside"]
    assert stand_in.touchpoints[0]["page"]["url"] == f"{pages.url}/inside"


async def test_without_scripts_the_pixel_counts(new_context, pages: Pages, stand_in: StandIn) -> None:  # type: ignore[no-untyped-def]
    context = await new_context(java_script_enabled=False)
    page = await context.new_page()
    source = f"{stand_in.url}/b.gif?key={KEY}&event=Page+Viewed&consent.analytics=false"
    await page.goto(pages.put("/", f'<noscript><img src="{source}" alt=""></noscript>', tag(stand_in.url)))

    await eventually(lambda: any(each.path == "/b.gif" for each in stand_in.requests))
    (pixel,) = [each for each in stand_in.requests if each.path == "/b.gif"]
    assert pixel.query == {"key": KEY, "event": "Page Viewed", "consent.analytics": "false"}
    assert pixel.headers["referer"].startswith(pages.url)
    assert not stand_in.beacons

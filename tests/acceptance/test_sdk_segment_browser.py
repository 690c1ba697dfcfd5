"""The official Segment SDK for browsers, unmodified, in Chromium: one address leads it to the collector."""

from __future__ import annotations

import pytest
from browser.fixtures import NewContext
from browser.servers import Pages
from browser_story import Shop
from running import Etappe

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SDK = "@segment/analytics-next/dist/umd/index.js"


async def test_what_the_browser_sdk_sends_is_read_back_as_two_journeys(
    etappe_up: Etappe, new_context: NewContext, pages: Pages
) -> None:
    options = f"{{writeKey: '{etappe_up.keys['write_key']}', cdnURL: '{etappe_up.collector}'}}"
    load = f"window.analytics = AnalyticsNext.AnalyticsBrowser.load({options})"
    shop = Shop(etappe_up, pages, SDK, "analytics", load)

    await shop.tell(await shop.visited_by(new_context))

    shop.check()


async def test_a_key_that_may_not_send_is_told_when_the_sdk_loads(
    etappe_up: Etappe, new_context: NewContext, pages: Pages
) -> None:
    shop = Shop(etappe_up, pages, SDK, "analytics", "")
    page = await shop.visited_by(new_context)
    await page.goto(pages.put("/", "", '<script src="/sdk.js"></script>'))

    told = await page.evaluate(
        "options => AnalyticsNext.AnalyticsBrowser.load(options).then(() => '', error => error.message)",
        {"writeKey": "wk_unknown", "cdnURL": etappe_up.collector},
    )

    assert "The key is missing, unknown or revoked." in told
    assert shop.calls == []

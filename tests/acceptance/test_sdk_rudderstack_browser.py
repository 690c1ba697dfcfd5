"""RudderStack's SDK for browsers (its bundled build), unmodified, in Chromium."""

from __future__ import annotations

import pytest
from browser.fixtures import NewContext
from browser.servers import Pages
from browser_story import Shop
from running import Etappe

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SDK = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"


@pytest.fixture(params=["XMLHttpRequest", "sendBeacon"])
def etappe(request: pytest.FixtureRequest, start_etappe: object) -> Etappe:
    """One of its own for each way to send."""
    started: Etappe = start_etappe()  # type: ignore[operator]  # see conftest
    return started


async def test_what_the_browser_sdk_sends_is_read_back_as_two_journeys(
    etappe: Etappe, new_context: NewContext, pages: Pages, request: pytest.FixtureRequest
) -> None:
    beacon = "sendBeacon" in request.node.callspec.id
    where = f"'{etappe.keys['write_key']}', '{etappe.collector}'"
    queue = "beaconQueueOptions: {flushQueueInterval: 200}" if beacon else "queueOptions: {}"
    options = f"{{configUrl: '{etappe.collector}', useBeacon: {str(beacon).lower()}, {queue}}}"
    load = f"window.analytics = new rudderanalytics.RudderAnalytics(); analytics.load({where}, {options})"
    shop = Shop(etappe, pages, SDK, "analytics", load)

    await shop.tell(await shop.visited_by(new_context), outlives=False)

    shop.check()
    paths = {each.url.removeprefix(etappe.collector).partition("?")[0] for each in shop.calls}
    assert ("/beacon/v1/batch" in paths) == beacon

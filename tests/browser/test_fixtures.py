"""The browser's watch sees what it is there for."""

from __future__ import annotations

import pytest
from browser.servers import Pages
from browser.tracking import eventually
from browser.watch import Watch
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_request_to_another_host_is_seen_whatever_makes_it(
    page: Page, pages: Pages, watch: Watch
) -> None:
    await page.goto(pages.put("/", '<img src="http://picture.example/a.gif">'))
    await page.evaluate("fetch('http://fetch.example/').catch(() => 0)")
    await page.evaluate("navigator.sendBeacon('http://beacon.example/', 'x')")
    await page.evaluate("void fetch('http://192.0.2.1/', {mode: 'no-cors', keepalive: true}).catch(() => 0)")

    wanted = {"picture.example", "fetch.example", "beacon.example", "192.0.2.1"}
    await eventually(lambda: wanted <= watch.hosts)
    assert len(watch.foreign) == 4
    with pytest.raises(AssertionError, match="other hosts"):
        watch.check()
    watch.foreign.clear()


async def test_an_error_in_a_page_is_seen(page: Page, pages: Pages, watch: Watch) -> None:
    await page.goto(pages.put("/", "<script>nobody.home()</script>"))

    await eventually(lambda: watch.errors)
    with pytest.raises(AssertionError, match="nobody is not defined"):
        watch.check()
    watch.errors.clear()

"""What the tracker's tests say often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from playwright.async_api import BrowserContext, Page

KEY = "wk_test"
WAIT_SECONDS = 60.0


def tag(collector: str, key: str = KEY, **options: str) -> str:
    """The line that a page carries; `consent="required"` is `data-consent="required"`."""
    written = "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in options.items())
    return f'<script async src="{collector}/etappe.js" data-key="{key}"{written}></script>'


async def open_page(page: Page, address: str, referrer: str | None = None) -> None:
    """Go there and wait until the tracker has taken over."""
    await page.goto(address, **({"referer": referrer} if referrer else {}))
    await page.wait_for_function("!!(window.etappe && window.etappe.track)")


async def stop_clock(page: Page) -> None:
    """From here on no timer of the page's fires, until `page.clock` goes on. For a page with `clock.install()`."""
    await page.clock.pause_at(await page.evaluate("Date.now()") + 60_000)


async def eventually(holds: Callable[[], object]) -> None:
    """Return when `holds()` is true; fail when it stays false."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS:g} s"
        await asyncio.sleep(0.02)


async def on_device(context: BrowserContext, page: Page) -> dict[str, str]:
    """Everything the page and the tracker have stored: cookies and localStorage."""
    stored: dict[str, str] = await page.evaluate("({...localStorage})")
    assert await page.evaluate("sessionStorage.length") == 0
    return {**stored, **{each["name"]: each["value"] for each in await context.cookies()}}

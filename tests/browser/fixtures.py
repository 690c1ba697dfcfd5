"""Debian's Chromium for the tests: one browser a session, contexts that may talk to this machine alone.

A test that uses these fixtures is async and shares the browser's event loop:

    pytestmark = pytest.mark.asyncio(loop_scope="session")
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from browser.servers import Pages, StandIn
from browser.watch import Watch

if TYPE_CHECKING:  # every test session loads this file, few start a browser
    from playwright.async_api import Browser, BrowserContext, Page

NewContext = Callable[..., Awaitable["BrowserContext"]]

PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
"""A browser without a window calls itself headless, is taken for a bot, and would have no journey. For the whole
browser, because a request that outlives its page does not know what its context calls itself.
"""

FLAGS = [
    f"--user-agent={PERSON}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # what a page asks for elsewhere does not leave this machine, and is seen by the watch
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser, with an empty profile. Without Chromium skipped; with `CI` set that is a failure."""
    executable = shutil.which("chromium")
    if executable is None:
        missing = "Chromium is needed for the browser's tests: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.async_api import async_playwright  # noqa: PLC0415 - see above

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the contexts of a test asked for and broke. A test fails on a foreign host and on a page's error."""
    watching = Watch()
    yield watching
    watching.check()


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(chromium: Browser, watch: Watch) -> AsyncIterator[NewContext]:
    """Makes watched contexts (each a visitor of its own), closed at the end; takes Playwright's options."""
    made: list[BrowserContext] = []

    async def make(**options: Any) -> BrowserContext:
        context = await chromium.new_context(**options)
        watch.follow(context)
        made.append(context)
        return context

    yield make
    for each in made:
        await each.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(new_context: NewContext) -> BrowserContext:
    """One visitor."""
    return await new_context()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    """An empty page of that visitor."""
    return await context.new_page()


@pytest.fixture
def pages() -> Iterator[Pages]:
    """A web site: what it serves is up to the test."""
    with Pages() as server:
        yield server


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """What records in the collector's place."""
    with StandIn() as server:
        yield server

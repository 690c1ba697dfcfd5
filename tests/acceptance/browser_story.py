"""A story told in Chromium with an SDK that speaks the Segment protocol, and what must be read back from it.

Anna comes from an advertisement, reads, looks at a product, says who she is, and pays by a click that leaves the
page. On the same computer, after a sign-out, Ben reads the same page.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser.fixtures import NewContext
from browser.servers import Pages
from node_packages import installed
from playwright.async_api import BrowserContext, Page, Request, Route
from reading_back import customer_of, journey_of, settled
from running import Etappe

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "node_segment"

PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
"""A browser without a window says so, is taken for a bot, and would have no journey."""


ANYTHING = "**/*"
"""What a page asks for. A beacon's body can be read here only of a request that is intercepted on its way. One that
a page makes milliseconds before it is left is then held for good, although the browser has promised to send it: so
nothing is intercepted while a page is left.
"""


class Shop:
    """A web site of two pages, of which the second has no script, and a visitor's browser."""

    def __init__(self, etappe: Etappe, pages: Pages, sdk: str, name: str, load: str) -> None:
        """`sdk` is its file in `node_modules`, `name` what the page calls it, `load` the line that starts it."""
        self._etappe = etappe
        self._pages = pages
        self._sdk = sdk
        self._name = name
        self._load = load
        self.calls: list[Request] = []
        """What the SDK has posted."""

    async def visited_by(self, new_context: NewContext) -> Page:
        context: BrowserContext = await new_context(user_agent=PERSON)
        self._pages.put_script("/sdk.js", (installed(FOLDER) / "node_modules" / self._sdk).read_bytes())
        context.on("request", self._see)
        return await context.new_page()

    def _see(self, request: Request) -> None:
        if request.method == "POST":
            self.calls.append(request)

    @property
    def sent(self) -> list[Json]:
        """Each call once: one under way when its page was left is sent again by the next, under the same id.
        One that leaves with its page may not be seen here."""
        bodies = [json.loads(each.post_data) for each in self.calls if each.post_data]
        listed = [call for body in bodies for call in body.get("batch", [body])]
        return list({each["messageId"]: each for each in listed}.values())

    async def tell(self, page: Page, outlives: bool = True) -> None:
        """Both visits, told to the end. `outlives`: a call gets through although its page is left at once;
        otherwise the next page with the SDK sends it."""
        tablet = {"id": "t-1", "event": "Product Viewed", "identifiers": {"anonymous_id": "anna-tablet"}}
        self._etappe.send(tablet, key=self._etappe.keys["write_key"])
        await self._anna(page, self._put())
        if outlives:
            await settled(self._etappe, 7)
        await self._ben(page)
        await settled(self._etappe, 8)

    def _put(self) -> str:
        head = f'<script src="/sdk.js"></script><script>{self._load}</script>'
        paid = f"{self._name}.track('Order Completed', {{order_id: 'o1', revenue: 129.5, currency: 'CHF'}})"
        self._pages.put("/paid", "Thank you")
        return self._pages.put(
            "/magazine", f'<a id="pay" href="/paid" onclick="{paid}">Pay</a>', head, "Magazine"
        )

    async def _anna(self, page: Page, address: str) -> None:
        await page.route(ANYTHING, Route.continue_)
        await page.goto(f"{address}?utm_source=google&utm_medium=cpc&utm_campaign=autumn")
        await self._call(page, "page('Magazine')")
        await self._call(page, "track('Product Viewed', {product_id: 'p1'})")
        await self._call(page, "identify('anna', {email: 'Anna@Example.ch', plan: 'pro', lastName: 'B'})")
        await self._call(page, "group('acme-ag', {industry: 'retail'})")
        await self._call(page, "alias('anna', 'anna-tablet')")
        await self._until(5)
        await page.unroute(ANYTHING)
        await page.click("#pay")
        await page.wait_for_url("**/paid")

    async def _ben(self, page: Page) -> None:
        await page.route(ANYTHING, Route.continue_)
        await page.goto(self._pages.url + "/magazine")
        # While an SDK still loads it queues calls, and need not keep a reset before the page that follows it.
        await page.evaluate(f"Promise.resolve({self._name}.reset(true)).then(() => null)")
        await self._call(page, "page('Magazine')")

    async def _call(self, page: Page, call: str) -> None:
        await page.evaluate(f"void {self._name}.{call}")

    async def _until(self, count: int) -> None:
        for _ in range(400):
            if len(self.sent) >= count:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{len(self.sent)} of {count} calls were sent")

    def check(self) -> None:
        """Every call went to the collector, and is read back as what it was."""
        hosts = {f"http://{urlsplit(each.url).netloc}" for each in self.calls}
        assert hosts == {self._etappe.collector}
        annas = [each for each in self.sent if each["anonymousId"] == self.sent[0]["anonymousId"]]
        self._check_anna(annas)
        self._check_ben([each for each in self.sent if each not in annas])

    def _check_anna(self, sent: list[Json]) -> None:
        journey = journey_of(self._etappe, "user_id:anna")
        assert {"t-1", *(each["messageId"] for each in sent)} <= set(journey)
        assert sorted(each["event"] for each in journey.values()) == [
            *("Aliased", "Grouped", "Identified", "Order Completed", "Page Viewed"),
            *("Product Viewed", "Product Viewed"),
        ]
        del journey["t-1"]
        self._check_customer(f"anonymous_id:{sent[0]['anonymousId']}")
        named = {each["event"]: each for each in journey.values()}
        for first in (named["Page Viewed"], named["Product Viewed"]):
            assert (first["page"]["path"], first["channel"]) == ("/magazine", "paid_search")
            assert (first["campaign"]["source"], first["campaign"]["name"]) == ("google", "autumn")
        assert named["Page Viewed"]["page"]["title"] == "Magazine"
        assert named["Product Viewed"]["properties"] == {"product_id": "p1"}
        assert (named["Order Completed"]["value"], named["Order Completed"]["currency"]) == (129.5, "CHF")

    def _check_customer(self, device: str) -> None:
        anna = customer_of(self._etappe, device)
        for name in ("email:anna@example.ch", "anonymous_id:anna-tablet"):
            assert customer_of(self._etappe, name)["customer"] == anna["customer"]
        assert (anna["accounts"], anna["traits"], anna["value"]) == (["acme-ag"], {"plan": "pro"}, 129.5)

    def _check_ben(self, sent: list[Json]) -> None:
        """After the sign-out the browser is somebody else's."""
        (ben,) = sent
        journey = journey_of(self._etappe, f"anonymous_id:{ben['anonymousId']}")
        assert [(each["id"], each["event"]) for each in journey.values()] == [
            (ben["messageId"], "Page Viewed")
        ]

"""PostHog's SDK for browsers, unmodified, in Chromium: the collector's address is all that it is given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from browser.fixtures import NewContext
from browser.servers import Answer, Pages, Request
from browser.tracking import eventually
from node_packages import installed
from playwright.async_api import ConsoleMessage, Page, Response
from playwright.async_api import Request as Asked
from running import Etappe

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

FOLDER = Path(__file__).parent / "node_posthog"
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
START = """
<script type="module">
  import posthog from '/posthog.js'
  window.posthog = posthog
  const sent = []
  posthog.on('eventCaptured', each => {
    sent.push([each.event, each.uuid])
    localStorage.setItem('sent', JSON.stringify(sent))
  })
  posthog.init(KEY, OPTIONS)
</script>
<button id="buy" type="button">Buy</button>
"""


LEFT = "net::ERR_ABORTED"
"""A request whose answer no page waits for any more; whether it arrived is for the journeys to show."""


class Shop(Pages):
    """The site, and the SDK's own bundle as its package has it."""

    def __init__(self, bundle: bytes) -> None:
        super().__init__()
        self._bundle = bundle

    def answer(self, request: Request) -> Answer:
        if request.path == "/posthog.js":
            return 200, {"Content-Type": "text/javascript"}, self._bundle
        return super().answer(request)


@pytest.fixture
def shop(etappe_up: Etappe) -> Iterator[Shop]:
    bundle = installed(FOLDER) / "node_modules/posthog-js/dist/module.js"
    with Shop(bundle.read_bytes()) as site:
        yield site


class Heard:
    """What pages asked of the collector, and what went wrong."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, int]] = []
        self.complaints: list[str] = []

    def follow(self, page: Page, collector: str) -> None:
        host = urlsplit(collector).netloc
        page.on("response", lambda each: self._answered(each, host))
        page.on("requestfailed", self._failed)
        page.on("console", self._printed)

    def check(self) -> None:
        """Nothing failed, and of all that PostHog's own servers offer nothing was loaded."""
        assert self.complaints == []
        assert {status for _, status in self.answers} == {200}
        asked = {path for path, _ in self.answers if not path.startswith("/array/")}
        assert asked <= {"/e/", "/flags/"}

    def _answered(self, response: Response, host: str) -> None:
        address = urlsplit(response.url)
        if address.netloc == host:
            self.answers.append((address.path, response.status))

    def _failed(self, request: Asked) -> None:
        if request.failure != LEFT:
            self.complaints.append(f"{request.url}: {request.failure}")

    def _printed(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def heard() -> Heard:
    return Heard()


Open = Callable[..., Awaitable[Page]]


@pytest.fixture
def open_shop(new_context: NewContext, shop: Shop, etappe_up: Etappe, heard: Heard) -> Open:
    """A visitor of its own, on a page of the shop that starts the SDK with these options besides the one URL.

    Automated browsers are bots to the SDK, unless it is told to look away; the agent is a usual one, since the
    collector is not told.
    """

    async def open_page(path: str, query: str = "", **options: Any) -> Page:
        config = {"api_host": etappe_up.collector, "opt_out_useragent_filter": True, **options}
        key = json.dumps(etappe_up.keys["write_key"])
        shop.put(
            path, body=START.replace("KEY", key).replace("OPTIONS", json.dumps(config)), title="The shop"
        )
        context = await new_context(user_agent=AGENT)
        page = await context.new_page()
        heard.follow(page, etappe_up.collector)
        await page.goto(f"{shop.url}{path}{query}")
        await page.wait_for_function("window.posthog?.__loaded")
        return page

    return open_page


async def call(page: Page, method: str, *arguments: Any) -> Any:
    """A method of the SDK; events have no two times alike, so that their order is told by them."""
    await asyncio.sleep(0.005)
    return await page.evaluate(f"([...each]) => posthog.{method}(...each) ?? null", arguments)


async def sent_by(page: Page) -> dict[str, str]:
    """Id -> name of every event that the SDK made in this visitor's pages, in their order."""
    return {uuid: name for name, uuid in json.loads(await page.evaluate("localStorage.getItem('sent')"))}


def stored(etappe: Etappe) -> int:
    row = etappe.ask("/v1/freshness")["rows"][0]
    return row["stored"] if row["lag_seconds"] == 0 else -1


def customer(etappe: Etappe, identifier: str) -> dict[str, Any]:
    row: dict[str, Any] = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row


def status_of(etappe: Etappe, identifier: str) -> int:
    headers = {"Authorization": f"Bearer {etappe.keys['read_token']}"}
    return httpx.get(
        f"{etappe.query}/v1/customers", params={"identifier": identifier}, headers=headers
    ).status_code


def journey(etappe: Etappe, identifier: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = etappe.ask(
        f"/v1/customers/{customer(etappe, identifier)['customer']}/journey"
    )["rows"]
    return rows


NAMES = {
    "$pageview": "Page Viewed",
    "$identify": "Identified",
    "$set": "Traits Set",
    "$groupidentify": "Grouped",
    "$create_alias": "Aliased",
}


def _check_anna(etappe: Etappe, rows: list[dict[str, Any]], device: str) -> None:
    anna = customer(etappe, "user_id:anna")
    assert (anna["accounts"], anna["traits"], anna["value"]) == (["acme-ag"], {"plan": "max"}, 129.5)
    assert [each for each in anna["identifiers"] if not each.startswith("email:#")] == [
        f"anonymous_id:{device}",
        f"distinct_id:{device}",
        "distinct_id:anna",
        "distinct_id:anna-crm",
        "user_id:anna",
    ]
    for also in ("email:anna@example.ch", "distinct_id:anna-crm", f"distinct_id:{device}"):
        assert customer(etappe, also)["customer"] == anna["customer"]
    view, click, product = rows[:3]
    assert (view["channel"], view["campaign"]["name"]) == ("paid_search", "autumn")
    assert (view["page"]["path"], view["page"]["title"]) == ("/hausrat", "The shop")
    assert (click["properties"]["$event_type"], click["properties"]["$el_text"]) == ("click", "Buy")
    assert product["properties"]["product_id"] == "hausrat"
    assert [(each["value"], each["currency"]) for each in rows if each["value"]] == [(129.5, "CHF")]


def _check_ben(etappe: Etappe, first_device: str, device: str) -> None:
    """The browser is Anna's until Ben logs in; what it did after her logout is his.

    His login names the id it has had since her logout. That it is the same browser, by its first id, is said by
    what he does after it: here by his leaving.
    """
    ben = customer(etappe, "user_id:ben")
    assert (ben["accounts"], ben["value"]) == ([], 0)
    assert customer(etappe, f"anonymous_id:{device}")["customer"] == ben["customer"]
    assert customer(etappe, "email:ben@example.ch")["customer"] == ben["customer"]
    shared = customer(etappe, f"anonymous_id:{first_device}")
    owners = {shared["customer"], *(each["customer"] for each in shared["also"])}
    assert owners == {ben["customer"], customer(etappe, "user_id:anna")["customer"]}


async def _leave(page: Page, shop: Shop) -> dict[str, str]:
    """Go to a page without the SDK; all that was sent, the leaving included, which goes by a beacon.

    What the SDK is compressing just then, which it does in the background, is lost with its page: for everything
    that was to be sent before, the caller has to wait.
    """
    shop.put("/left")
    await page.goto(f"{shop.url}/left")
    await page.wait_for_function("localStorage.getItem('sent').includes('$pageleave')")
    return await sent_by(page)


async def test_two_people_at_one_browser_are_two_journeys(
    open_shop: Open, shop: Shop, etappe_up: Etappe, heard: Heard
) -> None:
    """Anna comes from an advertisement, looks, logs in, orders and logs out; then Ben reads and logs in."""
    before = stored(etappe_up)
    page = await open_shop("/hausrat", "?utm_source=google&utm_medium=cpc&utm_campaign=autumn&gclid=G1")
    annas = await call(page, "get_distinct_id")
    await eventually(lambda: ("/e/", 200) in heard.answers)
    await page.click("#buy")
    await call(page, "capture", "Product Viewed", {"product_id": "hausrat", "$feature/checkout-cta": "B"})
    await call(page, "group", "company", "acme-ag", {"employees": 9})
    await call(page, "identify", "anna", {"email": "Anna@Example.ch", "plan": "pro"})
    await call(page, "setPersonProperties", {"plan": "max"})
    await call(page, "capture", "Order Completed", {"revenue": 129.5, "currency": "CHF"})
    await call(page, "alias", "anna-crm")
    await call(page, "reset")
    bens = await call(page, "get_distinct_id")
    await call(page, "capture", "Help Read")
    await call(page, "identify", "ben", {"email": "ben@example.ch"})
    made = await sent_by(page)
    await eventually(lambda: stored(etappe_up) == before + len(made))
    sent = await _leave(page, shop)
    await eventually(lambda: stored(etappe_up) == before + len(sent))

    assert list(sent.values()) == [
        *("$pageview", "$autocapture", "Product Viewed", "$groupidentify", "$identify", "$set"),
        *("Order Completed", "$create_alias", "Help Read", "$identify", "$pageleave"),
    ]
    expected = [(uuid, NAMES.get(name, name)) for uuid, name in sent.items()]
    anna, ben = journey(etappe_up, "user_id:anna"), journey(etappe_up, "user_id:ben")
    assert [(each["id"], each["event"]) for each in anna] == expected[:8]
    assert [(each["id"], each["event"]) for each in ben] == expected[8:]
    _check_anna(etappe_up, anna, annas)
    _check_ben(etappe_up, annas, bens)
    heard.check()


async def test_who_opts_out_sends_nothing_until_he_opts_in(
    open_shop: Open, etappe_up: Etappe, heard: Heard
) -> None:
    before = stored(etappe_up)
    page = await open_shop("/quiet", opt_out_capturing_by_default=True, capture_pageleave=False)
    await call(page, "capture", "Not Sent")
    await call(page, "opt_in_capturing")
    visitor = await call(page, "get_distinct_id")
    await call(page, "capture", "Sent")
    await call(page, "opt_out_capturing")
    await call(page, "capture", "Not Sent Either")
    sent = await sent_by(page)
    await eventually(lambda: stored(etappe_up) == before + len(sent))

    names = [each["event"] for each in journey(etappe_up, f"anonymous_id:{visitor}")]
    assert sorted(names) == ["$opt_in", "Page Viewed", "Sent"]
    heard.check()


async def test_a_visitor_without_cookies_is_counted_and_not_known(
    open_shop: Open, etappe_up: Etappe, heard: Heard
) -> None:
    """PostHog's mark for such a visitor, the same for all of them, becomes nobody's identifier."""
    before, people = stored(etappe_up), etappe_up.funnel_counts()["awareness"]
    page = await open_shop("/plain", cookieless_mode="always", capture_pageleave=False)
    await call(page, "capture", "Product Viewed")
    await eventually(lambda: stored(etappe_up) == before + 2)

    assert etappe_up.funnel_counts()["awareness"] == people + 1
    for kind in ("anonymous_id", "distinct_id", "user_id"):
        assert status_of(etappe_up, f"{kind}:$posthog_cookieless") == 404
    assert await page.evaluate("document.cookie") == ""
    heard.check()

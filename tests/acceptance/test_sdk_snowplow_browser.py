"""Snowplow's tracker for browsers and its e-commerce plugin, unmodified, in Chromium: the collector's address is all
that they are given."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from browser.fixtures import NewContext
from browser.servers import Pages
from node_packages import installed
from playwright.async_api import BrowserContext, Page, Request, Response, Route
from reading_back import Json, customer_of, journey_of, settled
from running import Etappe

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

FOLDER = Path(__file__).parent / "node_snowplow"
SCRIPTS = {
    "/tracker.js": "node_modules/@snowplow/browser-tracker/dist/index.umd.min.js",
    "/shop.js": "node_modules/@snowplow/browser-plugin-snowplow-ecommerce/dist/index.umd.min.js",
}

PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
"""A browser without a window says so, is taken for a bot, and would have no journey."""

LOADED = """<script src="/tracker.js"></script><script src="/shop.js"></script><script>
const sp = snowplowBrowserTracking, shop = snowplowEcommerceAccelerator
sp.newTracker('sp', COLLECTOR, {
  appId: 'shop', cookieSecure: false, plugins: [shop.SnowplowEcommercePlugin()], ...OPTIONS
})
</script>"""

SEARCHED = """sp.trackSelfDescribingEvent({
  event: {schema: 'iglu:com.acme/searched/jsonschema/1-0-0', data: {words: 'zürich → bern', hits: 3}},
  context: [{schema: 'iglu:com.acme/shelf/jsonschema/1-0-0', data: {name: 'home'}}]
})"""
BOUGHT = """shop.trackTransaction({
  transaction_id: 'o1', revenue: 129.5, currency: 'CHF', payment_method: 'card',
  products: [
    {id: 'p1', category: 'home', price: 100, currency: 'CHF'},
    {id: 'p2', category: 'home', price: 29.5, currency: 'CHF'}
  ]
})"""


class Heard:
    """What a visitor's pages sent to the collector, and what it answered."""

    def __init__(self, context: BrowserContext, collector: str) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int] = []
        self._collector = collector
        context.on("request", self._see)
        context.on("response", self._hear)

    def _see(self, request: Request) -> None:
        if request.url.startswith(self._collector) and request.method != "OPTIONS":
            self.requests.append(request)

    def _hear(self, response: Response) -> None:
        if response.url.startswith(self._collector):
            self.statuses.append(response.status)

    @property
    def events(self) -> list[Json]:
        """Each once: what is under way when its page is left is sent again by the next one, under the same id."""
        found: dict[str, Json] = {}
        for each in self.requests:
            for event in _events_of(each):
                found.setdefault(event["eid"], event)
        return list(found.values())

    def kinds(self) -> list[str]:
        return [each["e"] for each in self.events]


def _events_of(request: Request) -> list[Json]:
    if request.method == "GET":
        return [dict(parse_qsl(urlsplit(request.url).query))]
    events: list[Json] = json.loads(request.post_data or "")["data"]
    return events


async def serve(route: Route) -> None:
    """A file of the packages as it is."""
    await route.fulfill(path=str(installed(FOLDER) / SCRIPTS[urlsplit(route.request.url).path]))


async def visitor(new_context: NewContext, etappe: Etappe) -> tuple[Page, Heard]:
    """A browser that finds the tracker on the site."""
    context = await new_context(user_agent=PERSON)
    for path in SCRIPTS:
        await context.route(f"**{path}", serve)
    heard = Heard(context, etappe.collector)
    return await context.new_page(), heard


def loaded(etappe: Etappe, **options: Any) -> str:
    return LOADED.replace("COLLECTOR", json.dumps(etappe.collector)).replace("OPTIONS", json.dumps(options))


async def sent(page: Page, heard: Heard, kinds: list[str]) -> list[Json]:
    """The events, once these kinds of them have left."""
    for _ in range(200):
        if sorted(heard.kinds()) == sorted(kinds):
            return heard.events
        await page.wait_for_timeout(50)
    raise AssertionError(f"sent: {heard.kinds()}, wanted: {kinds}")


async def stored(etappe: Etappe, more: int, before: int) -> None:
    await settled(etappe, before + more)


def count(etappe: Etappe) -> int:
    found: int = etappe.ask("/v1/freshness")["rows"][0]["stored"]
    return found


def named(journey: dict[str, Json]) -> dict[str, Json]:
    return {each["event"]: each for each in journey.values()}


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize("encoded", [True, False])
async def test_what_the_tracker_sends_is_read_back_as_one_journey(
    etappe_up: Etappe, new_context: NewContext, pages: Pages, method: str, encoded: bool
) -> None:
    before = count(etappe_up)
    user = f"anna-{method}-{encoded}"
    page, heard = await visitor(new_context, etappe_up)
    head = loaded(etappe_up, eventMethod=method, encodeBase64=encoded, contexts={"session": True})
    address = pages.put("/magazine", '<p style="height: 5000px">Read</p>', head, "Magazine")
    await page.goto(f"{address}?utm_source=google&utm_medium=cpc&utm_campaign=autumn")
    await page.evaluate("sp.enableActivityTracking({minimumVisitLength: 1, heartbeatDelay: 1})")
    await page.evaluate("sp.trackPageView()")
    await sent(page, heard, ["pv"])
    await page.mouse.wheel(0, 400)
    events = await sent(page, heard, ["pv", "pp"])
    await page.evaluate("sp.disableActivityTracking()")
    await page.evaluate(
        "sp.trackStructEvent({category: 'video', action: 'Played', label: 'trailer', value: 1.5})"
    )
    await page.evaluate(f"sp.setUserId({user!r})")
    await page.evaluate(SEARCHED)
    await page.evaluate(BOUGHT)
    events = await sent(page, heard, ["pv", "pp", "se", "ue", "ue"])
    await stored(etappe_up, len(events), before)

    assert {each.method for each in heard.requests} == {method.upper()}
    assert all(("ue_px" in each) == encoded for each in events if each["e"] == "ue")
    journey = journey_of(etappe_up, f"user_id:{user}")
    assert sorted(journey) == sorted(each["eid"] for each in events)
    check_journey(named(journey), events)
    device = customer_of(etappe_up, f"anonymous_id:{events[0]['duid']}")
    assert (device["customer"], device["value"]) == (
        customer_of(etappe_up, f"user_id:{user}")["customer"],
        129.5,
    )


def check_journey(found: dict[str, Json], events: list[Json]) -> None:
    assert set(found) == {"Page Viewed", "Page Pinged", "Played", "searched", "snowplow_ecommerce_action"}
    common = {
        "app_id": "shop",
        "platform": "web",
        "language": "en-US",
        "session_id": events[0]["sid"],
        "session_index": 1,
        "page_view_id": page_view_of(events[0]),
    }
    viewed = found["Page Viewed"]
    assert viewed["properties"] == common
    assert (viewed["page"]["path"], viewed["page"]["title"]) == ("/magazine", "Magazine")
    assert (viewed["channel"], viewed["campaign"]["name"]) == ("paid_search", "autumn")
    (ping,) = [each for each in events if each["e"] == "pp"]
    offsets = {name: int(value) for name, value in ping.items() if name.startswith("pp_")}
    assert offsets["pp_may"] > 0
    assert found["Page Pinged"]["properties"] == common | offsets
    played = {"category": "video", "label": "trailer", "value": 1.5}
    assert (found["Played"]["properties"], found["Played"]["value"]) == (common | played, None)
    searched = {"words": "zürich → bern", "hits": 3, "shelf": {"name": "home"}}
    assert found["searched"]["properties"] == common | searched
    bought = found["snowplow_ecommerce_action"]
    assert (bought["value"], bought["currency"]) == (129.5, "CHF")
    assert bought["properties"]["type"] == "transaction"
    assert [each["id"] for each in bought["properties"]["product"]] == ["p1", "p2"]


def page_view_of(event: Json) -> str:
    """As the tracker wrote it into its entities."""
    text = event["co"] if "co" in event else base64.urlsafe_b64decode(event["cx"] + "==").decode()
    (found,) = [each["data"]["id"] for each in json.loads(text)["data"] if "/web_page/" in each["schema"]]
    return str(found)


@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize("hosts", [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")])
async def test_a_link_to_another_site_makes_both_devices_one_customers(
    etappe_up: Etappe, new_context: NewContext, pages: Pages, extended: bool, hosts: tuple[str, str]
) -> None:
    before = count(etappe_up)
    page, heard = await visitor(new_context, etappe_up)
    head = loaded(etappe_up, useExtendedCrossDomainLinker=extended)
    linked = "<script>sp.crossDomainLinker(() => true)</script>"
    pages.put("/there", "Here", head + "<script>sp.trackPageView()</script>")
    pages.put("/here", f'<a href="{pages.at(hosts[1], "/there?a=1")}">There</a>{linked}', head)
    await page.goto(pages.at(hosts[0], "/here"))
    await page.evaluate("sp.trackPageView()")
    await sent(page, heard, ["pv"])
    await page.click("a")
    await page.wait_for_url("**/there**")
    first, second = await sent(page, heard, ["pv", "pv"])
    await stored(etappe_up, 2, before)

    assert f"_sp={first['duid']}." in second["url"]
    assert second["url"].partition("_sp=")[2].partition("&")[0].count(".") == (4 if extended else 1)
    assert first["duid"] != second["duid"]
    here, there = (customer_of(etappe_up, f"anonymous_id:{each['duid']}") for each in (first, second))
    assert here["customer"] == there["customer"]
    journey = journey_of(etappe_up, f"anonymous_id:{first['duid']}")
    assert set(journey) == {first["eid"], second["eid"]}
    assert journey[second["eid"]]["page"]["url"] == pages.at(hosts[1], "/there?a=1")


@pytest.mark.parametrize("session", [True, False])
async def test_an_anonymous_visit_is_counted_and_nobody_is_known_by_it(
    etappe_up: Etappe, new_context: NewContext, pages: Pages, session: bool
) -> None:
    before, visitors = count(etappe_up), etappe_up.funnel_counts()["awareness"]
    page, heard = await visitor(new_context, etappe_up)
    anonymous = {"withServerAnonymisation": True, "withSessionTracking": session}
    await page.goto(pages.put("/", "", loaded(etappe_up, anonymousTracking=anonymous)))
    await page.evaluate("sp.setUserId('carl')")
    await page.evaluate("sp.trackPageView()")
    await page.evaluate(SEARCHED)
    events = await sent(page, heard, ["pv", "ue"])
    await stored(etappe_up, 2, before)

    for each in heard.requests:
        assert await each.header_value("sp-anonymous") == "*"
    assert heard.statuses and set(heard.statuses) <= {200, 204}
    assert [("duid" in each, "uid" in each, "sid" in each) for each in events] == [
        (False, False, session)
    ] * 2
    assert etappe_up.funnel_counts()["awareness"] == visitors + 1
    for name in ("user_id:carl", *(f"anonymous_id:{each['sid']}" for each in events if session)):
        assert not is_known(etappe_up, name)


def is_known(etappe: Etappe, identifier: str) -> bool:
    reply = httpx.get(
        f"{etappe.query}/v1/customers",
        params={"identifier": identifier},
        headers={"Authorization": f"Bearer {etappe.keys['read_token']}"},
        timeout=20,
    )
    assert reply.status_code in (200, 404), reply.text
    return reply.status_code == 200


async def test_the_network_cookie_makes_two_sites_one_device(
    etappe_up: Etappe, new_context: NewContext, pages: Pages
) -> None:
    set_to = etappe_up.command("workspaces", "set", "default", "network_cookie", "true")
    assert set_to.returncode == 0, set_to.stdout + set_to.stderr
    before = count(etappe_up)
    page, heard = await visitor(new_context, etappe_up)
    pages.put("/", "", loaded(etappe_up))
    events: list[Json] = []
    for visit in (1, 2):
        await page.goto(f"{pages.url}/")
        await page.evaluate("sp.trackPageView()")
        events = await sent(page, heard, ["pv"] * visit)
        await page.evaluate("sp.clearUserData()")
    await stored(etappe_up, 2, before)

    (cookie,) = [each for each in await page.context.cookies(etappe_up.collector) if each["name"] == "sp"]
    assert cookie["httpOnly"]
    assert events[0]["duid"] != events[1]["duid"]
    names = [f"device_id:{cookie['value']}", *(f"anonymous_id:{each['duid']}" for each in events)]
    assert len({customer_of(etappe_up, name)["customer"] for name in names}) == 1


async def test_a_key_in_the_trackers_path_is_taken_and_a_wrong_one_is_not(
    etappe_up: Etappe, new_context: NewContext, pages: Pages
) -> None:
    before = count(etappe_up)
    for key, status in (("wk_unknown", 401), (etappe_up.keys["write_key"], 200)):
        page, heard = await visitor(new_context, etappe_up)
        path = f"/com.snowplowanalytics.snowplow/tp2?key={key}"
        await page.goto(pages.put("/", "", loaded(etappe_up, postPath=path)))
        await page.evaluate("sp.trackPageView()")
        await sent(page, heard, ["pv"])
        await page.wait_for_timeout(300)
        assert set(heard.statuses) - {204} == {status}
    await stored(etappe_up, 1, before)

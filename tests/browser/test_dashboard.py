"""The dashboard in a real browser: what it shows is what the query API answers, and everybody can use it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import httpx
import pytest
import pytest_asyncio
from acceptance.running import Etappe, start
from browser.dashboard import (
    REFUSED,
    VIEWS,
    Dashboard,
    figures,
    post,
    send_traffic,
    settled,
    violations,
    whole,
)
from browser.fixtures import NewContext
from browser.watch import Watch
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def etappe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    running = start(tmp_path_factory.mktemp("dashboard") / "data")
    try:
        running.wait_until_ready()
        send_traffic(running)
        yield running
        assert running.stop() == 0, running.printed()
    finally:
        running.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def dashboard(etappe: Etappe, new_context: NewContext, watch: Watch) -> AsyncIterator[Dashboard]:
    made = Dashboard(etappe, new_context)
    yield made
    assert made.said == []
    assert watch.hosts <= {"127.0.0.1"}


@cache
def names_of_many_devices(query: str, token: str) -> list[str]:
    """The identifiers of somebody who has several."""
    with httpx.Client(base_url=query, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        for number in range(1, 151):
            reply = client.get("/v1/customers", params={"identifier": f"user_id:demo-7-60-{number:06}"})
            if reply.is_success and len(names := reply.json()["rows"][0]["identifiers"]) > 3:
                return list(names)
    raise AssertionError("the made-up traffic has nobody with several devices")


def customer_of_many_devices(etappe: Etappe) -> dict[str, Any]:
    """Somebody with several linked identifiers, as they are now."""
    person = names_of_many_devices(etappe.query, etappe.keys["read_token"])[-1]
    found: dict[str, Any] = etappe.ask("/v1/customers", identifier=person)["rows"][0]
    return found


# Figures


async def test_the_overview_shows_the_funnel_of_the_api(dashboard: Dashboard, etappe: Etappe) -> None:
    rows = etappe.ask("/v1/funnel")["rows"]
    fresh = etappe.ask("/v1/freshness")["rows"][0]

    shown = await figures(await dashboard.open())

    assert {row["phase"]: whole(shown[f"count.{row['phase']}"]) for row in rows} == etappe.funnel_counts()
    assert [whole(shown[f"dropped.{row['phase']}"]) for row in rows] == [row["dropped"] for row in rows]
    assert whole(shown["entered"]) == rows[0]["count"]
    purchase = next(row for row in rows if row["phase"] == "purchase")
    assert shown["conversion"] == shown["rate.purchase"]
    assert float(shown["conversion"].rstrip("%")) == pytest.approx(purchase["rate"] * 100, abs=0.051)
    assert fresh["lag_seconds"] == 0
    assert shown["fresh"] == "Live"


async def test_the_journey_map_shows_the_cells_of_the_api(dashboard: Dashboard, etappe: Etappe) -> None:
    rows = etappe.ask("/v1/map")["rows"]
    page = await dashboard.open("map")

    cells = {
        await cell.get_attribute("data-figure"): whole(await cell.locator("b").inner_text())
        for cell in await page.locator("button.cell").all()
    }

    assert len(rows) > 8
    assert cells == {f"{row['channel']}.{row['phase']}": row["customers"] for row in rows}


async def test_the_funnel_builder_shows_every_group(dashboard: Dashboard, etappe: Etappe) -> None:
    rows = etappe.ask("/v1/funnel", by="channel", model="aida")["rows"]

    shown = await figures(await dashboard.open("funnel", by="channel", model="aida"))

    assert {name: whole(value) for name, value in shown.items()} == {
        f"reached.{row['group']}.{row['phase']}": row["count"] for row in rows
    }


async def test_own_steps_are_asked_as_they_stand(dashboard: Dashboard, etappe: Etappe) -> None:
    steps = [{"event": "Product Viewed"}, {"event": "Quote Requested"}]
    rows = post(etappe, "/v1/funnel/steps", {"steps": steps, "order": "ordered"})
    page = await dashboard.open("funnel", steps=str(steps).replace("'", '"'))

    shown = await figures(page)

    counts = [row["count"] for row in rows]
    assert counts[0] > counts[1] > 0
    assert [whole(value) for name, value in shown.items() if name.startswith("reached.")] == counts
    await page.locator('[data-figure="reached..Quote Requested"]').click()
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("dialog.drawer tbody tr")).to_have_count(counts[1])


async def test_paths_show_the_journeys_of_the_api(dashboard: Dashboard, etappe: Etappe) -> None:
    meta = etappe.ask("/v1/paths", collapse="true", by="channel")["meta"]

    page = await dashboard.open("paths", by="channel")

    assert whole((await figures(page))["journeys"]) == meta["journeys"]
    await expect(page.locator(".chart canvas")).to_be_visible()


async def test_a_customers_page_shows_their_touchpoints(dashboard: Dashboard, etappe: Etappe) -> None:
    somebody = customer_of_many_devices(etappe)
    rows = etappe.ask(f"/v1/customers/{somebody['customer']}/journey")["rows"]

    page = await dashboard.open("customer", identifier=somebody["identifiers"][0])

    assert whole((await figures(page))["touchpoints"]) == somebody["touchpoints"] == len(rows)
    assert await page.locator(".point b").all_inner_texts() == [row["event"] for row in rows]
    await expect(page.locator(".node")).to_have_count(len(somebody["identifiers"]))


async def test_models_stand_side_by_side(dashboard: Dashboard, etappe: Etappe) -> None:
    shown = await figures(await dashboard.open("models"))

    for model in ("acpl", "aida", "stdc"):
        assert {
            name.rpartition(".")[2]: whole(value) for name, value in shown.items() if f"side.{model}." in name
        } == etappe.funnel_counts(model=model)


async def test_health_shows_the_reconciliation_and_what_was_refused(
    dashboard: Dashboard, etappe: Etappe
) -> None:
    fresh = etappe.ask("/v1/freshness")["rows"][0]

    page = await dashboard.open("health", admin=True)
    shown = await figures(page)

    for name in ("accepted", "stored", "duplicates", "rejected", "erased"):
        assert whole(shown[name]) == fresh[name], name
    assert whole(shown["reason.missing_event"]) == REFUSED
    await expect(page.locator(".refused > li")).to_have_count(REFUSED)


# People, exports, the question in the address


async def test_behind_a_number_are_as_many_people(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open()
    await page.locator('[data-figure="count.loyalty"] button').click()
    drawer = page.locator("dialog.drawer")

    await expect(drawer.locator("tbody tr")).to_have_count(etappe.funnel_counts()["loyalty"])
    await drawer.locator("tbody a").first.click()
    await settled(page)
    await expect(page.locator(".who-card h2")).to_be_visible()
    assert "view=customer" in page.url


async def test_the_address_restores_the_whole_question(dashboard: Dashboard) -> None:
    page = await dashboard.open("funnel")
    await page.locator("select[name=model]").select_option("stdc")
    await page.locator("select[name=order]").select_option("touched")
    await page.locator("select[name=by]").select_option("device")
    await page.locator("input[name=window]").fill("30d")
    await page.locator("input[name=window]").press("Enter")
    await page.get_by_role("button", name="Add a filter").click()
    await page.get_by_label("Value", exact=True).fill("direct")
    await page.get_by_label("Value", exact=True).press("Enter")
    await settled(page)
    seen = await figures(page)

    other = await dashboard.page()
    await other.goto(page.url)
    await settled(other)

    assert await figures(other) == seen
    assert len(seen) >= 8
    for name, value in {"model": "stdc", "order": "touched", "by": "device"}.items():
        assert await other.locator(f"select[name={name}]").input_value() == value
    assert await other.locator("input[name=window]").input_value() == "30d"
    assert "where=channel%3Aeq%3Adirect" in other.url
    assert "rk_" not in page.url


async def test_back_returns_to_the_view_before(dashboard: Dashboard) -> None:
    page = await dashboard.open("health")
    await page.get_by_role("link", name="Journey map").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Journey map")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Rejects & health")


async def test_csv_png_and_the_call_itself(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("funnel", by="channel")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=etappe.query)

    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save as CSV").click()
    table = list(csv.DictReader(io.StringIO((await (await saved.value).path()).read_text())))
    async with page.expect_download() as drawn:
        await page.get_by_role("button", name="Save as picture").click()
    picture = (await (await drawn.value).path()).read_bytes()
    await page.get_by_role("button", name="Copy as API call").click()
    call = await page.evaluate("navigator.clipboard.readText()")

    rows = etappe.ask("/v1/funnel", by="channel")["rows"]
    assert [(each["group"], each["phase"], int(each["count"])) for each in table] == [
        (row["group"] or "", row["phase"], row["count"]) for row in rows
    ]
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000
    assert f'{etappe.query}/v1/funnel?model=acpl&by=channel"' in call
    assert etappe.keys["read_token"] not in call


async def test_every_answer_says_how_it_is_counted(dashboard: Dashboard) -> None:
    page = await dashboard.open("funnel", order="ordered", window="7d")
    rules = page.locator("details.rules")
    await rules.locator("summary").click()

    said = await rules.inner_text()
    for sentence in (
        "Phases count in their order",
        "Within 7 days",
        "by the model acpl, version",
        "Of all time",
    ):
        assert sentence in said


# Tokens, first run, what changes


async def test_the_link_of_etappe_up_opens_it_and_leaves_no_token_in_the_address(
    dashboard: Dashboard, etappe: Etappe
) -> None:
    page = await dashboard.page(token="")
    await page.goto(f"{etappe.query}/#token={etappe.keys['read_token']}&key={etappe.keys['write_key']}")
    await settled(page)

    assert page.url == f"{etappe.query}/"
    assert "count.awareness" in await figures(page)
    assert await page.evaluate("localStorage.length") == 0


async def test_without_a_token_it_asks_for_one(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.page(token="")
    await page.goto(dashboard.address())
    field = page.locator("#token")
    await field.fill("rk_wrong")
    await field.press("Enter")
    await expect(page.locator("dialog .notice.bad")).to_be_visible()
    await page.locator("#token").fill(etappe.keys["read_token"])
    await page.locator("#token").press("Enter")

    await expect(page.locator('[data-figure="count.awareness"]').first).to_be_visible()
    assert [each for each in dashboard.said if "401" not in each] == []
    dashboard.said.clear()


async def test_what_operators_do_asks_for_an_admin_token(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("health")
    await expect(page.locator(".refused")).to_have_count(0)
    await page.get_by_role("button", name="Enter an admin token").click()
    await page.locator("#token").fill(etappe.keys["admin_token"])
    await page.locator("#token").press("Enter")

    await expect(page.locator(".refused > li").first).to_be_visible()


async def test_an_empty_workspace_becomes_a_funnel_with_its_first_touchpoint(
    dashboard: Dashboard, etappe: Etappe
) -> None:
    (made,) = post(etappe, "/v1/workspaces", {"name": "empty"}, "admin_token")
    read, write = made["read_token"], made["write_key"]
    page = await dashboard.page(token=read)
    await page.goto(f"{etappe.query}/#key={write}&collector={etappe.collector}")
    snippet = page.locator(".snippet pre")
    await expect(snippet).to_contain_text(f'{etappe.collector}/etappe.js" data-key="{write}"')

    etappe.send({"event": "Product Viewed", "identifiers": {"user_id": "first"}}, key=write)

    await expect(page.locator('[data-figure="count.consideration"]')).to_have_text("1", timeout=20_000)


async def test_a_touchpoint_shows_up_while_one_looks(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open()
    await expect(page.locator(".live li")).to_have_count(8)
    before = whole((await figures(page))["count.awareness"])

    etappe.send({"event": "Policy Issued", "value": 88, "identifiers": {"user_id": "somebody-new"}})

    first = page.locator(".live li").first
    await expect(first).to_contain_text("Purchase", timeout=15_000)
    await expect(first).to_contain_text("88")
    await page.reload()
    await settled(page)
    assert whole((await figures(page))["count.awareness"]) == before + 1


async def test_why_two_identifiers_are_one_and_taking_a_link_back(
    dashboard: Dashboard, etappe: Etappe
) -> None:
    somebody = customer_of_many_devices(etappe)
    path = f"/v1/customers/{somebody['customer']}/identity"
    link = next(row for row in etappe.ask(path)["rows"] if row["rule"] == "login")
    page = await dashboard.open("customer", identifier=somebody["identifiers"][-1], admin=True)
    for name in (link["a"], link["b"]):
        await page.locator(f'.node[title="{name}"]').click()
    chain = page.locator(".chain")
    await expect(chain).to_contain_text("was used by")
    (told,) = etappe.ask(path, a=link["a"], b=link["b"])["rows"]
    await expect(chain).to_contain_text(told["event"])

    await chain.get_by_role("button", name="Take this link back").click()
    await page.get_by_role("button", name="Take it back", exact=True).click()
    await expect(page.locator(".toast")).to_contain_text("Done")
    await expect(page.locator(".node")).to_have_count(len(somebody["identifiers"]) - 1, timeout=15_000)

    (decision,) = etappe.ask("/v1/identity/splits", "admin_token")["rows"]
    assert {decision["a"], decision["b"]} == {link["a"], link["b"]}


async def test_a_refused_event_is_repaired_and_sent_again(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("health", admin=True)
    await page.locator(".refused summary").first.click()
    await page.get_by_role("button", name="Repair and replay").first.click()
    await page.locator("textarea[name=merge]").fill('{"event": "Order Completed"}')
    await page.get_by_role("button", name="Send again").click()
    await expect(page.locator(".toast")).to_have_text("Accepted.")

    await expect(page.locator(".refused > li")).to_have_count(REFUSED - 1)
    assert len(etappe.ask("/v1/rejects", "admin_token", state="replayed")["rows"]) == 1


async def test_a_model_is_previewed_and_saved(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("models", model="new", admin=True)
    await page.get_by_role("button", name="Preview", exact=True).click()
    preview = page.locator(".profile .count")
    await expect(preview).to_have_count(2)
    seen = [whole(each) for each in await preview.all_inner_texts()]
    await expect(page.locator(".tall .chip", has_text="Bought").first).to_be_visible()
    await page.locator(".tall summary").first.click()
    await expect(page.locator(".tall pre").first).to_contain_text('"at"')
    await page.get_by_role("button", name="Save …").click()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".toast")).to_contain_text("Saved")

    async with asyncio.timeout(20):
        while not any(
            row["name"] == "mine" and row["state"] == "active" for row in etappe.ask("/v1/models")["rows"]
        ):
            await asyncio.sleep(0.1)
    assert list(etappe.funnel_counts(model="mine").values()) == seen


# For everybody


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(1440, "light", "en-US"), (390, "dark", "de-CH")], ids=["wide", "phone"]
)
async def test_no_view_is_a_barrier(
    dashboard: Dashboard, etappe: Etappe, width: int, scheme: str, language: str
) -> None:
    """Every view with its rules open: no serious violation, no scrolling sideways, the reader's language and theme."""
    page = await dashboard.page(width=width, admin=True, color_scheme=scheme, locale=language)
    found: dict[str, list[str]] = {}
    for view in VIEWS:
        asked = (
            {"identifier": customer_of_many_devices(etappe)["identifiers"][-1]} if view == "customer" else {}
        )
        await page.goto(dashboard.address(view, **asked))
        await settled(page)
        for rules in await page.locator("details.rules summary").all():
            await rules.click()
        found[view] = await violations(page)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[view].append("it scrolls sideways")
    seen = await page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]")

    assert found == {view: [] for view in VIEWS}
    assert seen == [language[:2], scheme]


@pytest.mark.parametrize("view", ["overview", "map", "funnel", "health"])
async def test_the_keyboard_reaches_everything(dashboard: Dashboard, view: str) -> None:
    page = await dashboard.open(view, admin=True)
    wanted = await page.evaluate(
        """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.disabled)
        .map((each, index) => (each.dataset.stop = index)).length"""
    )
    reached = set()
    for _ in range(wanted + 2):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement?.dataset.stop"))

    assert wanted > 12
    assert len(reached - {None}) == wanted


async def test_a_drawer_is_opened_and_left_by_keyboard(dashboard: Dashboard) -> None:
    page = await dashboard.open()
    button = page.locator('[data-figure="dropped.purchase"] button')
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog.drawer tbody tr").first).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")

    await expect(page.locator("dialog.drawer")).to_have_count(0)
    await expect(button).to_be_focused()


async def test_the_menu_of_a_phone(dashboard: Dashboard) -> None:
    page = await dashboard.open(width=390)
    await expect(page.get_by_role("link", name="Paths")).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("link", name="Paths").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Paths")
    await expect(page.get_by_role("link", name="Journey map")).to_be_hidden()


async def test_language_and_theme_are_switched_and_remembered(dashboard: Dashboard) -> None:
    page = await dashboard.open()
    await page.get_by_role("button", name="Deutsch").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")
    await page.get_by_role("button", name="Zwischen hell und dunkel wechseln").click()
    await page.reload()
    await settled(page)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")
    assert await ground(page) == "rgb(13, 19, 17)"


async def ground(page: Page) -> str:
    colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour

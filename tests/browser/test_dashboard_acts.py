"""What one does with the dashboard in a real browser: tokens, a first run, changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from acceptance.running import Etappe
from browser.dashboard import (
    REFUSED,
    Dashboard,
    customer_of_many_devices,
    figures,
    post,
    settled,
    shell,
    whole,
)
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    for way in ("JavaScript SDK", "Python SDK", "curl"):
        await page.get_by_role("button", name=way, exact=True).click()
        await expect(snippet).to_contain_text(etappe.collector)
        await expect(snippet).to_contain_text(write)

    assert " 202 " in shell(await snippet.inner_text())

    await expect(page.locator('[data-figure="count.consideration"]')).to_have_text("1", timeout=20_000)


async def test_a_touchpoint_shows_up_while_one_looks(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open()
    await expect(page.locator(".live li")).to_have_count(8)
    before = whole((await figures(page))["count.awareness"])

    etappe.send({"event": "Policy Issued", "value": 88, "identifiers": {"user_id": "somebody-new"}})

    first = page.locator(".live li").first
    await expect(first).to_contain_text("Purchase", timeout=15_000)
    await expect(first).to_contain_text("88")
    reached = page.locator('[data-figure="count.awareness"] .pick')
    await expect(reached).to_have_text(str(before + 1), timeout=20_000)


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

    await page.get_by_text("1 refused link").click()
    await expect(page.locator("details[open] .steps")).to_contain_text("an operator took this link back")
    await page.get_by_role("button", name="Restore this link").click()
    await page.get_by_role("button", name="Restore it", exact=True).click()
    await expect(page.locator(".node")).to_have_count(len(somebody["identifiers"]), timeout=15_000)
    (decision,) = etappe.ask("/v1/identity/splits", "admin_token")["rows"]
    assert decision["taken_back_at"]


async def test_somebody_with_more_touchpoints_than_are_shown(dashboard: Dashboard, etappe: Etappe) -> None:
    """The first 1,000 say nothing of where the customer is now."""
    begun = datetime.now(UTC) - timedelta(hours=20)
    viewed = [
        {"event": "Page Viewed", "at": (begun + timedelta(seconds=n)).isoformat(), "identifiers": MANY}
        for n in range(1_000)
    ]
    bought = {"event": "Policy Issued", "at": datetime.now(UTC).isoformat(), "identifiers": MANY}
    position = etappe.send([*viewed, bought])
    etappe.ask("/v1/freshness", after=position)
    page = await dashboard.open("customer", identifier="user_id:busy")

    assert (await figures(page))["touchpoints"] == "1,001"
    await expect(page.locator(".figure", has_text="Phase now")).to_contain_text("Purchase")
    await expect(page.locator(".who-card .chip").first).to_have_text("Purchase")


MANY = {"user_id": "busy"}


async def test_a_device_of_several_people_leads_to_each_of_them(dashboard: Dashboard, etappe: Etappe) -> None:
    tablet = {"device_id": "shared-tablet"}
    logins = [{"event": "Logged In", "identifiers": {**tablet, "user_id": each}} for each in ("eva", "tom")]
    etappe.ask("/v1/freshness", after=etappe.send(logins))
    (row,) = etappe.ask("/v1/customers", identifier="device_id:shared-tablet")["rows"]
    page = await dashboard.open("customer", identifier="device_id:shared-tablet")
    await page.locator(".who-card a").click()

    await expect(page.locator(".who-card h2")).to_have_text(row["also"][0]["customer"])


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

"""What the dashboard says in words: the rules of its numbers, why an event was refused, and what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from acceptance.running import Etappe, wait_until
from browser.dashboard import Dashboard, figures, post, settled, table, whole
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def said(page: Page, card: str = "main") -> str:
    """The sentences about how a number is counted."""
    rules = page.locator(f"{card} details.rules").first
    await rules.locator("summary").click()
    return await rules.inner_text()


# Rules


async def test_paths_state_their_own_rules(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("paths", by="channel", start="paid_search", depth="3", collapse="false")
    rules = await said(page)
    meta = etappe.ask("/v1/paths", by="channel", start="paid_search", depth=3, nodes=12)["meta"]

    assert f"{meta['ties'][1:]}." in rules.replace("of the same moment", "of equal time")
    for sentence in (
        "Counted are journeys",
        "Paths lead from channel to channel.",
        "The same several times in a row counts every time.",
        "From the first visit of Paid search on.",
        "The first 3 steps are shown.",
        "the 12 most frequent have their names",
        f"{meta['excluded']['without_start']} journeys left out: they never come to where the paths begin.",
    ):
        assert sentence in rules
    assert "Split by" not in rules


async def test_paths_of_phases_have_another_order_of_equal_times(
    dashboard: Dashboard, etappe: Etappe
) -> None:
    rules = await said(await dashboard.open("paths"))

    assert etappe.ask("/v1/paths")["meta"]["ties"].removeprefix("touchpoints of equal time ") in rules
    assert "in either order" not in rules


async def test_steps_state_their_own_rules(dashboard: Dashboard) -> None:
    steps: list[dict[str, Any]] = [
        {"event": "Product Viewed", "where": [{"field": "channel", "op": "ne", "value": "email"}]},
        {"event": "Application Started", "first_time": True},
        {"event": "Application Submitted", "optional": True},
    ]
    asked = {"window": "14d", "exclude": "Complaint Filed", "unit": "journey", "hold": "currency"}
    page = await dashboard.open("funnel", steps=json.dumps(steps), **asked)
    rules = await said(page)

    for sentence in (
        "Steps count in their order; anything may lie between them.",
        "Counted are journeys, each at the furthest step of its best attempt.",
        "Within 14 days of the first step.",
        "Step 1 only where: Channel is not email.",
        "Application Submitted may be missing.",
        "Application Started counts the first time ever alone.",
        "Attempts with Complaint Filed in between do not count.",
        "All steps of an attempt have the same currency.",
    ):
        assert sentence in rules
    assert "phase" not in rules.lower()


async def test_steps_count_journeys_too(dashboard: Dashboard, etappe: Etappe) -> None:
    steps = [{"event": "Page Viewed"}, {"event": "Product Viewed"}]
    rows = post(etappe, "/v1/funnel/steps", {"steps": steps, "order": "ordered", "unit": "journey"})

    page = await dashboard.open("funnel", steps=json.dumps(steps))
    await page.locator("select[name=unit]").select_option("journey")
    await settled(page)

    assert [whole(each) for each in (await figures(page)).values()] == [row["count"] for row in rows]
    assert "unit=journey" in page.url


async def test_the_map_does_not_say_that_a_customer_counts_once(dashboard: Dashboard) -> None:
    rules = await said(await dashboard.open("map"))

    assert "in every channel and phase" in rules
    assert "each once" not in rules


async def test_the_people_behind_a_number_come_with_its_rules(dashboard: Dashboard) -> None:
    page = await dashboard.open("funnel", order="ordered")
    await page.locator('[data-figure="reached..purchase"]').click()
    await expect(page.locator("dialog.drawer tbody tr").first).to_be_visible()

    assert "Phases count in their order" in await said(page, "dialog.drawer")


# Charts in words


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
async def test_the_trend_as_a_table(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    rows = etappe.ask("/v1/funnel", interval="month")["rows"]
    page = await dashboard.open(interval="month", width=width)
    await page.get_by_text("The same as a table").click()
    cells = await table(page, "Trend")

    counts = {(row["period"], row["phase"]): row["count"] for row in rows}
    periods = sorted({row["period"] for row in rows})
    assert [[whole(each) for each in row[1:]] for row in cells] == [
        [counts.get((period, phase), 0) for phase in etappe.funnel_counts()] for period in periods
    ]


async def test_the_flow_as_a_table(dashboard: Dashboard, etappe: Etappe) -> None:
    rows = etappe.ask("/v1/paths", collapse="true", by="channel", depth="5", nodes="12")["rows"]
    page = await dashboard.open("paths", by="channel")
    await page.get_by_text("The same as a table").click()
    cells = await page.locator("details.more tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )

    assert [(int(row[0]), whole(row[3])) for row in cells] == [
        (row["position"], row["count"]) for row in rows
    ]
    assert {row[2] for row in cells if row[2] == "End"} == {"End"}


# Refused events

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nameless": ({"event": ""}, "Das Ereignis hat keinen Namen."),
    "wordy": ({"event": "x" * 300}, "Name oder ID des Ereignisses ist länger als 200 Zeichen. event hat 300 Zeichen"),
    "text": ({"value": "viel"}, "Wert, den es nicht annimmt. value ist ein Text; erwartet: eine Zahl"),
    "time": ({"at": "gestern"}, "at ist 'gestern'; erwartet: ISO 8601 oder Millisekunden seit 1970."),
    "moment": ({"at": True}, "at ist ein Wahrheitswert; erwartet: eine Zahl oder ein Text."),
    "old": ({"at": "2001-02-03"}, "vor über 72 Stunden und kam mit einem Schreibschlüssel. Es liegt vor "),
    "early": ({"at": "2099-02-03"}, "mehr als 24 Stunden vor der Uhr des Collectors. Es liegt nach "),
    "nobody": ({"identifiers": {"user_id": "guest"}}, "Nicht vorhanden oder gesperrt: user_id."),
    "deep": ({"properties": json.loads('{"a":' * 40 + "1" + "}" * 40)}, "tiefer als 32 Ebenen verschachtelt."),
    "large": ({"properties": {"a": "x" * 40_000}}, "Das Ereignis ist größer als 32 KB. Es hat 40."),
    "long": ({"identifiers": {"user_id": "x" * 900}}, "identifiers.user_id hat 900 Zeichen, erlaubt sind höchstens "),
}  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
async def test_why_an_event_was_refused_is_said_in_german(
    dashboard: Dashboard, etappe: Etappe, width: int
) -> None:
    """What is not our own words is quoted as English; the API's sentence stands below."""
    (made,) = post(etappe, "/v1/workspaces", {"name": f"refusals-{width}"}, "admin_token")
    send_refused(etappe, made)
    page = await dashboard.page(width=width, token=made["read_token"], locale="de-DE")
    await page.context.add_init_script(
        f"if (location.port) sessionStorage.setItem('etappe.admin', '{made['admin_token']}')"
    )
    await page.goto(dashboard.address("health"))
    await settled(page)
    rows = page.locator(".refused > li")
    await expect(rows).to_have_count(len(REFUSED))

    for name, (_, words) in REFUSED.items():
        row = page.locator(".refused > li", has=page.locator(f'[data-key="{name}"]'))
        await expect(row.locator(".detail")).to_contain_text(words)
        await expect(row.locator(".detail [lang=en]")).to_have_count(0)
    await page.locator('[data-key="text"]').click()
    await expect(page.locator("details[open] q[lang=en]")).to_have_text("value is a string (wanted a number)")


def send_refused(etappe: Etappe, workspace: dict[str, str]) -> None:
    usual = {"event": "Page Viewed", "identifiers": {"user_id": "anna"}}
    for name, (wrong, _) in REFUSED.items():
        reply = httpx.post(
            f"{etappe.collector}/v1/touchpoints",
            json={"id": name, **usual, **wrong},
            headers={"Authorization": f"Bearer {workspace['write_key']}"},
            timeout=20,
        )
        assert reply.status_code == 400, reply.text
    headers = {"Authorization": f"Bearer {workspace['admin_token']}"}

    def all_there() -> bool:
        reply = httpx.get(f"{etappe.query}/v1/rejects", headers=headers, timeout=20)
        return len(reply.json()["rows"]) == len(REFUSED)

    wait_until(all_there, 20)


# What cannot be read


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        ("funnel", {"steps": "not json"}),
        ("funnel", {"steps": '{"event": "A"}'}),
        ("funnel", {"steps": '[{"event": "A", "where": [{}]}]'}),
        ("map", {"where": '{"any_of": 5}'}),
    ],
    ids=["no-json", "no-list", "no-filter", "no-alternatives"],
)
async def test_an_address_that_was_cut_short_says_so(
    dashboard: Dashboard, view: str, asked: dict[str, str]
) -> None:
    page = await dashboard.open(view, **asked)

    await expect(page.locator("main .notice")).to_contain_text("The address of this page holds a question")


async def test_an_unknown_way_of_sending_is_the_first_one(dashboard: Dashboard) -> None:
    page = await dashboard.open("start", way="pigeon")

    await expect(page.locator(".snippet pre")).to_contain_text("etappe.js")


async def test_a_wrong_value_is_named_in_the_readers_language(dashboard: Dashboard) -> None:
    page = await dashboard.open("funnel", window="soon", LOCALE="de-DE")
    notice = page.locator("main .notice")

    await expect(notice).to_contain_text("Das passt so nicht:")
    await expect(notice.locator("code")).to_have_text("window")
    await expect(page.locator("input[name=window]")).to_have_value("soon")
    await expect(notice.locator("[lang=en]")).to_contain_text("30d")
    assert [each for each in dashboard.said if "422" not in each] == []
    dashboard.said.clear()


async def test_without_a_token_the_page_says_so_in_the_readers_language(dashboard: Dashboard) -> None:
    page = await dashboard.page(token="", locale="de-DE")
    await page.goto(dashboard.address("map"))
    await page.locator("#token").press("Escape")

    await expect(page.locator("main .notice")).to_have_text("Ohne Lese-Token ist hier nichts zu sehen.")


async def test_a_mistake_in_a_model_is_told_once_and_the_facts_stay(dashboard: Dashboard) -> None:
    page = await dashboard.open("models")
    await page.locator("textarea").fill("name: mine\nphases: [")
    await page.get_by_role("button", name="Preview", exact=True).click()

    await expect(page.locator("main .notice")).to_have_count(1)
    await expect(page.locator("main .notice")).to_contain_text("line 2")
    await expect(page.locator(".tall tbody tr").first).to_be_visible()
    assert [each for each in dashboard.said if "422" not in each] == []
    dashboard.said.clear()


async def test_the_snippets_are_commented_in_german(dashboard: Dashboard) -> None:
    page = await dashboard.open("start", LOCALE="de-DE")

    await expect(page.locator(".snippet pre")).to_contain_text("<!-- Seitenaufrufe zählen von selbst")

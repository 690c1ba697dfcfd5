"""What one takes along from the dashboard: the people behind a number, files, pictures, addresses."""

from __future__ import annotations

import base64
import csv
import io
import json

import pytest
from acceptance.running import Etappe
from browser.dashboard import (
    Dashboard,
    customer_of_many_devices,
    figures,
    post,
    settled,
    shell,
    whole,
)
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def test_behind_a_cell_of_the_map_are_as_many_people(dashboard: Dashboard, etappe: Etappe) -> None:
    rows = etappe.ask("/v1/map")["rows"]
    cell = max((row for row in rows if row["customers"] <= 50), key=lambda row: row["customers"])
    page = await dashboard.open("map")
    await page.locator(f'[data-figure="{cell["channel"]}.{cell["phase"]}"]').click()

    await expect(page.locator("dialog.drawer tbody tr")).to_have_count(cell["customers"])


async def test_paths_from_a_point(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("paths", by="channel")
    await page.locator("input[name=start]").fill("paid_search")
    await page.locator("input[name=start]").press("Enter")
    await settled(page)

    answer = etappe.ask("/v1/paths", collapse="true", by="channel", start="paid_search")
    assert whole((await figures(page))["journeys"]) == answer["meta"]["journeys"] > 0
    assert "start=paid_search" in page.url


async def test_the_copied_call_gives_the_same_rows(dashboard: Dashboard, etappe: Etappe) -> None:
    """As it is pasted into a shell, which knows the token: a question of phases, and one of steps."""
    either = {"any_of": [[{"field": "channel", "op": "eq", "value": name}] for name in ("email", "direct")]}
    steps = [{"event": "Product Viewed", "where": [either]}, {"event": "*", "name": "anything, what's more"}]
    for asked in ({"where": json.dumps(either), "by": "device"}, {"steps": json.dumps(steps)}):
        page = await dashboard.open("funnel", **asked)
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=etappe.query)
        await page.get_by_role("button", name="Copy as API call").click()
        call = await page.evaluate("navigator.clipboard.readText()")

        said = shell(call, READ_TOKEN=etappe.keys["read_token"])

        counts = [row["count"] for row in json.loads(said)["rows"]]
        assert sorted(counts) == sorted(await reached(page))
        assert max(counts) > 0


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


async def test_filters_may_have_alternatives(dashboard: Dashboard, etappe: Etappe) -> None:
    page = await dashboard.open("funnel", where="channel:eq:email")
    await page.get_by_role("button", name="or …").click()
    either = page.get_by_role("group", name="One of these alternatives")
    await either.get_by_label("Value", exact=True).nth(1).fill("paid_search")
    await either.get_by_label("Value", exact=True).nth(1).press("Enter")
    await either.get_by_role("button", name="and …").nth(1).click()
    await either.get_by_label("Field").nth(2).select_option("event")
    await either.get_by_label("Value", exact=True).nth(2).fill("Product Viewed")
    await either.get_by_label("Value", exact=True).nth(2).press("Enter")
    await settled(page)

    email = {"field": "channel", "op": "eq", "value": "email"}
    paid = {"field": "channel", "op": "eq", "value": "paid_search"}
    event = {"field": "event", "op": "eq", "value": "Product Viewed"}
    rows = etappe.ask("/v1/funnel", where=json.dumps({"any_of": [[email], [paid, event]]}))["rows"]
    assert await reached(page) == [row["count"] for row in rows]
    assert 0 < rows[0]["count"] < etappe.ask("/v1/funnel")["rows"][0]["count"]
    other = await dashboard.page()
    await other.goto(page.url)
    await settled(other)
    assert await reached(other) == [row["count"] for row in rows]
    await other.locator("details.rules summary").click()
    await expect(other.locator("details.rules")).to_contain_text(
        "Channel is email or Channel is paid_search and Event is product viewed", ignore_case=True
    )

    for _ in range(2):
        await other.get_by_role("button", name="Remove this filter").last.click()
    await settled(other)
    assert "where=channel%3Aeq%3Aemail" in other.url


async def test_steps_may_have_filters_with_alternatives(dashboard: Dashboard, etappe: Etappe) -> None:
    either = [{"field": "channel", "op": "eq", "value": name} for name in ("email", "direct")]
    steps = [{"event": "Product Viewed", "where": [{"any_of": [[each] for each in either]}]}, {"event": "*"}]
    rows = post(etappe, "/v1/funnel/steps", {"steps": steps, "order": "ordered"})

    page = await dashboard.open("funnel", steps=json.dumps(steps))

    assert await reached(page) == [row["count"] for row in rows]
    assert rows[0]["count"] > 0
    await expect(
        page.get_by_role("group", name="One of these alternatives").locator(".filter")
    ).to_have_count(2)


async def reached(page: Page) -> list[int]:
    shown = await figures(page)
    return [whole(value) for name, value in shown.items() if name.startswith("reached.")]


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        (
            "overview",
            {"model": "aida", "unit": "journey", "days": "365", "interval": "month", "trend": "rate"},
        ),
        ("map", {"model": "stdc", "where": "channel:ne:email", "days": "90"}),
        ("funnel", {"by": "device", "from": "2026-01-01", "order": "touched", "show": "rate"}),
        ("paths", {"by": "channel", "depth": "3", "collapse": "false"}),
        ("customer", {"model": "bda"}),
        ("models", {"model": "aoea", "kinds": "unmapped"}),
        ("health", {"reason": "missing_event"}),
        ("start", {"way": "python"}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_shared_address_shows_the_same(
    dashboard: Dashboard, etappe: Etappe, view: str, asked: dict[str, str]
) -> None:
    """Whoever opens it sees the figures, and the choices, of whoever sent it."""
    if view == "customer":
        asked = {"identifier": customer_of_many_devices(etappe)["identifiers"][0], **asked}
    page = await dashboard.open(view, admin=True, **asked)
    other = await dashboard.page(admin=True)
    await other.goto(page.url)
    await settled(other)

    assert page.url == dashboard.address(view, **asked)
    assert await chosen(other) == await chosen(page)
    assert await figures(other) == await figures(page)
    plain = await dashboard.open(view, admin=True)
    assert await chosen(plain) != await chosen(page)


async def chosen(page: Page) -> list[str]:
    """What fields and buttons that stay pressed say."""
    said: list[str] = await page.evaluate(
        """[...document.querySelectorAll('main :is(input, select, textarea, [aria-pressed=true])')]
        .map((each) => each.type === 'checkbox' ? String(each.checked) : each.value || each.textContent)"""
    )
    return said


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
@pytest.mark.parametrize(
    ("view", "name"), [("overview", "funnel"), ("map", "journey-map")], ids=["overview", "map"]
)
async def test_what_is_no_chart_is_saved_as_a_picture_too(
    dashboard: Dashboard, view: str, name: str, width: int
) -> None:
    """At least as large as it is on the screen, and not empty: no colour covers nearly all of it."""
    page = await dashboard.open(view, width=width)
    card = page.locator("main .card", has=page.get_by_role("button", name="Save as picture")).first
    async with page.expect_download() as saved:
        await card.get_by_role("button", name="Save as picture").click()
    download = await saved.value

    assert download.suggested_filename == f"{name}.png"
    colours, size = await seen(page, (await download.path()).read_bytes())
    on_screen = await card.bounding_box()
    assert on_screen
    assert size[0] >= on_screen["width"]
    assert size[1] >= on_screen["height"] * 0.9
    assert len(colours) > 30
    assert max(colours.values()) < 0.95


async def seen(page: Page, picture: bytes) -> tuple[dict[str, float], list[int]]:
    """How much of a picture each of its colours has, and its width and height; looked at by the browser."""
    script = """async (text) => {
        const image = new Image();
        image.src = "data:image/png;base64," + text;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        const pen = canvas.getContext("2d");
        pen.drawImage(image, 0, 0);
        const data = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
        const counts = {};
        for (const each of data) counts[each] = (counts[each] ?? 0) + 1 / data.length;
        return [counts, [image.width, image.height]];
    }"""
    colours, size = await page.evaluate(script, base64.b64encode(picture).decode())
    return colours, size


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

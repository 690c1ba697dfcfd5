"""Every figure of the dashboard is that of the query API, on a wide screen and on a phone."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from acceptance.running import Etappe
from browser.dashboard import (
    NONE,
    REFUSED,
    TENTH,
    Dashboard,
    customer_of_many_devices,
    drawn,
    figures,
    post,
    rate,
    same_time,
    table,
    whole,
)
from playwright.async_api import Page, expect

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"]),
]


def approximately(value: float) -> Any:
    return pytest.approx(value, abs=TENTH)


async def test_the_overview(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    rows = etappe.ask("/v1/funnel")["rows"]
    fresh = etappe.ask("/v1/freshness")["rows"][0]

    page = await dashboard.open(width=width)
    shown = await figures(page)

    for row in rows:
        phase = row["phase"]
        assert whole(shown.pop(f"count.{phase}")) == row["count"]
        assert whole(shown.pop(f"dropped.{phase}")) == row["dropped"]
        assert rate(shown.pop(f"rate.{phase}")) == approximately(row["rate"])
        if row["position"] > 1:
            assert rate(shown.pop(f"step_rate.{phase}")) == approximately(row["step_rate"])
            assert same_time(shown.pop(f"median.{phase}"), row["median_seconds"])
    steps = rows[1:]
    assert whole(shown.pop("entered")) == rows[0]["count"]
    assert rate(shown.pop("conversion")) == approximately(
        next(row["rate"] for row in rows if row["phase"] == "purchase")
    )
    assert rate(shown.pop("steepest")) == approximately(1 - min(row["step_rate"] for row in steps))
    assert same_time(shown.pop("slowest"), max(row["median_seconds"] or 0 for row in steps))
    assert fresh["lag_seconds"] == 0
    assert shown.pop("fresh") == "Live"
    assert shown == {}
    assert f"{fresh['stored']:,} touchpoints" in await page.locator("main").inner_text()


async def test_the_trend(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    rows = etappe.ask("/v1/funnel", interval="week")["rows"]

    page = await dashboard.open(width=width)
    series = await drawn(page, "options.series.map((each) => [each.name.toLowerCase(), each.data])")
    periods = await drawn(page, "options.xAxis.data")

    assert periods == sorted({row["period"] for row in rows})
    assert len(periods) > 4
    count = {(row["phase"], row["period"]): row["count"] for row in rows}
    assert series == [
        [phase, [count.get((phase, period), 0) for period in periods]] for phase in etappe.funnel_counts()
    ]


async def test_the_journey_map(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    rows = etappe.ask("/v1/map")["rows"]

    page = await dashboard.open("map", width=width)
    cells = await page.locator("button.cell").evaluate_all(
        """(cells) => cells.map((cell) => [cell.dataset.figure, cell.querySelector('b').textContent,
        cell.querySelector('.texts > .quiet').textContent, cell.querySelector('.mood')?.title ?? '',
        [...cell.querySelectorAll('.sign')].map((sign) => sign.title)])"""
    )

    assert len(rows) == len(cells) > 8
    told = {name: told for name, *told in cells}
    for row in rows:
        customers, onward, mood, contacts = told[f"{row['channel']}.{row['phase']}"]
        assert whole(customers) == row["customers"]
        if row["phase"] != "loyalty":
            assert rate(onward.removesuffix(" go on")) == approximately(row["onward_rate"])
        assert mood == ("" if row["sentiment"] is None else mood_of(row))
        kinds = {"interactive": "Interactive", "static": "Static", "human": "Human"}
        assert contacts == [f"{words}: {row[kind]:,}" for kind, words in kinds.items() if row[kind]]
    sizes = await page.locator(".cell .ring-sign").evaluate_all(
        "(rings) => rings.map((ring) => ring.getAttribute('width'))"
    )
    assert set(sizes) == {"64"}
    assert any(row["onward_rate"] == 0.6 for row in rows)  # as much as the ring of the key shows
    await expect_sums(page, "thead th", Counter(), rows, "phase")
    await expect_sums(page, "tbody th", Counter(), rows, "channel")


def mood_of(row: dict[str, Any]) -> str:
    shown = f"{row['sentiment']:+.2f}".rstrip("0").rstrip(".")
    return f"Sentiment: {'0' if shown in ('+0', '-0') else shown} ({row['felt']:,})"


async def expect_sums(
    page: Page, heads: str, sums: Counter[str], rows: list[dict[str, Any]], by: str
) -> None:
    """Each head of the map says how many touchpoints are below or beside it."""
    for row in rows:
        sums[row[by]] += row["touchpoints"]
    said = await page.locator(f"{heads} .quiet.number").all_inner_texts()
    assert sorted(map(whole, said)) == sorted(sums.values())


async def test_groups_in_the_funnel_builder(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    rows = etappe.ask("/v1/funnel", by="channel", model="aida")["rows"]

    page = await dashboard.open("funnel", by="channel", model="aida", width=width)
    shown = await figures(page)
    cells = await table(page, "Answer")

    assert {name: whole(value) for name, value in shown.items()} == {
        f"reached.{row['group']}.{row['phase']}": row["count"] for row in rows
    }
    largest = sorted({row["group"]: row["count"] for row in reversed(rows)}.values(), reverse=True)
    assert [whole(row[1]) for row in cells] == largest
    last = [row["median_seconds"] for row in rows if row["position"] == 4]
    assert all(any(same_time(row[-1], each) for each in last) for row in cells)


@pytest.mark.parametrize("order", ["ordered", "touched"])
async def test_one_group_in_the_funnel_builder(
    dashboard: Dashboard, etappe: Etappe, width: int, order: str
) -> None:
    rows = etappe.ask("/v1/funnel", order=order, window="30d")["rows"]

    page = await dashboard.open("funnel", order=order, window="30d", width=width)
    cells = await table(page, "Answer")
    bars = await drawn(page, "options.series.map((each) => each.data.map((bar) => bar.value))")

    assert bars == [[row["count"] for row in rows]]
    for (_, count, share, step, dropped, median, average), row in zip(cells, rows, strict=True):
        assert (whole(count), whole(dropped)) == (row["count"], row["dropped"])
        assert rate(share) == approximately(row["rate"])
        if row["position"] == 1:
            assert step == NONE
        else:
            assert rate(step) == approximately(row["step_rate"])
        assert same_time(median, row["median_seconds"])
        assert same_time(average, row["average_seconds"])


async def test_own_steps(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    steps = [{"event": "Product Viewed"}, {"event": "Quote Requested"}]
    rows = post(etappe, "/v1/funnel/steps", {"steps": steps, "order": "ordered"})
    page = await dashboard.open("funnel", steps=str(steps).replace("'", '"'), width=width)

    cells = await table(page, "Answer")

    assert rows[0]["count"] > rows[1]["count"] > 0
    for (_, count, share, _, median, average), row in zip(cells, rows, strict=True):
        assert whole(count) == row["count"]
        assert rate(share) == approximately(row["rate"])
        assert same_time(median, row["median_seconds"])
        assert same_time(average, row["average_seconds"])
    await page.locator('[data-figure="reached..Quote Requested"]').click()
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("dialog.drawer tbody tr")).to_have_count(rows[1]["count"])


async def test_a_period_against_the_one_before(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    page = await dashboard.open("funnel", days="20", compare="before", width=width)
    now, before = await drawn(
        page, "options.series.toReversed().map((each) => each.data.map((bar) => bar.value ?? bar))"
    )
    said = await page.locator("main").inner_text()

    ranges = await page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    asked = [each for each in ranges if "/v1/funnel?" in each]
    assert len(asked) == 2
    answers = [etappe.ask("/v1/funnel", **dict(parse_qsl(urlsplit(each).query)))["rows"] for each in asked]
    counts = sorted([row["count"] for row in rows] for rows in answers)
    assert counts == sorted([now, before])
    assert now != before
    assert "Compared with" in said


async def test_paths(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    answer = etappe.ask("/v1/paths", collapse="true", by="channel", depth="5", nodes="12")
    rows = answer["rows"]
    sequences = etappe.ask("/v1/sequences", collapse="true", by="channel", limit="15")["rows"]

    page = await dashboard.open("paths", by="channel", width=width)
    shown = await figures(page)
    links = await drawn(page, "options.series[0].links.map((each) => each.value)")
    cells = await table(page, "Most frequent whole paths")

    assert whole(shown.pop("journeys")) == answer["meta"]["journeys"]
    assert whole(shown.pop("left")) == sum(row["count"] for row in rows if row["to"] is None)
    assert "→" in shown.pop("most")
    assert shown == {}
    most = max(row["count"] for row in rows if row["from"] and row["to"])
    assert f"{most:,} journeys" in await page.locator("main").inner_text()
    assert links == [row["count"] for row in rows]
    for (_, count, share, conversions, median), row in zip(cells, sequences, strict=True):
        assert (whole(count), whole(conversions)) == (row["count"], row["conversions"])
        assert rate(share) == approximately(row["share"])
        assert same_time(median, row["median_seconds"])


async def test_a_customer(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    somebody = customer_of_many_devices(etappe)
    rows = etappe.ask(f"/v1/customers/{somebody['customer']}/journey")["rows"]

    page = await dashboard.open("customer", identifier=somebody["identifiers"][0], width=width)
    shown = await figures(page)
    marks = await drawn(
        page, "options.series.filter((each) => each.type === 'scatter').flatMap((each) => each.data)"
    )

    assert whole(shown.pop("touchpoints")) == somebody["touchpoints"] == len(rows)
    assert float(shown.pop("value").replace(",", "")) == pytest.approx(somebody["value"], abs=0.006)
    assert shown == {}
    assert await page.locator(".point b").all_inner_texts() == [row["event"] for row in rows]
    assert Counter(mark["value"][0] for mark in marks) == Counter(row["at"] for row in rows)
    await expect(page.locator(".node")).to_have_count(len(somebody["identifiers"]))


async def test_models_side_by_side(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    models = [row["name"] for row in etappe.ask("/v1/models")["rows"] if row["answers"]]
    coverage = etappe.ask("/v1/coverage", model="acpl")["rows"]

    page = await dashboard.open("models", width=width)
    shown = await figures(page)
    cells = await table(page, "What the touchpoints become")

    assert len(models) >= 5
    assert {name: whole(value) for name, value in shown.items()} == {
        f"side.{model}.{phase}": count
        for model in models
        for phase, count in etappe.funnel_counts(model=model).items()
    }
    assert [(row[0], whole(row[-1])) for row in cells] == [(row["event"], row["count"]) for row in coverage]
    unmapped = sum(row["count"] for row in coverage if not row["phase"])
    assert f"{unmapped:,} of {sum(row['count'] for row in coverage):,} touchpoints have no phase" in (
        await page.locator("main").inner_text()
    )


async def test_health(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    fresh = etappe.ask("/v1/freshness")["rows"][0]
    builds = etappe.ask("/v1/rebuild", "admin_token")["rows"]

    page = await dashboard.open("health", admin=True, width=width)
    shown = await figures(page)
    cells = await table(page, "Journeys of each model")

    assert shown.pop("lag") == "None"
    assert whole(shown.pop("reason.missing_event")) == REFUSED
    assert {name: whole(value) for name, value in shown.items()} == {
        name: fresh[name] for name in ("accepted", "stored", "duplicates", "rejected", "erased")
    }
    await expect(page.locator(".refused > li")).to_have_count(REFUSED)
    assert [(row[0], *map(whole, row[2].split(" of "))) for row in cells] == [
        (row["model"], row["done"], row["total"]) for row in builds
    ]


async def test_first_steps(dashboard: Dashboard, etappe: Etappe, width: int) -> None:
    page = await dashboard.open("start", width=width)

    assert whole((await figures(page))["accepted"]) == etappe.ask("/v1/freshness")["rows"][0]["accepted"]

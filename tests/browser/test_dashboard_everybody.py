"""The dashboard is for everybody: by keyboard, on a phone, in both languages and themes, with assistive technology."""

from __future__ import annotations

import pytest
from acceptance.running import Etappe
from browser.dashboard import VIEWS, Dashboard, question, settled, violations
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
@pytest.mark.parametrize("view", VIEWS)
async def test_the_keyboard_reaches_everything(
    dashboard: Dashboard, etappe: Etappe, view: str, width: int
) -> None:
    """Tab alone goes through whatever can be clicked, and what has the focus can be seen."""
    page = await dashboard.open(view, admin=True, width=width, **question(view, etappe))
    wanted = await page.evaluate(
        """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.disabled)
        .map((each, index) => (each.dataset.stop = index)).length"""
    )
    reached: set[str | None] = set()
    unseen: set[str] = set()
    for _ in range(wanted + 2):
        if await page.evaluate("document.activeElement.localName === 'textarea'"):
            await page.keyboard.press("Escape")  # where Tab indents, this lets go of it
        await page.keyboard.press("Tab")
        stop, outline, name = await page.evaluate(
            """(() => { const each = document.activeElement; const style = getComputedStyle(each);
            return [each.dataset.stop ?? null, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
            each.outerHTML.slice(0, 80)]; })()"""
        )
        reached.add(stop)
        if stop is not None and not outline:
            unseen.add(name)

    assert wanted > 8
    assert len(reached - {None}) == wanted
    assert unseen == set()


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


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
@pytest.mark.parametrize(
    ("view", "control"),
    [
        ("overview", "Rate"),
        ("overview", "Month"),
        ("funnel", "Own steps"),
        ("models", "bda"),
        ("models", "Unmapped"),
        ("health", "Event without a name"),
    ],
    ids=lambda each: each.replace(" ", "-").lower() if isinstance(each, str) else "",
)
async def test_whoever_presses_a_button_stays_at_it(
    dashboard: Dashboard, view: str, control: str, width: int
) -> None:
    """Also where the answer draws that part of the page again, and the button with it."""
    page = await dashboard.open(view, admin=True, width=width)
    button = page.get_by_role("button", name=control).first
    await button.focus()
    await button.evaluate("(each) => each.dataset.old = 'yes'")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-old]")).to_have_count(0)
    await settled(page)

    await expect(button).to_be_focused()
    assert await button.get_attribute("aria-pressed") == "true"


async def test_what_is_read_stays_open_while_the_page_refreshes(dashboard: Dashboard) -> None:
    page = await dashboard.open("health", admin=True)
    button = page.get_by_role("button", name="Copy as API call").first
    await button.focus()
    await button.evaluate("(each) => each.dataset.old = 'yes'")
    await expect(page.locator("[data-old]")).to_have_count(0, timeout=20_000)
    await expect(button).to_be_focused()

    page = await dashboard.open("funnel")
    await page.locator("details.rules summary").click()
    await page.locator("select[name=order]").select_option("touched")
    await expect(page.locator("details.rules[open]")).to_contain_text("itself touched")


async def test_a_step_is_moved_by_keyboard(dashboard: Dashboard) -> None:
    """The focus goes with the step, and at the end of the list to the way back."""
    page = await dashboard.open("funnel", steps='[{"event": "A"}, {"event": "B"}, {"event": "C"}]')
    await page.get_by_role("button", name="Move down").first.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    names = page.locator(".steplist input.input[list=events]")

    assert [await each.input_value() for each in await names.all()] == ["B", "C", "A"]
    await expect(page.locator(".steplist > li").last.get_by_role("button", name="Move up")).to_be_focused()


async def test_the_way_to_the_content_leaves_it_as_it_is(dashboard: Dashboard) -> None:
    page = await dashboard.open("funnel")
    await page.locator("input[name=window]").fill("9d")
    await page.locator("a.skip").focus()
    await page.keyboard.press("Enter")

    await expect(page.locator("main")).to_be_focused()
    await expect(page.locator("input[name=window]")).to_have_value("9d")
    assert "#" not in page.url


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
    await expect(page.get_by_role("button", name="English").first).to_be_focused()
    await page.get_by_role("button", name="Zwischen hell und dunkel wechseln").click()
    await page.reload()
    await settled(page)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")
    assert await ground(page) == "rgb(13, 19, 17)"


async def ground(page: Page) -> str:
    colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


@pytest.mark.parametrize(
    ("language", "count", "share", "words"),
    [
        ("en-US", "1,234", "74.1%", "Close"),
        ("de-DE", "1.234", "74,1\N{NO-BREAK SPACE}%", "Schließen"),
        ("de-CH", "1'234", "74.1%", "Schliessen"),
    ],
    ids=["en-US", "de-DE", "de-CH"],
)
async def test_numbers_and_words_are_those_of_the_region(
    dashboard: Dashboard, language: str, count: str, share: str, words: str
) -> None:
    page = await dashboard.page(locale=language)
    await page.goto(dashboard.address())
    await settled(page)
    module = await page.locator("script[type=module]").get_attribute("src")
    said = await page.evaluate(
        "async (path) => { const { percent, t, whole } = await import(path);"
        " return [whole(1234), percent(0.741), t('close')]; }",
        module.replace("app.js", "i18n.js") if module else "",
    )

    assert [said[0].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"), *said[1:]] == [count, share, words]

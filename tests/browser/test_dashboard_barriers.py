"""No view of the dashboard is a barrier: axe-core in both themes, both languages, on a wide screen and on a phone."""

from __future__ import annotations

import pytest
from acceptance.running import Etappe
from browser.dashboard import VIEWS, Dashboard, question, settled, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(1440, "light", "en-US"), (390, "dark", "de-CH"), (1440, "dark", "de-DE"), (390, "light", "en-GB")],
    ids=["wide-light", "phone-dark", "wide-dark", "phone-light"],
)
async def test_no_view_is_a_barrier(
    dashboard: Dashboard, etappe: Etappe, width: int, scheme: str, language: str
) -> None:
    """Every view, all of it opened: no serious violation, no scrolling sideways, the reader's language and theme."""
    page = await dashboard.page(width=width, admin=True, color_scheme=scheme, locale=language)
    found: dict[str, list[str]] = {}
    for view in VIEWS:
        await page.goto(dashboard.address(view, **question(view, etappe)))
        await settled(page)
        await page.evaluate("document.querySelectorAll('main details').forEach((each) => (each.open = true))")
        found[view] = await violations(page)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[view].append("it scrolls sideways")
    seen = await page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]")

    assert found == {view: [] for view in VIEWS}
    assert seen == [language[:2], scheme]

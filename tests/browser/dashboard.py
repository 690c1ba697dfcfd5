"""The dashboard for tests: an `etappe up` with made-up traffic, and a page that is opened with a token."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from acceptance.node_packages import installed
from acceptance.running import Etappe, wait_until

if TYPE_CHECKING:
    from browser.fixtures import NewContext
    from playwright.async_api import ConsoleMessage, Page

VIEWS = ("overview", "map", "funnel", "paths", "customer", "models", "health", "start")
REFUSED = 4
"""Events that are refused when the traffic is sent."""

_NODE = Path(__file__).parent / "node"


def send_traffic(etappe: Etappe) -> None:
    """The same people every time, and a few events that are refused."""
    done = etappe.command("demo", "--customers", "150", "--seed", "7", "--days", "60", "--json")
    assert done.returncode == 0, done.stderr
    nameless = [{"id": f"bad-{n}", "value": n, "identifiers": {"user_id": "anna"}} for n in range(REFUSED)]
    refused = httpx.post(
        f"{etappe.collector}/v1/touchpoints",
        json=nameless,
        headers={"Authorization": f"Bearer {etappe.keys['write_key']}"},
        timeout=20,
    )
    assert refused.status_code == 400
    wait_until(lambda: len(etappe.ask("/v1/rejects", "admin_token")["rows"]) == REFUSED, 20)
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 60)


def post(etappe: Etappe, path: str, body: Any, key: str = "read_token") -> list[dict[str, Any]]:
    """The rows of an answer to a POST, which must be good."""
    headers = {"Authorization": f"Bearer {etappe.keys[key]}"}
    reply = httpx.post(f"{etappe.query}{path}", json=body, headers=headers, timeout=20)
    assert reply.is_success, reply.text
    rows: list[dict[str, Any]] = reply.json()["rows"]
    return rows


@dataclass
class Dashboard:
    """Pages on the dashboard of `etappe`. A test fails on what a page's console says."""

    etappe: Etappe
    new_context: NewContext
    said: list[str] = field(default_factory=list)

    async def open(
        self, view: str = "overview", *, admin: bool = False, width: int = 1440, **asked: Any
    ) -> Page:
        """A page of a visitor of its own, in `view`, loaded; keywords in capitals are Playwright's options."""
        options = {name.lower(): asked.pop(name) for name in list(asked) if name.isupper()}
        page = await self.page(width=width, admin=admin, **options)
        await page.goto(self.address(view, **asked))
        await settled(page)
        return page

    async def page(
        self, *, width: int = 1440, admin: bool = False, token: str | None = None, **options: Any
    ) -> Page:
        """An empty page whose tab knows the tokens; `token` '' is none."""
        defaults = {"locale": "en-US", "reduced_motion": "reduce", "color_scheme": "light"}
        viewport = {"width": width, "height": 900}
        context = await self.new_context(**{**defaults, "viewport": viewport, **options})
        known = {"token": self.etappe.keys["read_token"] if token is None else token}
        if admin:
            known["admin"] = self.etappe.keys["admin_token"]
        for name, value in known.items():
            if value:
                remember = f"sessionStorage.setItem('etappe.{name}', {json.dumps(value)})"
                await context.add_init_script(f"if (location.port) {remember}")
        page = await context.new_page()
        page.on("console", self._hear)
        return page

    def address(self, view: str = "overview", **asked: Any) -> str:
        question = ({} if view == "overview" else {"view": view}) | asked
        return f"{self.etappe.query}/" + (f"?{urlencode(question, doseq=True)}" if question else "")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.text} ({message.location.get('url', '')})")


async def settled(page: Page) -> None:
    """Nothing is being loaded any more. (What a policy forbids to pages, it forbids to wait_for_function too.)"""
    from playwright.async_api import expect  # noqa: PLC0415 - every test session loads the fixtures beside this file

    await expect(page.locator("main h1, dialog").first).to_be_visible(timeout=20_000)
    await expect(page.locator(".wait, [aria-busy]")).to_have_count(0, timeout=20_000)


async def figures(page: Page) -> dict[str, str]:
    """Every number that the page shows, by its name."""
    found: dict[str, str] = await page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('main [data-figure]')]"
        ".map((each) => [each.dataset.figure, each.firstChild.textContent]))"
    )
    return found


def whole(text: str) -> int:
    """1,234 (or 1.234) as a number."""
    return int(re.sub(r"\D", "", text))


@cache
def axe() -> str:
    """The script that looks for what people with a disability stumble over."""
    return (installed(_NODE) / "node_modules" / "axe-core" / "axe.min.js").read_text()


async def violations(page: Page) -> list[str]:
    """Serious and critical ones, each with where it is."""
    await page.evaluate(axe())
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]

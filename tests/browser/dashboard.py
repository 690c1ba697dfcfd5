"""The dashboard for tests: an `etappe up` with made-up traffic, and a page that is opened with a token."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
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


@cache
def _names_of_many_devices(query: str, token: str) -> list[str]:
    with httpx.Client(base_url=query, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        for number in range(1, 151):
            reply = client.get("/v1/customers", params={"identifier": f"user_id:demo-7-60-{number:06}"})
            if reply.is_success and len(names := reply.json()["rows"][0]["identifiers"]) > 3:
                return list(names)
    raise AssertionError("the made-up traffic has nobody with several devices")


def customer_of_many_devices(etappe: Etappe) -> dict[str, Any]:
    """Somebody with several linked identifiers, as they are now."""
    person = _names_of_many_devices(etappe.query, etappe.keys["read_token"])[-1]
    found: dict[str, Any] = etappe.ask("/v1/customers", identifier=person)["rows"][0]
    return found


def question(view: str, etappe: Etappe) -> dict[str, str]:
    """With which a view has something to show."""
    if view == "customer":
        return {"identifier": customer_of_many_devices(etappe)["identifiers"][-1]}
    return {"where": OR} if view == "funnel" else {}


OR = '{"any_of": [[{"field": "channel", "op": "eq", "value": "email"}], [{"field": "value", "op": "gt", "value": 5}]]}'


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


def shell(command: str, **known: str) -> str:
    """What a command that the page gave prints when it is pasted into a shell; it must do so without an error."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs curl")
        pytest.skip("curl is not installed")
    done = subprocess.run(
        ["bash", "-euc", command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **known},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def rate(text: str) -> float:
    """58.1% as a number from 0 to 1."""
    assert text.endswith("%"), text
    return float(text[:-1].replace(",", "")) / 100


NONE = "\N{EN DASH}"
TENTH = 0.00051
"""How far a rate that is shown with one decimal may be from the one that is meant."""


def seconds(text: str) -> float | None:
    """9.6 days in seconds; None for a dash."""
    if text == NONE:
        return None
    number, unit = text.split()
    return float(number.replace(",", "")) * _UNITS[unit.rstrip("s")]


def same_time(text: str, meant: float | None) -> bool:
    """Whether a duration says the seconds that are meant, as exactly as it can."""
    shown = seconds(text)
    if shown is None or meant is None:
        return shown is meant
    unit = _UNITS[text.split()[1].rstrip("s")]
    whole_units = unit == 1 or meant / unit >= 100
    return abs(shown - meant) <= unit * (0.51 if whole_units else 0.051)


_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


async def table(page: Page, label: str) -> list[list[str]]:
    """The cells of a table by its label, row by row."""
    found: list[list[str]] = (
        await page.get_by_role("region", name=label, exact=True)
        .locator("table")
        .evaluate(
            "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
        )
    )
    return found


async def drawn(page: Page, script: str) -> Any:
    """What a chart was told to draw: `script` is about `options`. Canvas has no text that a test could read."""
    await page.locator(".chart canvas").first.wait_for()
    return await page.evaluate(
        f"(() => {{ const options = document.querySelector('.chart').chart.options(); return {script}; }})()"
    )


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

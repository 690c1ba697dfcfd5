"""The dashboard: what a first visit loads, and how long it takes to the first number and the first chart."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.figures import Pair, Row
from bench.places import above
from bench.processes import ROOT, Server, free_port, server
from bench.scale import FULL, Scale
from query_api.dashboard import read_site
from query_api.dashboard.files import imported

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession

_FIRST = ("i18n/en.json", "fonts/inter-latin.woff2", "icon.svg")
_FLAGS = ["--no-sandbox", "--disable-gpu"]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Visit:
    """Seconds from asking for the page to its first number (and the funnel's picture), and to the first chart; the
    processor's seconds until then, of the page's main thread and of the services; and the funnel's call alone."""

    number: float
    chart: float
    page: float
    services: float
    asked: float


def rows(scale: Scale) -> Iterator[Row]:
    """Weight from the files; times in Chromium, each visit with an empty cache, on the demo's traffic."""
    first, charts = weights()
    yield Row("page: loaded to the first number", "KB", [Pair(first / 1000, 0)], target="≤ 120 KB, gzip")
    yield Row("page: loaded for the charts on top", "KB", [Pair(charts / 1000, 0)], target="≤ 250 KB, gzip")
    browser = shutil.which("chromium")
    if browser is None:
        raise RuntimeError("Chromium is needed to time a visit: make chromium")
    visits = asyncio.run(_visits(browser, scale))
    reference = "GET /v1/funnel by a client that is connected already"
    idle = "≤ 1 s on an idle machine"
    yield Row("page: first number", "s", [Pair(each.number, each.asked) for each in visits], reference, idle)
    yield Row("page: first chart", "s", [Pair(each.chart, each.asked) for each in visits], reference, idle)
    for name, taken in (
        ("page: processor time to the first chart, main thread", [each.page for each in visits]),
        ("page: processor time to the first chart, services", [each.services for each in visits]),
    ):
        yield Row(name, "s", [Pair(each, each) for each in taken])


def weights() -> tuple[int, int]:
    """Bytes of what the overview needs for its first number, and of the charts: gzip, the font as it is."""
    site = read_site()
    modules = imported(
        {path: file.body for path, file in site.files.items()}, ["js/app.js", "js/views/overview.js"]
    )
    needed = [
        file
        for path, file in site.files.items()
        if path in _FIRST or path in modules or path.startswith("css/")
    ]
    first = sum(len(file.body if file.packed else file.gzipped) for file in [site.index, *needed])
    return first, len(site.files["vendor/echarts.js"].gzipped)


async def _visits(browser: str, scale: Scale) -> list[Visit]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    with tempfile.TemporaryDirectory(dir=above(), ignore_cleanup_errors=True) as folder:
        data, ports = Path(folder) / "data", (free_port(), free_port())
        options = ["--data-dir", str(data), "--collect-port", str(ports[0]), "--query-port", str(ports[1])]
        with server(["-m", "etappe", "up", *options], ports[1], Path(folder) / "output") as running:
            await asyncio.to_thread(_fill, data, 2_000 if scale == FULL else 200)
            token = json.loads((data / "keys.json").read_text())["read_token"]
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=browser, args=_FLAGS)
                visits = [await _visit(chromium, running, token) for _ in range(scale.rounds)]
                await chromium.close()
                return visits


def _fill(data: Path, customers: int) -> None:
    command = [sys.executable, "-m", "etappe", "demo", "--data-dir", str(data), "--customers", str(customers)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


async def _visit(chromium: Browser, running: Server, token: str) -> Visit:
    """With an empty cache; the main thread's time is Chromium's own account of it."""
    context = await chromium.new_context(reduced_motion="reduce")
    page = await context.new_page()
    account = await context.new_cdp_session(page)
    await account.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await _busy(account)
    spent = _spent(running.process.pid)
    begun = time.perf_counter()
    await page.goto(f"{running.url}/#token={token}")
    await page.locator("[data-figure='count.awareness']").wait_for()
    number = time.perf_counter() - begun
    await page.locator(".chart canvas").first.wait_for()
    chart = time.perf_counter() - begun
    busy, services = await _busy(account) - before, _spent(running.process.pid) - spent
    await context.close()
    async with httpx.AsyncClient(
        base_url=running.url, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        await client.get("/v1/freshness")
        begun = time.perf_counter()
        (await client.get("/v1/funnel")).raise_for_status()
        return Visit(number, chart, busy, services, time.perf_counter() - begun)


async def _busy(account: CDPSession) -> float:
    """Seconds that the page's main thread has worked."""
    told = await account.send("Performance.getMetrics")
    return float(next(each["value"] for each in told["metrics"] if each["name"] == "TaskDuration"))


def _spent(pid: int) -> float:
    """Processor time of a process and of its children, in seconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS + sum(_spent(int(child)) for child in children)

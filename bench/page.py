"""The dashboard: what a first visit loads, and how long it takes to the first number and the first chart."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.figures import Pair, Row
from bench.places import above
from bench.processes import ROOT, free_port, server
from bench.scale import FULL, Scale
from query_api.dashboard import read_site

if TYPE_CHECKING:
    from playwright.async_api import Browser

_FIRST = ("js/views/overview.js", "i18n/en.json", "fonts/inter-latin.woff2", "icon.svg")
_FLAGS = ["--no-sandbox", "--disable-gpu"]


def rows(scale: Scale) -> Iterator[Row]:
    """Weight from the files; times in Chromium, each visit with an empty cache, on the demo's traffic."""
    first, charts = weights()
    yield Row("page: loaded to the first number", "KB", [Pair(first / 1000, 0)], target="≤ 120 KB, gzip")
    yield Row("page: loaded for the charts on top", "KB", [Pair(charts / 1000, 0)], target="≤ 250 KB, gzip")
    browser = shutil.which("chromium")
    if browser is None:
        raise RuntimeError("Chromium is needed to time a visit: make chromium")
    numbers, drawn = asyncio.run(_times(browser, scale))
    reference = "GET /v1/funnel by a client that is connected already"
    yield Row("page: first number", "s", numbers, reference, "≤ 1 s on an idle machine")
    yield Row("page: first chart", "s", drawn, reference, "≤ 1 s on an idle machine")


def weights() -> tuple[int, int]:
    """Bytes of what the overview needs for its first number, and of the charts: gzip, the font as it is."""
    site = read_site()
    needed = [
        file
        for path, file in site.files.items()
        if path in _FIRST or path.startswith("css/") or (path.startswith("js/") and path.count("/") == 1)
    ]
    first = sum(len(file.body if file.packed else file.gzipped) for file in [site.index, *needed])
    return first, len(site.files["vendor/echarts.js"].gzipped)


async def _times(browser: str, scale: Scale) -> tuple[list[Pair], list[Pair]]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    with tempfile.TemporaryDirectory(dir=above(), ignore_cleanup_errors=True) as folder:
        data, ports = Path(folder) / "data", (free_port(), free_port())
        options = ["--data-dir", str(data), "--collect-port", str(ports[0]), "--query-port", str(ports[1])]
        with server(["-m", "etappe", "up", *options], ports[1], Path(folder) / "output") as running:
            await asyncio.to_thread(_fill, data, 2_000 if scale == FULL else 200)
            token = json.loads((data / "keys.json").read_text())["read_token"]
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=browser, args=_FLAGS)
                visits = [await _visit(chromium, running.url, token) for _ in range(scale.rounds)]
                await chromium.close()
    return [Pair(number, asked) for number, _, asked in visits], [
        Pair(chart, asked) for _, chart, asked in visits
    ]


def _fill(data: Path, customers: int) -> None:
    command = [sys.executable, "-m", "etappe", "demo", "--data-dir", str(data), "--customers", str(customers)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


async def _visit(chromium: Browser, url: str, token: str) -> tuple[float, float, float]:
    """Seconds from asking for the page to its first number, to its first chart; and those of the funnel alone."""
    context = await chromium.new_context(reduced_motion="reduce")
    page = await context.new_page()
    begun = time.perf_counter()
    await page.goto(f"{url}/#token={token}")
    await page.locator("[data-figure='count.awareness']").wait_for()
    number = time.perf_counter() - begun
    await page.locator(".chart canvas").first.wait_for()
    chart = time.perf_counter() - begun
    await context.close()
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        await client.get("/v1/freshness")
        begun = time.perf_counter()
        (await client.get("/v1/funnel")).raise_for_status()
        return number, chart, time.perf_counter() - begun

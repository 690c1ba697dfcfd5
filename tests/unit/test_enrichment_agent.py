"""Device, browser, system and bots, from real user agents."""

from __future__ import annotations

import pytest

from etappe.enrichment import Agent, read_agent

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/126.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
IPHONE = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE} Version/17.5 Mobile/15E148 Safari/604.1"
)
PIXEL = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {KIT} Chrome/126.0.0.0 Mobile Safari/537.36"
GALAXY_TAB = f"Mozilla/5.0 (Linux; Android 13; SM-X700) {KIT} Chrome/126.0.0.0 Safari/537.36"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {APPLE} Version/16.6 Mobile/15E148 Safari/604.1"
TV = f"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) {KIT} Version/7.0 TV Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("text", "device", "browser", "system"),
    [
        (WINDOWS, "desktop", "Chrome", "Windows"),
        (FIREFOX, "desktop", "Firefox", "Linux"),
        (IPHONE, "mobile", "Mobile Safari", "iOS"),
        (PIXEL, "mobile", "Chrome Mobile", "Android"),
        (GALAXY_TAB, "tablet", "Chrome", "Android"),
        (IPAD, "tablet", "Mobile Safari", "iOS"),
    ],
)
def test_people_are_read_with_their_device(text: str, device: str, browser: str, system: str) -> None:
    assert read_agent(text) == Agent(device, browser, system, False)


def test_a_television_is_one() -> None:
    assert read_agent(TV).device == "tv"


@pytest.mark.parametrize(
    "text",
    [GOOGLEBOT, "curl/8.5.0", "Wget/1.21", "python-requests/2.32", "facebookexternalhit/1.1 link preview",
     "Mozilla/5.0 (compatible; bingbot/2.0)", "Mozilla/5.0 HeadlessChrome/126.0", "UptimeMonitor/1"],
)  # fmt: skip
def test_robots_are_flagged(text: str) -> None:
    assert read_agent(text).bot
    assert read_agent(text).device == "bot"


def test_no_user_agent_says_nothing() -> None:
    assert read_agent("") == Agent("", "", "", False)


def test_nonsense_is_no_robot() -> None:
    assert not read_agent("ünï 🦊 \\ ' {x:String}").bot

"""Device, browser and system from a user agent, by the ua-parser project's maintained patterns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import ua_parser


class Agent(NamedTuple):
    """`device` is desktop, mobile, tablet, tv, bot or empty; names are families, without versions."""

    device: str = ""
    browser: str = ""
    os: str = ""
    bot: bool = False


_TABLET = re.compile(r"iPad|Tablet|Kindle|Silk|PlayBook|Android(?!.*Mobile)")
_TV = re.compile(r"TV|BRAVIA|Roku|AppleTV|CrKey")
_MOBILE = re.compile(r"Mobi|iPhone|iPod|Android|Phone")
_BOT = re.compile(
    r"bot\b|crawl|spider|slurp|headless|preview|monitor|lighthouse|curl/|wget/|python-requests", re.IGNORECASE
)


@lru_cache(maxsize=20_000)
def read_agent(text: str) -> Agent:
    """What a user agent says; all empty for an empty one."""
    if not text:
        return Agent()
    parsed = ua_parser.parse(text)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    family = parsed.device.family if parsed.device else ""
    bot = family == "Spider" or _BOT.search(text) is not None
    return Agent("bot" if bot else _device(text), browser, system, bot)


def _device(text: str) -> str:
    if _TV.search(text):
        return "tv"
    if _TABLET.search(text):
        return "tablet"
    return "mobile" if _MOBILE.search(text) else "desktop"

"""Device, browser and system from a user agent, by the ua-parser project's maintained patterns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from etappe.enrichment.bots import is_bot

READ_CHARS = 1000
"""Of a user agent; what stands behind is not looked at."""


class Agent(NamedTuple):
    """`device` is desktop, mobile, tablet, tv, console, bot or empty; names are families, without versions."""

    device: str = ""
    browser: str = ""
    os: str = ""
    bot: bool = False


_DEVICES = (
    ("mobile", re.compile(r"Windows Phone|IEMobile|Opera Mini")),
    ("console", re.compile(r"PlayStation|Xbox|Nintendo")),
    (
        "tv",
        re.compile(
            r"\bTV\b|SmartTV|GoogleTV|AppleTV|HbbTV|BRAVIA|Roku|CrKey|\bAFT[A-Z]|Web0S|NetCast|VIDAA|Viera"
        ),
    ),
    ("mobile", re.compile(r"^Dalvik(?!.*(?:\bTab\b|SM-[TX]\d))|iPhone|iPod|FBAN/FB4A")),
    ("tablet", re.compile(r"iPad|Tablet(?! PC)|Kindle|PlayBook|^(?!.*Mobi).*(?:Android|Silk)")),
    ("mobile", re.compile(r"Mobi|[Aa]ndroid|Phone|BlackBerry|BB10|Symbian|Series60|KAIOS|MIDP")),
    ("desktop", re.compile(r"Windows|Win(?:9[58]|32|64)|Macintosh|Mac OS X|Mac_PowerPC|X11|CrOS|Linux|BSD")),
)
"""The first that fits. An iPad that asks for desktop pages says that it is a Macintosh: it is a desktop then."""

_DEVICE_OF_SYSTEM = {
    "iOS": "mobile",
    "Android": "mobile",
    "tvOS": "tv",
    "watchOS": "mobile",
    "Mac OS X": "desktop",
}


def read_agent(text: str) -> Agent:
    """What a user agent says; all empty for an empty one."""
    return _read(text[:READ_CHARS]) if text else _SILENT


_SILENT = Agent()


@lru_cache(maxsize=20_000)
def _read(text: str) -> Agent:
    import ua_parser  # noqa: PLC0415 - 30 MB of patterns, which the collector does without

    parsed = ua_parser.parse(text)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    bot = (parsed.device is not None and parsed.device.family == "Spider") or is_bot(text)
    return Agent("bot" if bot else _device(text, system), browser, system, bot)


def _device(text: str, system: str) -> str:
    found = next((device for device, pattern in _DEVICES if pattern.search(text)), "")
    return found or _DEVICE_OF_SYSTEM.get(system, "")

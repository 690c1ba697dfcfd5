"""The channel of a touchpoint: what the sender said, else what campaign and referrer say, in this order."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from etappe.touchpoint import Touchpoint

_BY_MEDIUM = {
    "cpc": "paid_search", "ppc": "paid_search", "paidsearch": "paid_search", "paid_search": "paid_search",
    "sem": "paid_search", "paid_social": "paid_social", "paidsocial": "paid_social", "cpm": "display",
    "display": "display", "banner": "display", "video": "paid_video", "email": "email", "e-mail": "email",
    "newsletter": "email", "sms": "sms", "push": "push", "affiliate": "affiliate", "referral": "referral",
    "social": "organic_social", "organic": "organic_search", "print": "mail", "mail": "mail", "qr": "mail",
}  # fmt: skip

_SOCIAL = ("facebook", "instagram", "linkedin", "tiktok", "pinterest", "twitter", "t.co", "reddit", "xing")
_SEARCH = ("google", "bing", "duckduckgo", "yahoo", "ecosia", "qwant", "baidu", "yandex", "startpage")


def channel_of(touchpoint: Touchpoint) -> str:
    """Sender's word, campaign medium, referrer, then `direct` for pages and `other` for the rest."""
    if touchpoint.channel:
        return touchpoint.channel
    campaign, page = touchpoint.campaign, touchpoint.page
    return _derive(campaign.source, campaign.medium, page.referrer, page.url)


@lru_cache(maxsize=50_000)
def _derive(source: str, medium: str, referrer: str, url: str) -> str:
    if medium:
        return _of_medium(medium.strip().lower(), source.strip().lower())
    if not url:
        return "other"
    host = _host(referrer)
    if not host or host == _host(url):
        return "direct"
    if any(name in host.split(".") for name in _SEARCH):
        return "organic_search"
    return "organic_social" if _is_social(host) else "referral"


def _of_medium(medium: str, source: str) -> str:
    if medium in ("cpc", "ppc", "paid") and _is_social(source):
        return "paid_social"
    return _BY_MEDIUM.get(medium, "other")


def _is_social(name: str) -> bool:
    return any(each in (name, *name.split(".")) or name.endswith(f".{each}") for each in _SOCIAL)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""

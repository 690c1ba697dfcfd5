"""Which user agents are no person's: the crawler-user-agents project's list, and what robots call themselves."""

from __future__ import annotations

import re
from functools import cache

USED_BY_PEOPLE = frozenset({
    "AP3A\\.240617\\.008", "MetaIAB Facebook", "Viber", "Sonic", "Fluid", "Fetch\\/", "Code\\/1\\.", "Trae\\/", "Sogou",
    "Goodreads", "Tumblr\\/", "Notion\\/", "NextCloud", "Feedly", "PayPal\\/", "Overcast\\/", "PocketCasts\\/",
    "NewsBlur", "^Silk\\/", "mail\\.ru", "speedy", "fluffy", "Butterfly", "Magellan", "NING\\/", "ds9", "Yeti",
    "Daum\\/", "Bluesky\\/", "Freespoke\\/", "Mastodon",
})  # fmt: skip
"""Patterns of the list that are left out: apps in which people open pages, and words that a device may be named by.

The robots behind some of them are found by their address (`+https://…`) all the same.
"""

_PATTERNS_A_SEARCH = 25

_OWN_WORDS = re.compile(
    r"(?<!cu)bots?(?![a-z])|crawl|spider|slurp|scrap(?:e|ing|y)|headless|lighthouse|pagespeed|page speed|phantomjs"
    r"|puppeteer|playwright|selenium|webdriver|cypress|synthetic|preview|prerender|monitor(?:ing|us)?(?![a-z])"
    r"|uptime|health.?check|kube-probe|pingdom|fetcher|(?:link|seo|security|vulnerability|web|site)[ -]?(?:check|scan)"
    r"|validator|archiver|transcoder|https?://|\+mailto:"
    r"|^(?:curl|wget|libcurl|libwww|lwp|java|php|python|ruby|perl|go|node|undici|got|axios|okhttp|guzzlehttp"
    r"|restsharp|postmanruntime|insomnia|httpie|aiohttp|httpx|reqwest|resty|grpc-\w+|apache-httpclient|jakarta)"
    r"(?:[-. /][\w.-]*)?/\d"
    r"|^(?:node|axios|got|undici|ruby|java|php|python|curl|wget)$"
)
"""In small letters: what a robot that is in no list yet calls itself, HTTP libraries, and an address to complain to."""


def is_bot(agent: str) -> bool:
    """Whether the agent names a crawler, a monitor, a link preview, a browser without a person, or a library."""
    return _OWN_WORDS.search(agent.lower()) is not None or any(each.search(agent) for each in _listed())


@cache
def _listed() -> list[re.Pattern[str]]:
    """Imported when first asked: the collector does not need it before somebody validates an event."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415 - hardly ever needed by the collector

    patterns = [each["pattern"] for each in CRAWLER_USER_AGENTS_DATA if each["pattern"] not in USED_BY_PEOPLE]
    parts = range(0, len(patterns), _PATTERNS_A_SEARCH)
    return [re.compile("|".join(patterns[start : start + _PATTERNS_A_SEARCH])) for start in parts]

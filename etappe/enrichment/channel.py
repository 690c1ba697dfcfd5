"""The channel of a touchpoint, in this order: the sender's word, the campaign, click ids, the referrer, the page.

docs/channels.md says the same in words, and its table of examples is a test.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from etappe.enrichment.address import NO_PARAMETERS, are_one_site, host_of, parameters_of
from etappe.enrichment.campaign import UNPAID, channel_of_campaign
from etappe.enrichment.words import folded, kind_of_host, words
from etappe.touchpoint import Touchpoint

CHANNELS = (
    "paid_search", "organic_search", "paid_social", "organic_social", "paid_video", "organic_video", "display",
    "email", "sms", "push", "affiliate", "referral", "ai_assistant", "direct", "store", "call", "mail", "event",
    "other",
)  # fmt: skip
"""All that is derived; a sender's own word may be another."""

Rule = Literal["sender", "campaign", "click_id", "referrer", "page", "nothing"]

_SEEN_CHARS = 100
"""Of a source or medium: longer ones are in no list, and the cache must not keep them."""

_PASSED_THROUGH = ("payment", "sign_in")


class Reading(NamedTuple):
    """A channel, the rule that decided, and the value it decided by."""

    channel: str
    rule: Rule
    by: str


class Evidence(NamedTuple):
    """All that the channel is derived from where the sender does not say it: the key of the cache."""

    source: str
    medium: str
    is_named: bool
    """The campaign has a name."""
    click_id: str
    referrer: str
    """Its host, as `host` is the page's."""
    host: str
    visited: bool
    """Somebody opened a page; otherwise there is nothing that could be direct."""


def channel_of(touchpoint: Touchpoint) -> str:
    """One of CHANNELS, or the sender's own word."""
    return explain_channel(touchpoint).channel


def explain_channel(touchpoint: Touchpoint) -> Reading:
    """The channel with its reason. Never fails, whatever the texts are."""
    if touchpoint.channel:
        said = _spelled_once(touchpoint.channel)
        if said:
            return Reading(said, "sender", touchpoint.channel)
    campaign, page = touchpoint.campaign, touchpoint.page
    source, medium, name = campaign.source, campaign.medium, campaign.name
    url = page.url
    found = parameters_of(url) if "?" in url else NO_PARAMETERS
    if not source and not medium:
        source, medium, name = found.source, found.medium, name or found.name
    visited = bool(url or page.path) and not touchpoint.offline and touchpoint.contact in ("", "interactive")
    return _derive(
        Evidence(
            source[:_SEEN_CHARS],
            medium[:_SEEN_CHARS],
            bool(name),
            found.click_id,
            host_of(page.referrer) if page.referrer else "",
            host_of(url),
            visited,
        )
    )


@lru_cache(maxsize=50_000)
def _derive(seen: Evidence) -> Reading:
    kind = _sender(seen.referrer, seen.host)
    clicked = _clicked(seen.click_id, kind)
    campaign = f"{seen.source} / {seen.medium}"
    channel = channel_of_campaign(seen.source, seen.medium, clicked, kind)
    if channel:
        return Reading(channel, "campaign", campaign)
    if clicked:
        return Reading(clicked, "click_id", seen.click_id)
    if kind:
        return Reading(UNPAID[kind], "referrer", seen.referrer)
    if seen.is_named or _says_something(seen.source):
        return Reading("other", "campaign", campaign)
    return Reading("direct", "page", seen.host) if seen.visited else Reading("other", "nothing", "")


def _says_something(source: str) -> bool:
    """`(direct)` as a campaign's source says that there was none."""
    return folded(source) not in words().empty | {""}


def _sender(referrer: str, host: str) -> str:
    """The kind of the site that somebody came from; empty where they came from nowhere, or back."""
    if not referrer or are_one_site(referrer, host):
        return ""
    kind = kind_of_host(referrer)
    return "" if kind in _PASSED_THROUGH else kind or "referral"


def _clicked(click_id: str, sender: str) -> str:
    """An advertiser's click id says who was paid; where it was shown, the referrer knows better."""
    if not click_id:
        return ""
    channel = words().click_ids[click_id].channel
    if channel == "paid_search" and sender == "video":
        return "paid_video"
    if channel == "paid_search" and sender in ("display", "email"):
        return "display"
    return channel


def _spelled_once(said: str) -> str:
    """Long ones are not remembered: that would let anybody fill the memory."""
    return _remembered(said) if len(said) <= _SEEN_CHARS else _spelled(said)


def _spelled(said: str) -> str:
    """A channel in its own spelling, another word as it was sent, nothing for a word that says nothing."""
    word = folded(said[:_SEEN_CHARS])
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    table = words()
    if word in table.spellings:
        return table.spellings[word]
    return "" if word in table.empty else said.strip()


_remembered = lru_cache(maxsize=1000)(_spelled)

_SPELLINGS = {folded(channel): channel for channel in CHANNELS}

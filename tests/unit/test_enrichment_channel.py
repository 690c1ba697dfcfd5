"""The channel of a touchpoint: the sender's word, the campaign, the referrer, in this order."""

from __future__ import annotations

import pytest

from etappe.enrichment import channel_of
from etappe.touchpoint import Campaign, Page, Touchpoint


def channel(
    said: str = "",
    medium: str = "",
    source: str = "",
    referrer: str = "",
    url: str = "https://www.shop.example/a",
) -> str:
    return channel_of(
        Touchpoint(
            workspace="w",
            id="1",
            event="Page Viewed",
            at=0,
            stamp=0,
            identifiers=[],
            channel=said,
            campaign=Campaign(source=source, medium=medium),
            page=Page(url=url, referrer=referrer),
        )
    )


def test_the_senders_word_counts_before_everything() -> None:
    assert channel(said="store", medium="cpc", referrer="https://google.com") == "store"


@pytest.mark.parametrize(
    ("medium", "source", "wanted"),
    [
        ("cpc", "google", "paid_search"),
        (" CPC ", "Google", "paid_search"),
        ("ppc", "facebook", "paid_social"),
        ("paid", "instagram", "paid_social"),
        ("paid_social", "", "paid_social"),
        ("email", "newsletter", "email"),
        ("Newsletter", "", "email"),
        ("display", "", "display"),
        ("affiliate", "awin", "affiliate"),
        ("qr", "", "mail"),
        ("something", "", "other"),
    ],
)
def test_a_campaigns_medium_decides(medium: str, source: str, wanted: str) -> None:
    assert channel(medium=medium, source=source, referrer="https://bing.com/") == wanted


@pytest.mark.parametrize(
    ("referrer", "wanted"),
    [
        ("https://www.google.de/search?q=x", "organic_search"),
        ("https://duckduckgo.com/", "organic_search"),
        ("https://m.facebook.com/", "organic_social"),
        ("https://t.co/abc", "organic_social"),
        ("https://www.linkedin.com/feed", "organic_social"),
        ("https://blog.example.org/post", "referral"),
        ("https://not-google.example.org/", "referral"),
        ("https://fast.co/", "referral"),
        ("", "direct"),
        ("https://shop.example/other", "direct"),
        ("https://[broken", "direct"),
        ("android-app://com.example", "referral"),
    ],
)
def test_without_a_campaign_the_referrer_decides(referrer: str, wanted: str) -> None:
    assert channel(referrer=referrer) == wanted


def test_what_is_no_page_and_says_nothing_is_other() -> None:
    assert channel(url="") == "other"

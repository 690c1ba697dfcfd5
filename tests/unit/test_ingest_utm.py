"""The campaign in a web address."""

from __future__ import annotations

import pytest

from etappe.touchpoint import Campaign
from ingest.utm import NO_CAMPAIGN, campaign_in


@pytest.mark.parametrize(
    ("address", "campaign"),
    [
        ("https://x.ch/?utm_source=g&utm_medium=cpc", Campaign("g", "cpc")),
        ("?utm_campaign=big+one&utm_term=%C3%A4&utm_content=c", Campaign("", "", "big one", "ä", "c")),
        ("https://x.ch/a?utm_source=first&utm_source=second", Campaign("first")),
        ("https://x.ch/?utm_source=a%40b.ch", Campaign("[redacted]")),
        ("https://x.ch/#utm_source=g", NO_CAMPAIGN),
        ("https://x.ch/?a=utm_source", NO_CAMPAIGN),
        ("utm_source=g", NO_CAMPAIGN),
        ("https://x.ch/?" + "a=1&" * 1_000 + "utm_source=late", NO_CAMPAIGN),
        ("", NO_CAMPAIGN),
    ],
)
def test_a_campaign_is_what_the_query_says(address: str, campaign: Campaign) -> None:
    assert campaign_in(address) == campaign

"""The campaign in a web address, for senders that send only the address. Pure."""

from __future__ import annotations

from urllib.parse import unquote_plus

from etappe.touchpoint import Campaign
from ingest.personal import clean_campaign

READ_CHARS = 8192
PARAMETERS = 200
"""Of an address; what stands behind is not looked at."""

NO_CAMPAIGN = Campaign()

_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def campaign_in(address: str) -> Campaign:
    """By the utm_ parameters of an address, or of its query alone (`?utm_source=…`); of a name given twice
    the first value. Personal values are taken out."""
    if "utm_" not in address:
        return NO_CAMPAIGN
    query = address[:READ_CHARS].partition("?")[2].partition("#")[0]
    found: dict[str, str] = {}
    for pair in query.split("&", PARAMETERS)[:PARAMETERS]:
        name, _, value = pair.partition("=")
        if name in _FIELDS:
            found.setdefault(name, unquote_plus(value))
    return clean_campaign(*(found.get(name, "") for name in _FIELDS)) if found else NO_CAMPAIGN

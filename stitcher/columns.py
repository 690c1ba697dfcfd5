"""A touchpoint as a row of table `touchpoints`: enriched, in the order of the table's columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from etappe.enrichment import channel_of, read_agent
from etappe.touchpoint import Touchpoint

NAMES = (
    "workspace", "identifier", "at", "seq", "event_id", "id", "stamp", "event", "channel", "contact", "offline",
    "account", "page_url", "page_path", "page_title", "page_referrer", "campaign_source", "campaign_medium",
    "campaign_name", "campaign_term", "campaign_content", "value", "currency", "sentiment", "device_type",
    "device_browser", "device_os", "country", "bot", "consent_analytics", "consent_linking", "experiments",
    "identifiers", "traits", "properties", "source", "import_id", "ip",
)  # fmt: skip


def row_of(touchpoint: Touchpoint, event_id: bytes) -> tuple[object, ...]:
    """The values of one row, in the order of NAMES."""
    page, campaign = touchpoint.page, touchpoint.campaign
    agent = read_agent(touchpoint.user_agent)
    return (
        touchpoint.workspace, touchpoint.identifiers[0].key, touchpoint.at, touchpoint.seq, event_id,
        touchpoint.id, touchpoint.stamp, touchpoint.event, channel_of(touchpoint), touchpoint.contact,
        touchpoint.offline, touchpoint.account, page.url, page.path, page.title, page.referrer,
        campaign.source, campaign.medium, campaign.name, campaign.term, campaign.content, touchpoint.value,
        touchpoint.currency, touchpoint.sentiment, agent.device, agent.browser, agent.os, touchpoint.country,
        agent.bot, touchpoint.consent_analytics, touchpoint.consent_linking, touchpoint.experiments,
        [each.key for each in touchpoint.identifiers], bytes(touchpoint.traits).decode(),
        bytes(touchpoint.properties).decode(), touchpoint.source, touchpoint.import_id, touchpoint.ip,
    )  # fmt: skip


def by_column(rows: Sequence[tuple[object, ...]]) -> dict[str, Sequence[object]]:
    """Rows turned into the columns that an insert takes."""
    return dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}

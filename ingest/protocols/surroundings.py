"""What surrounds a native event: its visitor's agent, country and address, and consent."""

from __future__ import annotations

import msgspec

from etappe.touchpoint import Touchpoint
from ingest.drafts import country_of
from ingest.personal import clean_name

Text = str | None


class NativeConsent(msgspec.Struct, gc=False):
    """Absent: as the workspace says."""

    analytics: bool | None = None
    linking: bool | None = None


class NativeContext(msgspec.Struct, gc=False):
    """What surrounds the event."""

    user_agent: Text = None
    country: Text = None
    ip: Text = None


def put_context(touchpoint: Touchpoint, context: NativeContext) -> None:
    """What the event says beats what the request's head says."""
    if context.user_agent:
        touchpoint.user_agent = clean_name(context.user_agent)
    if context.country:
        touchpoint.country = country_of(context.country)


def put_consent(touchpoint: Touchpoint, consent: NativeConsent) -> None:
    if consent.analytics is not None:
        touchpoint.consent_analytics = consent.analytics
    if consent.linking is not None:
        touchpoint.consent_linking = consent.linking

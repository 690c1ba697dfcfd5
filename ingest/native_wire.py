"""The native protocol's events as they are on the wire; null is absent."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from etappe.touchpoint import ABSENT
from ingest.drafts import WirePage

Text = str | None
Time = str | int | float | None
Variant = str | int | float | bool | None


class NativeCampaign(msgspec.Struct, gc=False):
    """The utm_ parameters."""

    source: Text = None
    medium: Text = None
    name: Text = None
    term: Text = None
    content: Text = None


class NativeConsent(msgspec.Struct, gc=False):
    """Absent: as the workspace says."""

    analytics: bool | None = None
    linking: bool | None = None


class NativeContext(msgspec.Struct, gc=False):
    """What surrounds the event."""

    user_agent: Text = None
    country: Text = None


class NativeEvent(msgspec.Struct, gc=False):
    """One touchpoint as sent. Fields not named here are ignored."""

    event: Text = None
    id: Text = None
    at: Time = None
    sent_at: Time = None
    seq: int | None = None
    identifiers: dict[str, Any] | None = None
    account: str | int | float | None = None
    channel: Text = None
    contact: Literal["", "interactive", "static", "human"] | None = None
    offline: bool | None = None
    page: WirePage | None = None
    campaign: NativeCampaign | None = None
    value: float | None = None
    currency: Text = None
    sentiment: float | None = None
    experiments: dict[str, Variant] | None = None
    consent: NativeConsent | None = None
    context: NativeContext | None = None
    traits: msgspec.Raw = ABSENT
    properties: msgspec.Raw = ABSENT


class PlainPage(WirePage, forbid_unknown_fields=True, gc=False):
    pass


class PlainCampaign(NativeCampaign, forbid_unknown_fields=True, gc=False):
    pass


class PlainConsent(NativeConsent, forbid_unknown_fields=True, gc=False):
    pass


class PlainContext(NativeContext, forbid_unknown_fields=True, gc=False):
    pass


class PlainEvent(NativeEvent, forbid_unknown_fields=True, gc=False):
    """An event with nothing to ignore: only its traits and properties can be nested deeper than this says."""

    identifiers: dict[str, str | int | float | None] | None = None
    page: PlainPage | None = None
    campaign: PlainCampaign | None = None
    consent: PlainConsent | None = None
    context: PlainContext | None = None


decode_event = msgspec.json.Decoder(NativeEvent).decode
decode_plain_event = msgspec.json.Decoder(PlainEvent).decode
decode_plain_events = msgspec.json.Decoder(list[PlainEvent]).decode

"""The native protocol: `POST /v1/touchpoints`, an object, an array or NDJSON."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from etappe.touchpoint import Campaign, Page, Touchpoint
from ingest.drafts import ABSENT, Draft, Sender, Wire, as_object, text_of
from ingest.json_events import split_events
from ingest.reasons import Reason, Refusal, refuse, wrong

Text = str | None
Time = str | int | float | None
Variant = str | int | float | bool | None


class NativePage(msgspec.Struct, gc=False):
    """The page or screen it happened on; `path` follows from `url` where it is absent."""

    url: Text = None
    path: Text = None
    title: Text = None
    referrer: Text = None


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
    """One touchpoint as sent. Fields not named here are ignored; null is absent."""

    event: Text = None
    id: Text = None
    at: Time = None
    sent_at: Time = None
    seq: int | None = None
    identifiers: dict[str, object] | None = None
    account: str | int | float | None = None
    channel: Text = None
    contact: Literal["", "interactive", "static", "human"] | None = None
    offline: bool | None = None
    page: NativePage | None = None
    campaign: NativeCampaign | None = None
    value: float | None = None
    currency: Text = None
    sentiment: float | None = None
    experiments: dict[str, Variant] | None = None
    consent: NativeConsent | None = None
    context: NativeContext | None = None
    traits: msgspec.Raw = ABSENT
    properties: msgspec.Raw = ABSENT


_decode = msgspec.json.Decoder(NativeEvent).decode
_SEQ_LIMIT = 2**63


class Native:
    """See docs/protocols.md for what becomes of each field."""

    name = "native"
    key_in_body = False

    def key_in(self, body: bytes) -> str | None:
        return None

    def read(self, body: bytes) -> Wire:
        return Wire(split_events(body), draft_of)

    def reply(self, accepted: int) -> tuple[int, dict[str, Any]]:
        return 202, {"accepted": accepted}


def draft_of(raw: bytes, sender: Sender) -> Draft | Refusal:
    """One event as a draft, or the first field that cannot be what it is."""
    try:
        event = _decode(raw)
    except msgspec.ValidationError as error:
        return as_refusal(str(error))
    traits, properties = as_object(event.traits), as_object(event.properties)
    if traits is None or properties is None:
        return wrong("traits" if traits is None else "properties", "no object", "an object")
    seq = event.seq or 0
    if not -_SEQ_LIMIT <= seq < _SEQ_LIMIT:
        return wrong("seq", "a number out of range", "an integer of 64 bits")
    touchpoint = _touchpoint(event, seq, sender)
    _put_surroundings(touchpoint, event)
    names = event.identifiers.items() if event.identifiers else ()
    return Draft(touchpoint, names, event.at, event.sent_at, traits, properties)


def _touchpoint(event: NativeEvent, seq: int, sender: Sender) -> Touchpoint:
    workspace = sender.caller.workspace
    analytics = linking = workspace.consent_default
    if event.consent is not None:
        analytics = analytics if event.consent.analytics is None else event.consent.analytics
        linking = linking if event.consent.linking is None else event.consent.linking
    return Touchpoint(
        workspace=workspace.name,
        id=event.id or "",
        event=event.event or "",
        at=sender.received,
        stamp=sender.received,
        identifiers=[],
        seq=seq,
        channel=event.channel or "",
        contact=event.contact or "",
        offline=event.offline or False,
        value=event.value,
        sentiment=event.sentiment,
        consent_analytics=analytics,
        consent_linking=linking,
    )


def _put_surroundings(touchpoint: Touchpoint, event: NativeEvent) -> None:
    """What most events do not have costs nothing where it is absent."""
    if event.account is not None:
        touchpoint.account = (text_of(event.account) or "").strip()
    if event.page is not None:
        touchpoint.page = _page(event.page)
    if event.campaign is not None:
        touchpoint.campaign = _campaign(event.campaign)
    if event.currency:
        touchpoint.currency = event.currency.upper()
    if event.experiments:
        touchpoint.experiments = _experiments(event.experiments)
    if event.context is not None:
        touchpoint.user_agent = event.context.user_agent or ""
        touchpoint.country = (event.context.country or "").upper()


def _page(page: NativePage) -> Page:
    return Page(page.url or "", page.path or "", page.title or "", page.referrer or "")


def _campaign(campaign: NativeCampaign) -> Campaign:
    return Campaign(
        campaign.source or "",
        campaign.medium or "",
        campaign.name or "",
        campaign.term or "",
        campaign.content or "",
    )


def _experiments(experiments: dict[str, Variant]) -> dict[str, str]:
    """Variants as text; true is "true", as in JSON."""
    return {
        name: variant if isinstance(variant, str) else msgspec.json.encode(variant).decode()
        for name, variant in experiments.items()
        if variant is not None
    }


_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<got>[^`]*)`)?(?: - at `\$\.?(?P<path>[^`]*)`)?"
)
_NOT_LISTED = re.compile(r"Invalid enum value .* - at `\$\.(?P<path>[^`]*)`", re.DOTALL)


def as_refusal(message: str) -> Refusal:
    """The decoder's complaint in our words: field, kind of value, what was wanted."""
    if found := _EXPECTED.match(message):
        wanted = found["wanted"].replace(" | null", "").replace(" | ", " or ").replace("str", "string")
        return wrong(found["path"] or "event", found["got"] or "out of range", wanted)
    if found := _NOT_LISTED.match(message):
        return wrong(found["path"], "not in the list", "interactive, static or human")
    return refuse(Reason.BAD_TYPE, message.replace("`$.", "`"))

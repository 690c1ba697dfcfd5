"""The native protocol: `POST /v1/touchpoints`, an object, an array or NDJSON."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from etappe.touchpoint import Campaign, Page, Touchpoint
from ingest.drafts import Draft, Sender, Wire, as_object, text_of
from ingest.json_events import split_events
from ingest.reasons import Reason, Refusal, refuse, wrong

Text = str | None
Time = str | int | float | None


class NativePage(msgspec.Struct):
    """The page or screen it happened on; `path` follows from `url` where it is absent."""

    url: Text = None
    path: Text = None
    title: Text = None
    referrer: Text = None


class NativeCampaign(msgspec.Struct):
    """The utm_ parameters."""

    source: Text = None
    medium: Text = None
    name: Text = None
    term: Text = None
    content: Text = None


class NativeConsent(msgspec.Struct):
    """Absent: as the workspace says."""

    analytics: bool | None = None
    linking: bool | None = None


class NativeContext(msgspec.Struct):
    """What surrounds the event."""

    user_agent: Text = None
    country: Text = None


class NativeEvent(msgspec.Struct):
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
    experiments: dict[str, str | int | float | bool | None] | None = None
    consent: NativeConsent | None = None
    context: NativeContext | None = None
    traits: msgspec.Raw = msgspec.Raw(b"")
    properties: msgspec.Raw = msgspec.Raw(b"")


_decode = msgspec.json.Decoder(NativeEvent).decode
_NO_PAGE, _NO_CAMPAIGN = Page(), Campaign()
_NO_CONSENT, _NO_CONTEXT = NativeConsent(), NativeContext()
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
    if event.seq is not None and not -_SEQ_LIMIT <= event.seq < _SEQ_LIMIT:
        return wrong("seq", "a number out of range", "an integer of 64 bits")
    touchpoint = _touchpoint(event, sender)
    names = list(event.identifiers.items()) if event.identifiers else []
    return Draft(touchpoint, names, event.at, event.sent_at, traits, properties)


def _touchpoint(event: NativeEvent, sender: Sender) -> Touchpoint:
    workspace = sender.caller.workspace
    context = event.context or _NO_CONTEXT
    consent = event.consent or _NO_CONSENT
    default = workspace.consent_default
    return Touchpoint(
        workspace=workspace.name,
        id=event.id or "",
        event=event.event or "",
        at=sender.received,
        stamp=sender.received,
        identifiers=[],
        seq=event.seq or 0,
        account=(text_of(event.account) or "").strip(),
        channel=event.channel or "",
        contact=event.contact or "",
        offline=event.offline or False,
        page=_page(event.page),
        campaign=_campaign(event.campaign),
        value=event.value,
        currency=(event.currency or "").upper(),
        sentiment=event.sentiment,
        experiments=_experiments(event.experiments),
        consent_analytics=default if consent.analytics is None else consent.analytics,
        consent_linking=default if consent.linking is None else consent.linking,
        user_agent=context.user_agent or "",
        country=(context.country or "").upper(),
    )


def _page(page: NativePage | None) -> Page:
    if page is None:
        return _NO_PAGE
    return Page(page.url or "", page.path or "", page.title or "", page.referrer or "")


def _campaign(campaign: NativeCampaign | None) -> Campaign:
    if campaign is None:
        return _NO_CAMPAIGN
    return Campaign(
        campaign.source or "",
        campaign.medium or "",
        campaign.name or "",
        campaign.term or "",
        campaign.content or "",
    )


def _experiments(experiments: dict[str, str | int | float | bool | None] | None) -> dict[str, str]:
    """Variants as text; true is "true", as in JSON."""
    if not experiments:
        return {}
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

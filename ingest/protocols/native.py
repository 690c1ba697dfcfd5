"""The native protocol: `POST /v1/touchpoints`, an object, an array or NDJSON. Source: docs/protocols.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UnsetType

from etappe.touchpoint import ABSENT, Campaign, Page, Touchpoint
from ingest.drafts import (
    Draft,
    Sender,
    Wire,
    WirePage,
    account_of,
    as_object,
    country_of,
    currency_of,
    text_of,
)
from ingest.http import Head
from ingest.json_events import check_utf8, split_events
from ingest.keys import Caller, Keys
from ingest.limits import EVENT_BYTES
from ingest.personal import clean_campaign, clean_experiments, clean_name, cleaned_campaign
from ingest.protocols import Description
from ingest.reasons import Reason, Refusal, refuse, wrong
from ingest.receipts import Reply, Result, receipt

_SEQ_LIMIT = 2**63

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
    ip: Text = None


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


class PlainPage(Page, forbid_unknown_fields=True, frozen=True, gc=False):
    pass


class PlainCampaign(Campaign, forbid_unknown_fields=True, frozen=True, gc=False):
    pass


class PlainConsent(NativeConsent, forbid_unknown_fields=True, gc=False):
    pass


class PlainContext(NativeContext, forbid_unknown_fields=True, gc=False):
    pass


class PlainEvent(Touchpoint, forbid_unknown_fields=True, kw_only=True, gc=False):
    """An event with nothing to ignore, to read leniently or to look for: only its traits and properties can be
    nested deeper than this says.

    It becomes the touchpoint itself, in place: a second object for it would cost as much as all of its checks.
    What only the collector says can be sent by nobody: there is no JSON for an UnsetType.
    """

    workspace: UnsetType = ""  # type: ignore[assignment]
    stamp: UnsetType = 0  # type: ignore[assignment]
    alias: UnsetType = msgspec.field(default_factory=list)  # type: ignore[assignment]
    consent_analytics: UnsetType = True  # type: ignore[assignment]
    consent_linking: UnsetType = True  # type: ignore[assignment]
    user_agent: UnsetType = ""  # type: ignore[assignment]
    country: UnsetType = ""  # type: ignore[assignment]
    source: UnsetType = "native"  # type: ignore[assignment]
    ip: UnsetType = ""  # type: ignore[assignment]
    import_id: UnsetType = ""  # type: ignore[assignment]

    id: str = ""
    event: str = ""
    at: datetime | int | float | None = None  # type: ignore[assignment]  # until `put_time` has read it
    identifiers: dict[str, str] = msgspec.field(default_factory=dict)  # type: ignore[assignment]  # the same
    page: PlainPage = PlainPage()
    campaign: PlainCampaign = PlainCampaign()
    sent_at: datetime | int | float | None = None
    consent: PlainConsent | None = None
    context: PlainContext | None = None


decode_event = msgspec.json.Decoder(NativeEvent).decode
decode_plain_event = msgspec.json.Decoder(PlainEvent).decode
decode_plain_events = msgspec.json.Decoder(list[PlainEvent]).decode


class Native:
    """See docs/protocols.md for what becomes of each field."""

    name = "native"
    methods = ("POST",)
    from_browsers = False
    names_caller = False
    described = Description(
        "Send touchpoints.", 202, "Receipt", body=NativeEvent, lists=True, required=("event", "identifiers")
    )

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return None

    def read(self, body: bytes, head: Head) -> Wire:
        return read_events(body)

    def reply(self, result: Result, head: Head) -> Reply:
        return receipt(202, {}, result)


def read_events(body: bytes) -> Wire:
    """An object, an array or NDJSON of native events.

    Decoded at once where every event is plain, which halves the work; else one by one.
    """
    check_utf8(body)
    if len(body) <= EVENT_BYTES and (events := plain_events(body)):
        return Wire(events, draft_of_plain, lambda: split_events(body))
    written = split_events(body)
    if len(body) > EVENT_BYTES >= max(map(len, written)) and (events := plain_events(body)):
        return Wire(events, draft_of_plain, lambda: written)
    return Wire(written, draft_of_written, lambda: written)


def plain_events(body: bytes) -> Sequence[PlainEvent]:
    """The events of a body of nothing but plain ones; none where it takes a closer look to tell what it is."""
    try:
        events = decode_plain_events(body) if body.startswith(b"[") else [decode_plain_event(body)]
    except (msgspec.DecodeError, RecursionError):
        return ()
    return events if events and events[0].event else ()


def draft_of_plain(event: PlainEvent, sender: Sender) -> Draft | Refusal:
    """A plain event as a draft of itself."""
    traits, properties = event.traits, event.properties
    raw_traits = b"" if traits is ABSENT else as_object(traits)
    raw_properties = b"" if properties is ABSENT else as_object(properties)
    if not raw_traits:
        if raw_traits is None:
            return wrong("traits", "no object", "an object")
        event.traits = ABSENT
    if not raw_properties:
        if raw_properties is None:
            return wrong("properties", "no object", "an object")
        event.properties = ABSENT
    if event.seq and not -_SEQ_LIMIT <= event.seq < _SEQ_LIMIT:
        return wrong("seq", "a number out of range", "an integer of 64 bits")
    at, sent_at = event.at, event.sent_at
    if at is None:
        event.at = sender.received
    sender.sign(event)
    _clean_plain(event)
    draft = Draft(event, event.identifiers.items(), at, sent_at, raw_traits, raw_properties)
    if event.page is not _NO_PAGE:
        draft.page = event.page
    if sent_at is not None or event.context is not None or event.consent is not None:
        _put_surroundings(event, draft)
    return draft


def _clean_plain(event: Touchpoint) -> None:
    if event.campaign is not _NO_CAMPAIGN:
        event.campaign = cleaned_campaign(event.campaign)
    if event.channel:
        event.channel = clean_name(event.channel)
    if event.currency:
        event.currency = currency_of(event.currency)
    if event.account:
        event.account = account_of(event.account)
    if event.experiments:
        event.experiments = clean_experiments(event.experiments)


def _put_surroundings(event: PlainEvent, draft: Draft) -> None:
    """What a touchpoint has no place for is taken away."""
    event.sent_at = None
    if event.context is not None:
        draft.address = event.context.ip or ""
        _put_context(event, event.context)
        event.context = None
    if event.consent is not None:
        _put_consent(event, event.consent)
        event.consent = None


_NO_PAGE, _NO_CAMPAIGN = PlainEvent().page, PlainEvent().campaign


def draft_of_written(raw: bytes, sender: Sender) -> Draft | Refusal:
    """The same for an event as it was written."""
    try:
        event = decode_event(raw)
    except msgspec.ValidationError as error:
        return as_refusal(str(error))
    return draft_of(event, sender)


def draft_of(event: NativeEvent, sender: Sender) -> Draft | Refusal:
    """A decoded event as a draft, or the first field that cannot be what it is."""
    traits = b"" if event.traits is ABSENT else as_object(event.traits)
    properties = b"" if event.properties is ABSENT else as_object(event.properties)
    if traits is None or properties is None:
        return wrong("traits" if traits is None else "properties", "no object", "an object")
    if event.seq and not -_SEQ_LIMIT <= event.seq < _SEQ_LIMIT:
        return wrong("seq", "a number out of range", "an integer of 64 bits")
    touchpoint = sender.new_touchpoint()
    _put_usual(touchpoint, event)
    _put_rare(touchpoint, event)
    if traits:
        touchpoint.traits = event.traits
    if properties:
        touchpoint.properties = event.properties
    names = event.identifiers.items() if event.identifiers else ()
    address = event.context.ip if event.context is not None else None
    return Draft(
        touchpoint, names, event.at, event.sent_at, traits, properties, event.page, None, address or ""
    )


def _put_usual(touchpoint: Touchpoint, event: NativeEvent) -> None:
    """What is absent costs only the look whether it is there."""
    if event.event:
        touchpoint.event = event.event
    if event.id:
        touchpoint.id = event.id
    if event.channel:
        channel = event.channel
        touchpoint.channel = clean_name(channel) if "@" in channel or "%" in channel else channel
    if event.campaign is not None:
        touchpoint.campaign = _campaign(event.campaign)
    if event.value is not None:
        touchpoint.value = event.value
    if event.currency:
        touchpoint.currency = currency_of(event.currency)
    if event.context is not None:
        _put_context(touchpoint, event.context)


def _put_context(touchpoint: Touchpoint, context: NativeContext) -> None:
    """What the event says beats what the request's head says."""
    if context.user_agent:
        touchpoint.user_agent = clean_name(context.user_agent)
    if context.country:
        touchpoint.country = country_of(context.country)


def _put_rare(touchpoint: Touchpoint, event: NativeEvent) -> None:
    if event.seq:
        touchpoint.seq = event.seq
    if event.account is not None:
        touchpoint.account = account_of(text_of(event.account) or "")
    if event.contact:
        touchpoint.contact = event.contact
    if event.offline:
        touchpoint.offline = True
    if event.sentiment is not None:
        touchpoint.sentiment = event.sentiment
    if event.experiments:
        touchpoint.experiments = clean_experiments(_experiments(event.experiments))
    if event.consent is not None:
        _put_consent(touchpoint, event.consent)


def _put_consent(touchpoint: Touchpoint, consent: NativeConsent) -> None:
    if consent.analytics is not None:
        touchpoint.consent_analytics = consent.analytics
    if consent.linking is not None:
        touchpoint.consent_linking = consent.linking


def _campaign(campaign: NativeCampaign) -> Campaign:
    return clean_campaign(
        campaign.source or "",
        campaign.medium or "",
        campaign.name or "",
        campaign.term or "",
        campaign.content or "",
    )


def _experiments(experiments: dict[str, Any]) -> dict[str, str]:
    """Variants as text; true is "true", as in JSON."""
    for variant in experiments.values():
        if not isinstance(variant, str):
            return {name: _as_text(each) for name, each in experiments.items() if each is not None}
    return experiments


def _as_text(variant: Variant) -> str:
    return variant if isinstance(variant, str) else msgspec.json.encode(variant).decode()


_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<got>[^`]*)`)?(?: - at `\$\.?(?P<path>[^`]*)`)?"
)
_NOT_LISTED = re.compile(r"Invalid enum value .* - at `\$\.(?P<path>[^`]*)`", re.DOTALL)


_KINDS = {
    "str": "a string",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "array": "an array",
    "object": "an object",
}
"""JSON's words for the decoder's."""


def as_refusal(message: str) -> Refusal:
    """The decoder's complaint in our words: field, kind of value, what was wanted."""
    if found := _EXPECTED.match(message):
        got = _KINDS.get(found["got"], found["got"]) or "out of range"
        return wrong(found["path"] or "event", got, _wanted(found["wanted"].split(" | ")))
    if found := _NOT_LISTED.match(message):
        return wrong(found["path"], "not in the list", "interactive, static or human")
    return refuse(Reason.BAD_TYPE, message.replace("`$.", "`"))


def _wanted(types: Sequence[str]) -> str:
    """`null` is always taken, and goes without saying."""
    kinds = [each for each in types if each != "null"]
    if kinds == ["int"]:
        return "an integer"
    return " or ".join(dict.fromkeys(_KINDS.get(each, each) for each in kinds))

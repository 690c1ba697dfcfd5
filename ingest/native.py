"""The native protocol: `POST /v1/touchpoints`, an object, an array or NDJSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from etappe.touchpoint import ABSENT, Campaign, Touchpoint
from ingest.drafts import Draft, Sender, Wire, account_of, as_object, country_of, currency_of, text_of
from ingest.json_events import check_utf8, split_events
from ingest.limits import EVENT_BYTES
from ingest.native_wire import (
    NativeCampaign,
    NativeConsent,
    NativeEvent,
    PlainEvent,
    Variant,
    decode_event,
    decode_plain_event,
    decode_plain_events,
)
from ingest.personal import clean_campaign, clean_experiments, clean_name
from ingest.reasons import Reason, Refusal, refuse, wrong

_SEQ_LIMIT = 2**63


class Native:
    """See docs/protocols.md for what becomes of each field."""

    name = "native"
    key_in_body = False

    def key_in(self, body: bytes) -> str | None:
        return None

    def read(self, body: bytes) -> Wire:
        """Decoded at once where every event is plain, which halves the work; else one by one."""
        check_utf8(body)
        if len(body) <= EVENT_BYTES and (events := plain_events(body)):
            return Wire(events, draft_of, lambda: split_events(body))
        written = split_events(body)
        if len(body) > EVENT_BYTES >= max(map(len, written)) and (events := plain_events(body)):
            return Wire(events, draft_of, lambda: written)
        return Wire(written, draft_of_written, lambda: written)

    def reply(self, accepted: int) -> tuple[int, dict[str, Any]]:
        return 202, {"accepted": accepted}


def plain_events(body: bytes) -> Sequence[PlainEvent]:
    """The events of a body of nothing but plain ones; none where it takes a closer look to tell what it is."""
    try:
        events = decode_plain_events(body) if body.startswith(b"[") else [decode_plain_event(body)]
    except (msgspec.DecodeError, RecursionError):
        return ()
    return events if events and events[0].event else ()


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
    return Draft(touchpoint, names, event.at, event.sent_at, traits, properties, event.page)


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
        touchpoint.user_agent = clean_name(event.context.user_agent or "")
        touchpoint.country = country_of(event.context.country or "")


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


def as_refusal(message: str) -> Refusal:
    """The decoder's complaint in our words: field, kind of value, what was wanted."""
    if found := _EXPECTED.match(message):
        wanted = found["wanted"].replace(" | null", "").replace(" | ", " or ").replace("str", "string")
        return wrong(found["path"] or "event", found["got"] or "out of range", wanted)
    if found := _NOT_LISTED.match(message):
        return wrong(found["path"], "not in the list", "interactive, static or human")
    return refuse(Reason.BAD_TYPE, message.replace("`$.", "`"))

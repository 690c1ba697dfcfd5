"""The native protocol: `POST /v1/touchpoints`, an object, an array or NDJSON. Source: docs/protocols.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from etappe.touchpoint import ABSENT, Campaign, Touchpoint
from ingest.drafts import (
    Draft,
    Sender,
    Wire,
    WirePage,
    account_of,
    as_object,
    currency_of,
    text_of,
)
from ingest.http import Head
from ingest.json_events import check_utf8, split_events
from ingest.keys import Caller, Keys
from ingest.limits import EVENT_BYTES, SEQ_LIMIT
from ingest.personal import clean_campaign, clean_experiments, clean_name
from ingest.protocols import Description
from ingest.protocols.plain import PlainEvent, drafts_of_plain, plain_events
from ingest.protocols.surroundings import NativeConsent, NativeContext, put_consent, put_context
from ingest.reasons import Reason, Refusal, refuse, wrong
from ingest.receipts import Reply, Result, receipt

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


decode_event = msgspec.json.Decoder(NativeEvent).decode


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
        return _plain(body, events, lambda: split_events(body))
    written = split_events(body)
    if len(body) > EVENT_BYTES >= max(map(len, written)) and (events := plain_events(body)):
        return _plain(body, events, lambda: written)
    return Wire(written, draft_of_written, lambda: written)


def _plain(body: bytes, events: Sequence[PlainEvent], bodies: Callable[[], Sequence[bytes]]) -> Wire:
    return Wire(events, draft_of_written, bodies, unbroken=b"\n" not in body, drafts=drafts_of_plain)


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
    if event.seq and not -SEQ_LIMIT <= event.seq < SEQ_LIMIT:
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
        put_context(touchpoint, event.context)


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
        put_consent(touchpoint, event.consent)


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

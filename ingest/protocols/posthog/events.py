"""One PostHog event as a draft. docs/protocols.md says what becomes of each field; sources: the SDKs themselves."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from etappe.touchpoint import ABSENT, Touchpoint
from ingest.drafts import Draft, Sender, as_object, as_raw, country_of, currency_of, text_of
from ingest.lenient import Json, is_readable, json_object, merged, number, part, text
from ingest.personal import clean_name
from ingest.protocols.posthog.identity import ALIASES, COOKIELESS, alias_of, names_of
from ingest.protocols.posthog.properties import (
    account_in,
    campaign_of,
    experiments_of,
    kept,
    page_of,
    traits_of,
)
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong

EVENT_NAMES = {
    "$identify": "Identified",
    "$pageview": "Page Viewed",
    "$bot_pageview": "Page Viewed",
    "$screen": "Screen Viewed",
    "$create_alias": "Aliased",
    "$merge_dangerously": "Aliased",
    "$groupidentify": "Grouped",
    "$set": "Traits Set",
    "$set_once": "Traits Set",
    "$unset": "Traits Set",
}
"""Every other event keeps its name."""

NOT_TOUCHPOINTS = {
    "$snapshot": "recordings of sessions",
    "$snapshot_items": "recordings of sessions",
    "$$heatmap": "heat maps",
    "$performance_event": "recordings of sessions",
    "$$client_ingestion_warning": "the SDK's own messages",
}
"""Refused, since no journey is told by them."""


class PostHogEvent(
    msgspec.Struct,
    rename={
        "set": "$set",
        "set_once": "$set_once",
        "unset": "$unset",
        "dollar_token": "$token",
    },
    gc=False,
):
    """One event, by itself or in a batch. What is `object` or Raw is read where it is used."""

    event: object = None
    distinct_id: object = None
    uuid: object = None
    timestamp: object = None
    offset: object = None
    sent_at: object = None
    properties: msgspec.Raw = ABSENT
    set: msgspec.Raw = ABSENT
    set_once: msgspec.Raw = ABSENT
    unset: object = None
    options: msgspec.Raw = ABSENT
    session_id: object = None
    api_key: object = None
    token: object = None
    dollar_token: object = None

    def key(self, properties: Json) -> str:
        """What it presents as its key; empty where it presents none."""
        found = (self.api_key, self.token, self.dollar_token, properties.get("token"))
        return next((each for each in found if isinstance(each, str) and each), "")


class Request(NamedTuple):
    """What a request says for all of its events."""

    key: str
    """Which each of them must carry, where it carries one."""
    sent_at: object
    """Beats theirs."""
    in_envelope: bool
    """Whether the key stands beside the events: then a property `token` of theirs is a property like any other."""
    library: str = ""
    """Name and version of the SDK, with a slash between, where its head says so and not its events."""


decode_event = msgspec.json.Decoder(PostHogEvent).decode


def draft_of(raw: bytes, request: Request, sender: Sender) -> Draft | Refusal:
    """An event as it was written."""
    try:
        event = decode_event(raw)
    except msgspec.ValidationError:
        return wrong("event", "not readable", "an object")
    properties = _properties(event, request)
    refusal = _check_event(event) or _check_objects(event) or _check_key(event, properties, request)
    if refusal is not None:
        return refusal
    sent_at = event.sent_at if request.sent_at is None else request.sent_at
    return _draft(event, properties, sent_at, sender)


def _properties(event: PostHogEvent, request: Request) -> Json:
    """With what newer SDKs send beside the properties, under the names that it has among them."""
    properties = json_object(event.properties)
    for name, value in json_object(event.options).items():
        properties.setdefault(_OPTIONS.get(name, f"${name}"), value)
    if isinstance(event.session_id, str):
        properties.setdefault("$session_id", event.session_id)
    if request.library:
        name, _, version = request.library.partition("/")
        properties = {"$lib": name, "$lib_version": version, **properties}
    return properties


_OPTIONS = {"disable_skew_correction": "$ignore_sent_at"}


def _check_event(event: PostHogEvent) -> Refusal | None:
    """What would change the event's meaning if it were guessed."""
    name = event.event
    if not isinstance(name, str | None):
        return wrong("event", kind_of(name), "a string")
    if name in NOT_TOUCHPOINTS:
        return refuse(Reason.UNKNOWN_CALL, f"{name}: {NOT_TOUCHPOINTS[name]} are not collected.")
    if text_of(event.uuid) is None:
        return wrong("uuid", kind_of(event.uuid), "a string")
    if text_of(event.offset) is None or isinstance(event.offset, str):
        return wrong("offset", kind_of(event.offset), "a number of milliseconds")
    return None


def _check_objects(event: PostHogEvent) -> Refusal | None:
    """A number that no double can hold would take all that stands beside it away."""
    named = (("properties", event.properties), ("$set", event.set), ("$set_once", event.set_once))
    for field, raw in named:
        if as_object(raw) is None:
            return wrong(field, "no object", "an object")
        if not is_readable(raw):
            return wrong(field, "not readable", "numbers that a double can hold")
    return None


def _check_key(event: PostHogEvent, properties: Json, request: Request) -> Refusal | None:
    """A request is one sender's. An event with another key was to go to another workspace, or to none."""
    key = event.key({} if request.in_envelope else properties)
    if not key or key == request.key:
        return None
    return wrong("token", "another key than its request's", "one key for all events of a request")


def _draft(event: PostHogEvent, properties: Json, sent_at: object, sender: Sender) -> Draft:
    name = event.event if isinstance(event.event, str) else ""
    distinct_id = properties.get("distinct_id") if event.distinct_id is None else event.distinct_id
    traits = _traits(event, properties)
    touchpoint = sender.new_touchpoint()
    touchpoint.id = text_of(event.uuid) or ""
    touchpoint.event = EVENT_NAMES.get(name, name)
    _put_context(touchpoint, properties, distinct_id)
    if name not in EVENT_NAMES:
        touchpoint.value = number(properties, "$revenue", "revenue", "value")
        touchpoint.currency = currency_of(text(properties, "$currency") or text(properties, "currency"))
    own = kept(properties, touchpoint.consent_analytics)
    draft = Draft(
        touchpoint,
        names_of(name, distinct_id, properties, traits, sender.rules),
        _time(event, sender),
        None if properties.get("$ignore_sent_at") is True else sent_at,
        _encoded(traits),
        _encoded(own),
        page_of(name, properties),
        alias_of(distinct_id, properties, sender.rules)[1] if name in ALIASES else None,
        text(properties, "$ip"),
    )
    touchpoint.traits, touchpoint.properties = as_raw(draft.traits), as_raw(draft.properties)
    return draft


def _put_context(touchpoint: Touchpoint, properties: Json, distinct_id: object) -> None:
    """What surrounds it. A visitor of whom nothing may be stored is counted for the day, not known."""
    touchpoint.account = account_in(properties)
    touchpoint.campaign = campaign_of(properties)
    touchpoint.experiments = experiments_of(properties)
    if agent := text(properties, "$raw_user_agent"):
        touchpoint.user_agent = clean_name(agent)
    if country := text(properties, "$geoip_country_code"):
        touchpoint.country = country_of(country)
    if properties.get("$cookieless_mode") is True or distinct_id == COOKIELESS:
        touchpoint.consent_analytics = touchpoint.consent_linking = False


def _traits(event: PostHogEvent, properties: Json) -> Json:
    """What stands beside the properties beats what stands among them."""
    first = merged(part(properties, "$set_once"), json_object(event.set_once))
    latest = merged(part(properties, "$set"), json_object(event.set))
    return traits_of(latest, first, properties.get("$unset") if event.unset is None else event.unset)


def _time(event: PostHogEvent, sender: Sender) -> object:
    """`offset`: how long before the sending it happened, in ms, of SDKs that trust no clock."""
    if event.timestamp is None and isinstance(event.offset, int | float) and event.offset:
        return sender.received - event.offset
    return event.timestamp


def _encoded(content: Json) -> bytes:
    return msgspec.json.encode(content) if content else b""

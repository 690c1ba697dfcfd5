"""The Segment protocol: one call to a request, or several; what RudderStack's and Jitsu's SDKs send is the same.

Source: Segment's public tracking API and Spec, and the SDKs themselves. See docs/protocols.md for what becomes of
each field.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from etappe.errors import BadInput, Problem
from etappe.touchpoint import ABSENT, Campaign, Touchpoint
from ingest.consents import Consent, consent_of
from ingest.drafts import (
    Draft,
    Sender,
    Wire,
    WirePage,
    account_of,
    as_object,
    as_raw,
    country_of,
    currency_of,
    text_of,
)
from ingest.http import Head
from ingest.json_events import around, as_written, check_utf8, reading
from ingest.keys import Caller, Keys
from ingest.lenient import Json, is_readable, json_object, merged, number, part, text
from ingest.naming import TYPE_NAME
from ingest.personal import clean_campaign, clean_experiments, clean_name, clean_text
from ingest.protocols import Description
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong
from ingest.receipts import Reply, Result, receipt
from ingest.utm import campaign_in

Names = list[tuple[str, object]]

EVENT_NAMES = {
    "identify": "Identified",
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "alias": "Aliased",
    "group": "Grouped",
}
CALLS = frozenset(EVENT_NAMES) | {"track"}

ANY = "event"
"""In place of a call: the body says which it is by its `type`, or holds several."""

BATCH = "batch"

PATHS = {
    **{f"/v1/{call}": call for call in sorted(CALLS)},
    **{f"/v1/{call[0]}": call for call in sorted(CALLS)},
    **{f"/api/s/{call}": call for call in sorted(CALLS | {ANY})},
    **{f"/api/s/s2s/{call}": call for call in sorted(CALLS | {ANY})},
}
"""The Spec's, its browser SDK's short ones, and Jitsu's of browsers and of servers: each with its call."""

BATCH_PATHS = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch", "/api/s/batch", "/api/s/s2s/batch")

CONTEXT_FIELDS = frozenset(
    ("campaign", "consent", "consentManagement", "device", "externalIds", "groupId", "ip", "location", "page",
     "traits", "userAgent")
)  # fmt: skip
"""Of a call's context, what is read."""


class SegmentEvent(msgspec.Struct, rename="camel", gc=False):
    """One call, by itself or in a batch. What is `object` or Raw is read where it is used."""

    type: object = None
    message_id: object = None
    user_id: object = None
    anonymous_id: object = None
    previous_id: object = None
    group_id: object = None
    event: object = None
    name: object = None
    category: object = None
    timestamp: object = None
    original_timestamp: object = None
    sent_at: object = None
    context: msgspec.Raw = ABSENT
    integrations: msgspec.Raw = ABSENT
    properties: msgspec.Raw = ABSENT
    traits: msgspec.Raw = ABSENT


class SegmentBatch(msgspec.Struct, rename="camel", gc=False):
    """Several calls. Context and integrations belong to each of them, the sending time beats theirs."""

    batch: list[msgspec.Raw] | None = None
    context: msgspec.Raw = ABSENT
    integrations: msgspec.Raw = ABSENT
    sent_at: object = None


class BodyKey(msgspec.Struct, rename="camel", gc=False):
    write_key: object = None


decode_event = msgspec.json.Decoder(SegmentEvent).decode
decode_batch = msgspec.json.Decoder(SegmentBatch).decode
decode_key = msgspec.json.Decoder(BodyKey).decode


class Segment:
    """The call that its path names; `BATCH` for several, whose items name theirs, `ANY` where the body tells."""

    name = "segment"
    methods = ("POST",)
    from_browsers = False
    names_caller = True

    def __init__(self, call: str = BATCH) -> None:
        self._call = call
        self.described = _described(call)

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        return keys.first_known(key_in(body))

    def read(self, body: bytes, head: Head) -> Wire:
        if self._call == BATCH:
            return read_batch(body)
        return read_any(body) if self._call == ANY else read_call(body, self._call)

    def reply(self, result: Result, head: Head) -> Reply:
        return receipt(200, {"success": result.accepted > 0}, result)


def _described(call: str) -> Description:
    if call != BATCH:
        summary = "Segment: a call that names itself." if call == ANY else f"Segment: {call}."
        return Description(summary, reply="SegmentReceipt", body=SegmentEvent)
    items = {"type": "array", "items": {"$ref": "#/components/schemas/SegmentEvent"}}
    return Description(
        "Segment: several calls.", reply="SegmentReceipt", body=SegmentBatch, properties={"batch": items}
    )


_WRITTEN_KEY = re.compile(rb'"writeKey"\s*+:\s*+"([\w\-.]{1,200})"')


def key_in(body: bytes) -> list[str]:
    """The key in a body, which is neither mended nor looked through but for it; BadInput where it is no UTF-8."""
    check_utf8(body)
    try:
        key = decode_key(body).write_key
    except (msgspec.DecodeError, RecursionError):
        return _key_written(body)
    return [key] if isinstance(key, str) else []


def _key_written(body: bytes) -> list[str]:
    """In a body that has to be mended, or cut, before it can be read."""
    found = _WRITTEN_KEY.search(body)
    return [found[1].decode()] if found else []


class Envelope(NamedTuple):
    """What a batch says for all of its calls."""

    context: Json
    integrations: Json
    sent_at: object


NO_ENVELOPE = Envelope({}, {}, None)


def read_call(body: bytes, call: str) -> Wire:
    """One call, whatever its `type` says. BadInput: no object, or an empty one."""
    text, event = reading(lambda mended: (mended, decode_event(mended)), body.strip())
    if text.translate(None, b" \t\r\n") == b"{}":
        raise BadInput(Problem("body", "nothing to read", "a call"))
    return Wire([text], lambda raw, sender: draft_of(event, call, NO_ENVELOPE, sender), lambda: [text])


def read_any(body: bytes) -> Wire:
    """A call that names itself, or a batch. BadInput as of the two."""
    if reading(decode_batch, body).batch is not None:
        return read_batch(body)
    found = read_call(body, ANY)
    return Wire(found.events, lambda raw, sender: _draft_of_item(raw, NO_ENVELOPE, sender), found.bodies)


def read_batch(body: bytes) -> Wire:
    """Several calls, each by its `type`. BadInput: no object, or nothing in it."""
    sent = reading(decode_batch, body)
    if not sent.batch:
        raise BadInput(Problem("batch", "nothing to read", "an array of calls"))
    envelope = Envelope(json_object(sent.context), json_object(sent.integrations), sent.sent_at)
    bodies = as_written(sent.batch)
    return Wire(
        bodies,
        lambda raw, sender: _draft_of_item(raw, envelope, sender),
        lambda: bodies,
        outer=lambda: around(body, "batch"),
    )


def _draft_of_item(raw: bytes, envelope: Envelope, sender: Sender) -> Draft | Refusal:
    """A call that names itself, if it is one of the calls."""
    try:
        event = decode_event(raw)
    except msgspec.ValidationError as error:
        return wrong("batch", f"not readable: {error}", "an object")
    if isinstance(event.type, str) and event.type in CALLS:
        return draft_of(event, event.type, envelope, sender)
    found = repr(clean_text(event.type)[:40]) if isinstance(event.type, str) else kind_of(event.type)
    return refuse(Reason.UNKNOWN_CALL, f"type is {found} (wanted {', '.join(sorted(CALLS))})")


def draft_of(event: SegmentEvent, call: str, envelope: Envelope, sender: Sender) -> Draft | Refusal:
    """One call as a draft."""
    refusal = _check_types(event, call) or _check_numbers(event) or _check_addressee(event, envelope)
    if refusal is not None:
        return refusal
    context = merged(envelope.context, json_object(event.context))
    own_traits = json_object(event.traits)
    traits = person_traits({} if call == "group" else own_traits, context)
    properties = own_traits if call == "group" else _properties(event, call)
    page = _page(event, call, context, properties)
    touchpoint = sender.new_touchpoint()
    _put_event(touchpoint, event, call, properties)
    _put_context(touchpoint, event, context, page)
    draft = Draft(
        touchpoint,
        identifiers_of(event, context, traits),
        event.timestamp if event.original_timestamp is None else event.original_timestamp,
        event.sent_at if envelope.sent_at is None else envelope.sent_at,
        _encoded(traits),
        _encoded(properties),
        page,
        None,
        text(context, "ip"),
    )
    touchpoint.traits, touchpoint.properties = as_raw(draft.traits), as_raw(draft.properties)
    if call == "alias":
        _make_alias(draft, event)
    return draft


def _check_types(event: SegmentEvent, call: str) -> Refusal | None:
    """What would change an event's meaning if it were guessed."""
    if call == "track" and not isinstance(event.event, str | None):
        return wrong("event", kind_of(event.event), "a string")
    for field, value in (("messageId", event.message_id), ("groupId", event.group_id)):
        if text_of(value) is None:
            return wrong(field, kind_of(value), "a string")
    for field, raw in (("properties", event.properties), ("traits", event.traits)):
        if as_object(raw) is None:
            return wrong(field, "no object", "an object")
    return None


def _check_numbers(event: SegmentEvent) -> Refusal | None:
    """One that no double can hold would take all that stands beside it away."""
    named = (("properties", event.properties), ("traits", event.traits), ("context", event.context))
    for field, raw in named:
        if not is_readable(raw):
            return wrong(field, "not readable", "numbers that a double can hold")
    return None


def _check_addressee(event: SegmentEvent, envelope: Envelope) -> Refusal | None:
    """`All` speaks of the systems behind a collector, never of the collector itself: so do Segment's SDKs see it."""
    if event.integrations is ABSENT and not envelope.integrations:
        return None
    said = merged(envelope.integrations, json_object(event.integrations))
    if said.get("Etappe", said.get("Segment.io")) is not False:
        return None
    return refuse(
        Reason.NOT_FOR_US, f"integrations.{'Etappe' if 'Etappe' in said else 'Segment.io'} is false."
    )


def _put_event(touchpoint: Touchpoint, event: SegmentEvent, call: str, properties: Json) -> None:
    """What the call itself says."""
    name = EVENT_NAMES.get(call) or event.event
    touchpoint.id = text_of(event.message_id) or ""
    touchpoint.event = name if isinstance(name, str) else ""
    if call == "track":
        touchpoint.value = number(properties, "revenue", "value", "total")
        touchpoint.currency = currency_of(text(properties, "currency"))
    if name == "Experiment Viewed":
        touchpoint.experiments = _experiments(properties)


def _put_context(touchpoint: Touchpoint, event: SegmentEvent, context: Json, page: WirePage | None) -> None:
    """What surrounds it."""
    touchpoint.account = account_of(text_of(event.group_id) or text(context, "groupId"))
    touchpoint.campaign = _campaign(context, page)
    if agent := text(context, "userAgent"):
        touchpoint.user_agent = clean_name(agent)
    if country := text(part(context, "location"), "country"):
        touchpoint.country = country_of(country)
    consent = _consent(context)
    if consent.analytics is not None:
        touchpoint.consent_analytics = consent.analytics
    if consent.linking is not None:
        touchpoint.consent_linking = consent.linking


def _make_alias(draft: Draft, event: SegmentEvent) -> None:
    """Only the new id names the customer: an alias is no login of the device that sent it."""
    names: Names = [("user_id", event.user_id)]
    draft.names = names
    draft.former = event.anonymous_id if event.previous_id is None else event.previous_id


def _properties(event: SegmentEvent, call: str) -> Json:
    """With a page's or screen's name and category, which stand beside the properties."""
    properties = json_object(event.properties)
    if call in ("page", "screen"):
        for name, value in (("name", event.name), ("category", event.category)):
            if isinstance(value, str):
                properties.setdefault(name, value)
    return properties


def _page(event: SegmentEvent, call: str, context: Json, properties: Json) -> WirePage | None:
    """A page call describes its page itself; every other call happened on the context's."""
    if call == "screen":
        return WirePage(title=event.name) if isinstance(event.name, str) else None
    page = part(context, "page")
    if call == "page":
        page = {**page, **{name: value for name, value in properties.items() if isinstance(value, str)}}
    if not page:
        return None
    return WirePage(text(page, "url"), text(page, "path"), text(page, "title"), text(page, "referrer"))


def _campaign(context: Json, page: WirePage | None) -> Campaign:
    """As the sender read it, else as it stands in the page's address, else in the address's query alone."""
    found = part(context, "campaign")
    if found:
        return clean_campaign(
            *(text(found, name) for name in ("source", "medium", "name", "term", "content"))
        )
    return campaign_in((page.url if page else "") or text(part(context, "page"), "search"))


def _consent(context: Json) -> Consent:
    """Segment's and Jitsu's categories with a boolean each; RudderStack's two lists of them."""
    categories = part(part(context, "consent"), "categoryPreferences")
    managed = part(context, "consentManagement")
    for field, granted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        listed = managed.get(field)
        names = listed if isinstance(listed, list) else []
        categories = {**categories, **{name: granted for name in names if isinstance(name, str)}}
    return consent_of(categories)


def _experiments(properties: Json) -> dict[str, str]:
    """The Spec's A/B testing event."""
    experiment = text(properties, "experiment_name") or text(properties, "experiment_id")
    variant = text(properties, "variation_name") or text(properties, "variation_id")
    return clean_experiments({experiment: variant}) if experiment and variant else {}


def _encoded(content: Json) -> bytes:
    return msgspec.json.encode(content) if content else b""


def person_traits(event_traits: Json, context: Json) -> Json:
    """What is known of the person: the context's traits, and over them the call's own."""
    carried = part(context, "traits")
    return {**carried, **event_traits} if carried else event_traits


def identifiers_of(event: SegmentEvent, context: Json, traits: Json) -> Names:
    """Type and value as sent: both ids, e-mail and phone of the traits, the device's own ids, external ids."""
    names: Names = []
    if event.user_id is not None:
        names.append(("user_id", event.user_id))
    if event.anonymous_id is not None:
        names.append(("anonymous_id", event.anonymous_id))
    for name in ("email", "phone"):
        if text_of(traits.get(name)):
            names.append((name, traits[name]))
    if "device" in context:
        names += _device_ids(part(context, "device"))
    return names + _external_ids(context) if "externalIds" in context else names


def _device_ids(device: Json) -> Names:
    """Those of apps' SDKs. An advertising id counts unless the visitor has turned it off."""
    fields = ("id",) if device.get("adTrackingEnabled") is False else ("id", "advertisingId")
    return [("device_id", device[field]) for field in fields if text_of(device.get(field))]


_DEVICES = re.compile(r"(android|ios)\.(id|idfa|push_token)|ga_client_id|cross_domain_id")


def _external_ids(context: Json) -> Names:
    """`{"id", "type", "collection": "users"}`; those of other collections name no person."""
    listed = context["externalIds"]
    return [
        (external_type(str(each["type"])), each["id"])
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
        and each.get("type")
        and text_of(each.get("id"))
        and each.get("collection", "users") == "users"
    ]


def external_type(name: str) -> str:
    """Segment's name for a type as ours: `android.idfa` and its like are devices, others keep their name."""
    if _DEVICES.fullmatch(name):
        return "device_id"
    plain = re.sub(r"[^a-z0-9_]", "_", name.lower())[:40]
    return plain if TYPE_NAME.fullmatch(plain) else "external_id"

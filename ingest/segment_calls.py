"""Each of Segment's calls as a draft. docs/protocols.md says the same field by field."""

from __future__ import annotations

import msgspec

from etappe.touchpoint import Campaign, Touchpoint
from ingest.drafts import (
    Draft,
    Sender,
    WirePage,
    account_of,
    as_object,
    as_raw,
    country_of,
    currency_of,
    text_of,
)
from ingest.personal import clean_campaign, clean_experiments, clean_name
from ingest.reasons import Refusal, kind_of, wrong
from ingest.segment_names import Names, identifiers_of, person_traits
from ingest.segment_wire import Json, SegmentEvent, is_readable, json_object, merged, number, part, text

EVENT_NAMES = {
    "identify": "Identified",
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "alias": "Aliased",
    "group": "Grouped",
}
CALLS = frozenset(EVENT_NAMES) | {"track"}

_NO_CAMPAIGN = Campaign()


def draft_of(event: SegmentEvent, call: str, outer: Json, sent_at: object, sender: Sender) -> Draft | Refusal:
    """One call as a draft; `outer` is its batch's context, `sent_at` its batch's, which beats its own."""
    refusal = _check_types(event, call) or _check_numbers(event)
    if refusal is not None:
        return refusal
    context = merged(outer, json_object(event.context))
    own_traits = json_object(event.traits)
    traits = person_traits({} if call == "group" else own_traits, context)
    properties = own_traits if call == "group" else _properties(event, call)
    touchpoint = _touchpoint(event, call, context, properties, sender)
    at = event.timestamp if event.original_timestamp is None else event.original_timestamp
    names = identifiers_of(event, context, traits)
    sent_at = event.sent_at if sent_at is None else sent_at
    page = _page(event, call, context, properties)
    draft = Draft(touchpoint, names, at, sent_at, _encoded(traits), _encoded(properties), page)
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


def _touchpoint(
    event: SegmentEvent, call: str, context: Json, properties: Json, sender: Sender
) -> Touchpoint:
    workspace = sender.caller.workspace
    name = EVENT_NAMES.get(call) or event.event
    sold = call == "track"
    return Touchpoint(
        workspace=workspace.name,
        id=text_of(event.message_id) or "",
        event=name if isinstance(name, str) else "",
        at=sender.received,
        stamp=sender.received,
        identifiers=[],
        account=account_of(text_of(event.group_id) or text(context, "groupId")),
        campaign=_campaign(context),
        value=number(properties, "revenue", "value", "total") if sold else None,
        currency=currency_of(text(properties, "currency")) if sold else "",
        experiments=_experiments(properties) if name == "Experiment Viewed" else {},
        consent_analytics=workspace.consent_default,
        consent_linking=workspace.consent_default,
        user_agent=clean_name(text(context, "userAgent")),
        country=country_of(text(part(context, "location"), "country")),
        source="segment",
    )


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


def _campaign(context: Json) -> Campaign:
    found = part(context, "campaign")
    if not found:
        return _NO_CAMPAIGN
    names = ("source", "medium", "name", "term", "content")
    return clean_campaign(*(text(found, name) for name in names))


def _experiments(properties: Json) -> dict[str, str]:
    """The Spec's A/B testing event."""
    experiment = text(properties, "experiment_name") or text(properties, "experiment_id")
    variant = text(properties, "variation_name") or text(properties, "variation_id")
    return clean_experiments({experiment: variant}) if experiment and variant else {}


def _encoded(content: Json) -> bytes:
    return msgspec.json.encode(content) if content else b""

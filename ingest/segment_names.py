"""Where Segment's calls name persons and devices."""

from __future__ import annotations

import re

from ingest.drafts import text_of
from ingest.naming import TYPE_NAME
from ingest.segment_wire import Json, SegmentEvent, part

Names = list[tuple[str, object]]

_DEVICES = re.compile(r"(android|ios)\.(id|idfa|push_token)|ga_client_id|cross_domain_id")


def identifiers_of(event: SegmentEvent, context: Json, traits: Json) -> Names:
    """Type and value as sent: both ids, e-mail and phone of the traits, external ids."""
    names: Names = []
    if event.user_id is not None:
        names.append(("user_id", event.user_id))
    if event.anonymous_id is not None:
        names.append(("anonymous_id", event.anonymous_id))
    for name in ("email", "phone"):
        if text_of(traits.get(name)):
            names.append((name, traits[name]))
    return names + _external_ids(context) if "externalIds" in context else names


def person_traits(event_traits: Json, context: Json) -> Json:
    """What is known of the person: the context's traits, and over them the call's own."""
    carried = part(context, "traits")
    return {**carried, **event_traits} if carried else event_traits


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

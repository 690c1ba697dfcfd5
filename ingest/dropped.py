"""What of an event does not get into its touchpoint, and why: seen by comparing the two. Pure.

For people who set up a sender. The write itself does not look for it.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, get_args

import msgspec
import orjson

from etappe.identifiers import bare, names_nobody
from etappe.touchpoint import Touchpoint
from ingest.addresses import REDACTED
from ingest.drafts import Draft, Sender, text_of
from ingest.personal import clean_text
from ingest.protocols.native import NativeEvent
from ingest.protocols.segment import CONTEXT_FIELDS, SegmentEvent

Json = dict[str, Any]

MOST = 100
"""Of one event; a sender that has more sees enough of them."""

_UNREAD = "nobody reads it"
_BLOCKED = "blocked: systems send it when they know nobody"
_BLOCKED_HERE = "blocked by the workspace's identity rules"
_PERSONAL = "personal: dropped"
_REDACTED = "an e-mail address in it is redacted"
_DENIED = "consent to analytics is denied"
_UNLINKED = "consent to linking is denied: its identifiers are not linked"
_ADDRESS = "the workspace does not keep addresses, or it is none"
_PARAMETERS = "personal parameters, or parts, are taken out"
_CURRENCY = "no three letters (ISO 4217)"
_COUNTRY = "no two letters (ISO 3166)"

_READ: Mapping[str, type[msgspec.Struct]] = {
    "native": NativeEvent,
    "beacon": NativeEvent,
    "segment": SegmentEvent,
}
"""By protocol what names all of its fields; of others only what is known of every event is said."""

_ALSO_READ = {"beacon": frozenset(("key",)), "segment": frozenset(("writeKey",))}

_CURRENCIES = {"native": "currency", "beacon": "currency", "segment": "properties.currency"}
_COUNTRIES = {
    "native": "context.country",
    "beacon": "context.country",
    "segment": "context.location.country",
}


class Dropped(NamedTuple):
    """A field by its path, and why it was left out, or changed."""

    field: str
    why: str


class Seen(NamedTuple):
    """An event on its way: who sent it, as it was written, and its draft as it was before the steps."""

    sender: Sender
    body: bytes
    draft: Draft
    first: Touchpoint


def dropped_of(protocol: str, seen: Seen, touchpoint: Touchpoint) -> list[Dropped]:
    """At most MOST of them; no field's name shows an e-mail address."""
    found = islice(_dropped(protocol, seen, touchpoint), MOST)
    return list(dict.fromkeys(Dropped(clean_text(field)[:200], why) for field, why in found))


def _dropped(protocol: str, seen: Seen, touchpoint: Touchpoint) -> Iterator[Dropped]:
    body = _object(seen.body)
    yield from _unread(protocol, body)
    yield from _identifiers(seen, touchpoint)
    yield from _denied(seen, touchpoint)
    yield from _codes(protocol, body, touchpoint)
    yield from _page(seen.draft, touchpoint)
    yield from _texts(seen.first, touchpoint)
    if touchpoint.consent_analytics:
        yield from _missing("traits", _object(seen.draft.traits), _object(bytes(touchpoint.traits)))
    yield from _missing("properties", _object(seen.draft.properties), _object(bytes(touchpoint.properties)))
    if seen.draft.address and not touchpoint.ip:
        yield Dropped("ip", _ADDRESS)


def _object(raw: bytes) -> Json:
    try:
        found = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _unread(protocol: str, body: Json) -> Iterator[Dropped]:
    kind = _READ.get(protocol)
    if kind is None:
        return
    yield from _unknown(kind, body, "", _ALSO_READ.get(protocol, frozenset()))
    context = body.get("context")
    if kind is SegmentEvent and isinstance(context, dict):
        yield from (Dropped(f"context.{name}", _UNREAD) for name in context if name not in CONTEXT_FIELDS)


def _unknown(
    kind: type[msgspec.Struct], body: Json, prefix: str, also: frozenset[str] = frozenset()
) -> Iterator[Dropped]:
    """The names that a struct has no field for, and those of the structs in it."""
    fields = {each.encode_name: each.type for each in msgspec.structs.fields(kind)}
    for name, value in body.items():
        if name not in fields:
            if name not in also:
                yield Dropped(prefix + name, _UNREAD)
        elif isinstance(value, dict) and (inner := _struct_in(fields[name])):
            yield from _unknown(inner, value, f"{prefix}{name}.")


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    kinds = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    return next((each for each in kinds if isinstance(each, type) and issubclass(each, msgspec.Struct)), None)


def _identifiers(seen: Seen, touchpoint: Touchpoint) -> Iterator[Dropped]:
    rules, region = seen.sender.rules, seen.sender.caller.workspace.phone_region
    for type_name, value in seen.draft.names:
        text = text_of(value)
        if not text:
            continue
        if rules.is_blocked(type_name, text, region):
            everywhere = names_nobody(bare(text))
            yield Dropped(f"identifiers.{type_name}", _BLOCKED if everywhere else _BLOCKED_HERE)
        elif not touchpoint.consent_analytics:
            yield Dropped(f"identifiers.{type_name}", f"{_DENIED}: it is counted under a hash of the day")


def _denied(seen: Seen, touchpoint: Touchpoint) -> Iterator[Dropped]:
    """What a visitor's word takes away."""
    if touchpoint.consent_analytics:
        if not touchpoint.consent_linking and (len(touchpoint.identifiers) > 1 or touchpoint.alias):
            yield Dropped("identifiers", _UNLINKED)
        return
    if seen.draft.traits:
        yield Dropped("traits", _DENIED)
    if seen.first.account:
        yield Dropped("account", _DENIED)
    if seen.draft.former is not None:
        yield Dropped("alias", _DENIED)


def _codes(protocol: str, body: Json, touchpoint: Touchpoint) -> Iterator[Dropped]:
    currency, country = _CURRENCIES.get(protocol, ""), _COUNTRIES.get(protocol, "")
    if not touchpoint.currency and _at(body, currency):
        yield Dropped(currency, _CURRENCY)
    if not touchpoint.country and _at(body, country):
        yield Dropped(country, _COUNTRY)


def _at(body: Json, path: str) -> object:
    found: object = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _page(draft: Draft, touchpoint: Touchpoint) -> Iterator[Dropped]:
    for name in ("url", "referrer"):
        sent = getattr(draft.page, name, None) or ""
        if sent != getattr(touchpoint.page, name):
            yield Dropped(f"page.{name}", _PARAMETERS if touchpoint.consent_analytics else _DENIED)


def _texts(first: Touchpoint, touchpoint: Touchpoint) -> Iterator[Dropped]:
    """Those of the touchpoint that hold the mark of what was taken out of them."""
    campaign = touchpoint.campaign
    texts = {
        "event": touchpoint.event,
        "channel": touchpoint.channel,
        "user_agent": touchpoint.user_agent,
        "page.title": touchpoint.page.title,
        "page.path": touchpoint.page.path,
        **{f"campaign.{name}": getattr(campaign, name) for name in campaign.__struct_fields__},
        **{f"experiments.{name}": name + variant for name, variant in touchpoint.experiments.items()},
    }
    yield from (Dropped(name, _REDACTED) for name, text in texts.items() if REDACTED in text)
    if first.id and first.id != touchpoint.id:
        yield Dropped("id", "an e-mail address in it is replaced by a hash")


def _missing(path: str, before: object, after: object) -> Iterator[Dropped]:
    """Where two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name in after:
                yield from _missing(f"{path}.{name}", value, after[name])
            else:
                yield Dropped(f"{path}.{name}", _PERSONAL)
    elif isinstance(before, list) and isinstance(after, list):
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _missing(f"{path}.{index}", one, other)
    elif before != after:
        yield Dropped(path, _REDACTED if REDACTED in str(after) else _PARAMETERS)

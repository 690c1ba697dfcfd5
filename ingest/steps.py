"""The steps that a draft goes through, one function each; `pipeline` lists them in their order.

`check_` looks, `put_` fills a field, `drop_` takes something away. Each returns None,
or why the event is refused.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from etappe.clock import iso
from etappe.identifiers import DAILY, Identifier, identifier_key
from etappe.touchpoint import ABSENT
from ingest.drafts import Draft, Sender, as_raw, truncated, without_parameters
from ingest.ids import new_id, safe_id
from ingest.json_events import nests_deeper, repeats_a_name
from ingest.known import Ranked, remember
from ingest.limits import DEPTH, NAME_CHARS, NEWEST_MS, OLDEST_MS
from ingest.naming import best_first, read_identifier
from ingest.personal import (
    FIELDS,
    REMEMBERED,
    REMEMBERED_CHARS,
    TRAITS,
    clean_page,
    clean_text,
    is_plain,
    may_hold_personal_text,
    without_personal,
)
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong
from ingest.times import corrected, read_time, to_ms

DAY_MS = 86_400_000
TIME = "ISO 8601 or epoch milliseconds"


def put_id(draft: Draft, sender: Sender) -> Refusal | None:
    """An event without an id gets a random one; its sender cannot repeat it without being counted twice."""
    touchpoint = draft.touchpoint
    if not touchpoint.id:
        touchpoint.id = new_id()
    elif len(touchpoint.id) > NAME_CHARS:
        return refuse(Reason.TOO_LONG, f"id has {len(touchpoint.id)} characters.")
    elif "@" in touchpoint.id or "%" in touchpoint.id:
        touchpoint.id = safe_id(sender.caller.salt, touchpoint.id)
    return None


def check_event(draft: Draft, sender: Sender) -> Refusal | None:
    """There is one, not too long; e-mail addresses in it are taken out."""
    event = draft.touchpoint.event
    if not event or event.isspace():
        return refuse(Reason.MISSING_EVENT)
    if len(event) > NAME_CHARS:
        return refuse(Reason.TOO_LONG, f"event has {len(event)} characters.")
    if "@" in event or "%" in event:
        draft.touchpoint.event = clean_text(event)
    return None


def put_time(draft: Draft, sender: Sender) -> Refusal | None:
    """`at` by the collector's clock; receipt where the sender gave none."""
    at, sent_at = draft.at, draft.sent_at
    if sent_at is None and type(at) is datetime:
        draft.touchpoint.at = to_ms(at)
        return None
    field = "at"
    try:
        found = read_time(at)
        field = "sent_at"
        sent = read_time(sent_at)
    except TypeError:
        return wrong(field, kind_of(at if field == "at" else sent_at), TIME)
    except ValueError:
        shown = clean_text(str(at if field == "at" else sent_at))[:40]
        return refuse(Reason.BAD_TIME, f"{field} is {shown!r} (wanted {TIME})")
    if found is not None:
        draft.touchpoint.at = corrected(found, sent, sender.received)
    return None


def check_age(draft: Draft, sender: Sender) -> Refusal | None:
    """After the correction: a public key may not write the past, nobody the future."""
    at, received = draft.touchpoint.at, sender.received
    if received - OLDEST_MS <= at <= received + NEWEST_MS:
        return None
    oldest = 0 if sender.caller.trusted else received - OLDEST_MS
    if at < oldest:
        return refuse(Reason.TOO_OLD, f"at is before {iso(oldest)}.")
    if at > received + NEWEST_MS:
        return refuse(Reason.IN_FUTURE, f"at is after {iso(received + NEWEST_MS)}.")
    return None


def put_identifiers(draft: Draft, sender: Sender) -> Refusal | None:
    """Normalised, hashed, best first; blocked values are left out, a value named twice stands once."""
    known = sender.known
    found: list[Ranked] = []
    for pair in draft.names:
        try:
            ranked = known[pair]  # type: ignore[index]  # of another type it is not found
        except (KeyError, TypeError):  # TypeError: an array or object
            read = _read(pair, sender)
            if isinstance(read, Refusal):
                return read
            ranked = read
        if ranked is not None and (not found or ranked not in found):
            found.append(ranked)
    draft.touchpoint.identifiers = best_first(found) if found else []
    return None


def _read(pair: tuple[str, object], sender: Sender) -> Ranked | Refusal | None:
    caller, (type_name, value) = sender.caller, pair
    read = read_identifier(caller.salt, caller.workspace.phone_region, type_name, value)
    if isinstance(value, str) and not isinstance(read, Refusal):
        remember(sender.known, type_name, value, read)
    return read


def put_alias(draft: Draft, sender: Sender) -> Refusal | None:
    """The former id, read as a user's and a device's; to itself, or with a side blocked, it links nothing."""
    readings: list[Identifier] = []
    for type_name in ("user_id", "anonymous_id"):
        reading = read_identifier(sender.caller.salt, None, type_name, draft.former)
        if isinstance(reading, Refusal):
            return reading
        readings += [reading[1]] if reading else []
    touchpoint = draft.touchpoint
    if not touchpoint.identifiers:
        touchpoint.identifiers = readings[1:]
    elif readings and readings[0].key != touchpoint.identifiers[0].key:
        touchpoint.alias = readings
    return None


def count_without_consent(draft: Draft, sender: Sender) -> Refusal | None:
    """Who denies analytics is counted under a hash that is another one each day: no identifier, trait, account or
    address goes further, nothing is linked, and the page keeps no parameters.

    It is made of the identifiers sent; where there are none, of the visitor's truncated address and agent.
    """
    touchpoint = draft.touchpoint
    visitor = sender.visitor
    known = [str(each.key) for each in touchpoint.identifiers] or [visitor.address, visitor.agent]
    day = touchpoint.at // DAY_MS
    touchpoint.identifiers = []
    if any(known):
        made = identifier_key(sender.caller.salt, DAILY, f"{day}\0{known[0]}\0{known[-1]}")
        touchpoint.identifiers.append(Identifier(DAILY, made))
    touchpoint.consent_linking = False
    touchpoint.alias, touchpoint.account = [], ""
    touchpoint.traits, draft.traits = ABSENT, b""
    if draft.page is not None:
        draft.page = without_parameters(draft.page)
    return None


def put_address(draft: Draft, sender: Sender) -> Refusal | None:
    """The network of the visitor's address, where the workspace keeps it and the visitor has consented."""
    touchpoint = draft.touchpoint
    if touchpoint.consent_analytics:
        touchpoint.ip = truncated(draft.address) or sender.visitor.address
    return None


def check_identifiers(draft: Draft, sender: Sender) -> Refusal | None:
    if not draft.names:
        return refuse(Reason.MISSING_IDENTIFIER)
    tried = ", ".join(sorted({type_name for type_name, _ in draft.names}))
    return refuse(Reason.MISSING_IDENTIFIER, f"Absent or blocked: {tried}.")


def put_page(draft: Draft, sender: Sender) -> Refusal | None:
    """Addresses without personal parts; the path from the address where the sender gave none."""
    page = draft.page
    if page is not None:
        draft.touchpoint.page = clean_page(
            page.url or "", page.path or "", page.title or "", page.referrer or ""
        )
    return None


def drop_personal_traits(draft: Draft, sender: Sender) -> Refusal | None:
    """Names, addresses, birth dates and the like, unless the workspace keeps them."""
    kept = _without_personal("traits", draft.traits, TRAITS, sender)
    if isinstance(kept, Refusal):
        return kept
    if kept is not draft.traits:
        draft.touchpoint.traits = as_raw(kept)
    return None


def drop_personal_properties(draft: Draft, sender: Sender) -> Refusal | None:
    """The same for properties, where `name` is a product's. Many are those of a page or a product, seen before."""
    raw = draft.properties
    if raw in _impersonal:
        return None
    kept = _without_personal("properties", raw, FIELDS, sender)
    if isinstance(kept, Refusal):
        return kept
    if kept is not raw:
        draft.touchpoint.properties = as_raw(kept)
    elif len(raw) <= REMEMBERED_CHARS and not sender.caller.workspace.keep_traits and is_plain(raw):
        if len(_impersonal) >= REMEMBERED:
            _impersonal.clear()
        _impersonal.add(raw)
    return None


_impersonal: set[bytes] = set()
"""Properties of whatever workspace in which there is nothing to drop."""


def _without_personal(field: str, raw: bytes, names: frozenset[str], sender: Sender) -> bytes | Refusal:
    """As it was where nothing personal is in it and no name stands twice, so that numbers keep their spelling.

    Most hold a few texts and numbers: those pay for one look at the bytes and one at the names.
    """
    plain = is_plain(raw)
    if not plain and nests_deeper(raw, DEPTH - 1):
        return refuse(Reason.TOO_DEEP)
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return wrong(field, f"not readable: {error.msg}", "numbers that a double can hold")
    repeated = repeats_a_name(raw, content)
    if plain and not repeated and names.isdisjoint(content):
        return raw
    kept = content
    if not sender.caller.workspace.keep_traits:
        kept = without_personal(content, names, may_hold_personal_text(raw))
    if kept is content and not repeated:
        return raw
    return orjson.dumps(kept) if kept else b""

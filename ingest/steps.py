"""The steps that drafts go through, one function each; `pipeline` lists them in their order.

`check_` looks, `put_` fills a field, `drop_` takes something away. Each takes all drafts of a request, since a call
for each event would cost more than most of what is done in it, and says whether it refused any: those carry the
reason, and no later step sees them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import orjson

from etappe.clock import iso, ms_of
from etappe.identifiers import DAILY, Identifier, identifier_key
from etappe.touchpoint import ABSENT
from ingest.drafts import Draft, Sender, as_raw, identifiers_in, truncated, without_parameters
from ingest.ids import new_id, safe_id
from ingest.json_events import nests_deeper, repeats_a_name
from ingest.known import Names, Ranked, remember_impersonal
from ingest.limits import DEPTH, NAME_CHARS, NEWEST_MS, OLDEST_MS
from ingest.naming import best_first, read_identifier
from ingest.personal import (
    FIELDS,
    REMEMBERED_CHARS,
    TRAITS,
    clean_page,
    clean_text,
    is_plain,
    may_hold_personal_text,
    without_personal,
)
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong
from ingest.times import corrected, read_time

DAY_MS = 86_400_000
TIME = "ISO 8601 or epoch milliseconds"


def put_ids(drafts: Sequence[Draft], sender: Sender) -> bool:
    """An event without an id gets a random one; its sender cannot repeat it without being counted twice."""
    refused = False
    for draft in drafts:
        touchpoint = draft.touchpoint
        given = touchpoint.id
        if not given:
            touchpoint.id = new_id()
        elif len(given) > NAME_CHARS:
            refused = draft.refuse(Reason.TOO_LONG, f"id has {len(given)} characters.")
        elif "@" in given or "%" in given:
            touchpoint.id = safe_id(sender.caller.salt, given)
    return refused


def check_events(drafts: Sequence[Draft], sender: Sender) -> bool:
    """There is one, not too long; e-mail addresses in it are taken out."""
    refused = False
    for draft in drafts:
        event = draft.touchpoint.event
        if not event or event.isspace():
            refused = draft.refuse(Reason.MISSING_EVENT)
        elif len(event) > NAME_CHARS:
            refused = draft.refuse(Reason.TOO_LONG, f"event has {len(event)} characters.")
        elif "@" in event or "%" in event:
            draft.touchpoint.event = clean_text(event)
    return refused


def put_times(drafts: Sequence[Draft], sender: Sender) -> bool:
    """`at` by the collector's clock; receipt where the sender gave none."""
    refused = False
    for draft in drafts:
        at = draft.at
        if at is None:
            continue
        if type(at) is datetime and draft.sent_at is None and at.tzinfo is not None:
            draft.touchpoint.at = ms_of(at)
        elif (refusal := _put_time(draft, sender)) is not None:
            draft.refusal = refusal
            refused = True
    return refused


def _put_time(draft: Draft, sender: Sender) -> Refusal | None:
    """Of whatever types they are."""
    at, sent_at = draft.at, draft.sent_at
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


def check_ages(drafts: Sequence[Draft], sender: Sender) -> bool:
    """After the correction: a public key may not write the past, nobody the future."""
    oldest = 0 if sender.caller.trusted else sender.received - OLDEST_MS
    newest = sender.received + NEWEST_MS
    refused = False
    for draft in drafts:
        at = draft.touchpoint.at
        if at < oldest:
            refused = draft.refuse(Reason.TOO_OLD, f"at is before {iso(oldest)}.")
        elif at > newest:
            refused = draft.refuse(Reason.IN_FUTURE, f"at is after {iso(newest)}.")
    return refused


def put_identifiers(drafts: Sequence[Draft], sender: Sender) -> bool:
    """Normalised, hashed, best first; blocked values are left out, a value named twice stands once."""
    refused = False
    for draft in drafts:
        names = draft.names
        if not names:
            continue
        read = _identifiers(names, sender)
        if isinstance(read, Refusal):
            draft.refusal = read
            refused = True
        else:
            draft.touchpoint.identifiers = read
    return refused


def _identifiers(names: Collection[tuple[str, object]], sender: Sender) -> list[Identifier] | Refusal:
    """`Names` are remembered all together, others one by one."""
    found: list[Ranked] = []
    for pair in names:
        read = _read(pair, sender, type(names) is not Names)
        if isinstance(read, Refusal):
            return read
        if read is not None and read not in found:
            found.append(read)
    identifiers = best_first(found) if found else []
    if type(names) is Names and identifiers:
        sender.known.remember_all(names, identifiers)
    return identifiers


def _read(pair: tuple[str, object], sender: Sender, remember: bool) -> Ranked | Refusal | None:
    caller, (type_name, value) = sender.caller, pair
    known = sender.known
    try:
        return known.pairs[pair]  # type: ignore[index]  # of another type it is not found
    except (KeyError, TypeError):  # TypeError: an array or object
        pass
    read = read_identifier(sender.rules, caller.salt, caller.workspace.phone_region, type_name, value)
    if remember and isinstance(value, str) and not isinstance(read, Refusal):
        known.remember(type_name, value, read)
    return read


def put_aliases(drafts: Sequence[Draft], sender: Sender) -> bool:
    """The former id, read as a user's and a device's; to itself, or with a side blocked, it links nothing."""
    refused = False
    for draft in drafts:
        if draft.former is not None and (refusal := _put_alias(draft, sender)) is not None:
            draft.refusal = refusal
            refused = True
    return refused


def _put_alias(draft: Draft, sender: Sender) -> Refusal | None:
    readings: list[Identifier] = []
    for type_name in ("user_id", "anonymous_id"):
        reading = read_identifier(sender.rules, sender.caller.salt, None, type_name, draft.former)
        if isinstance(reading, Refusal):
            return reading
        readings += [reading[1]] if reading else []
    touchpoint = draft.touchpoint
    if not touchpoint.identifiers:
        touchpoint.identifiers = readings[1:]
    elif readings and readings[0].key != touchpoint.identifiers[0].key:
        touchpoint.alias = readings
    return None


def count_without_consent(drafts: Sequence[Draft], sender: Sender) -> bool:
    """Who denies analytics is counted under a hash that is another one each day: no identifier, trait, account or
    address goes further, nothing is linked, and the page keeps no parameters.

    It is made of the identifiers sent; where there are none, of the visitor's truncated address and agent.
    """
    for draft in drafts:
        if not draft.touchpoint.consent_analytics:
            _count_without_consent(draft, sender)
    return False


def _count_without_consent(draft: Draft, sender: Sender) -> None:
    touchpoint = draft.touchpoint
    visitor = sender.visitor
    identifiers = identifiers_in(touchpoint)
    known = [str(each.key) for each in identifiers] or [visitor.address, visitor.agent]
    day = touchpoint.at // DAY_MS
    touchpoint.identifiers = []
    if any(known):
        made = identifier_key(sender.caller.salt, DAILY, f"{day}\0{known[0]}\0{known[-1]}")
        touchpoint.identifiers.append(Identifier(DAILY, made))
    touchpoint.consent_linking = False
    if touchpoint.alias:
        touchpoint.alias = []
    touchpoint.account = ""
    touchpoint.traits, draft.traits = ABSENT, b""
    if draft.page is not None:
        draft.page = without_parameters(draft.page)


def check_identifiers(drafts: Sequence[Draft], sender: Sender) -> bool:
    """One is left at least."""
    refused = False
    for draft in drafts:
        if not draft.touchpoint.identifiers:
            tried = ", ".join(sorted({type_name for type_name, _ in draft.names}))
            refused = draft.refuse(Reason.MISSING_IDENTIFIER, f"Absent or blocked: {tried}." if tried else "")
    return refused


def put_pages(drafts: Sequence[Draft], sender: Sender) -> bool:
    """Addresses without personal parts; the path from the address where the sender gave none."""
    for draft in drafts:
        page = draft.page
        if page is not None:
            draft.touchpoint.page = clean_page(
                page.url or "", page.path or "", page.title or "", page.referrer or ""
            )
    return False


def put_addresses(drafts: Sequence[Draft], sender: Sender) -> bool:
    """The network of the visitor's address, where the workspace keeps it and the visitor has consented."""
    if sender.caller.workspace.keep_ip:
        for draft in drafts:
            if draft.touchpoint.consent_analytics:
                draft.touchpoint.ip = truncated(draft.address) or sender.visitor.address
    return False


def drop_personal_traits(drafts: Sequence[Draft], sender: Sender) -> bool:
    """Names, addresses, birth dates and the like, unless the workspace keeps them."""
    names = TRAITS | own if (own := sender.rules.also_personal) else TRAITS
    refused = False
    for draft in drafts:
        if draft.traits:
            kept = _without_personal("traits", draft.traits, names, sender)
            if isinstance(kept, Refusal):
                draft.refusal = kept
                refused = True
            elif kept is not draft.traits:
                draft.touchpoint.traits = as_raw(kept)
    return refused


def drop_personal_properties(drafts: Sequence[Draft], sender: Sender) -> bool:
    """The same for properties, where `name` is a product's. Many are those of a page or a product, seen before."""
    names = FIELDS | own if (own := sender.rules.also_personal) else FIELDS
    refused = False
    for draft in drafts:
        raw = draft.properties
        if not raw:
            continue
        kept = _without_personal("properties", raw, names, sender)
        if isinstance(kept, Refusal):
            draft.refusal = kept
            refused = True
        elif kept is not raw:
            draft.touchpoint.properties = as_raw(kept)
        else:
            _remember_impersonal(raw, sender)
    return refused


def _remember_impersonal(raw: bytes, sender: Sender) -> None:
    if len(raw) <= REMEMBERED_CHARS and not sender.caller.workspace.keep_traits and is_plain(raw):
        remember_impersonal(raw)


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

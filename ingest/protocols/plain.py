"""Native events with nothing unusual in them, decoded all at once and made drafts of themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UnsetType

from etappe.identifiers import Identifier
from etappe.touchpoint import ABSENT, Campaign, Touchpoint
from ingest.drafts import Draft, Sender, WirePage, account_of, as_object, currency_of
from ingest.known import Names
from ingest.limits import SEQ_LIMIT
from ingest.personal import (
    REMEMBERED,
    REMEMBERED_CHARS,
    clean_experiments,
    clean_name,
    clean_page,
    cleaned_campaign,
)
from ingest.protocols.surroundings import NativeConsent, NativeContext, put_consent, put_context
from ingest.reasons import Refusal, wrong

T = TypeVar("T")


class PlainCampaign(Campaign, forbid_unknown_fields=True, frozen=True, gc=False):
    pass


class PlainConsent(NativeConsent, forbid_unknown_fields=True, gc=False):
    pass


class PlainContext(NativeContext, forbid_unknown_fields=True, gc=False):
    pass


class PlainEvent(Touchpoint, forbid_unknown_fields=True, kw_only=True, gc=False):
    """An event with nothing to ignore, to read leniently or to look for: only its traits and properties can be
    nested deeper than this says.

    Its identifiers, page and campaign stay as they were written until it is known whether the same was read before;
    then they are what was made of them, as JSON again, as nobody but the log looks at them.
    It becomes the touchpoint itself, in place: a second object for it would cost as much as all of its checks.
    What only the collector says can be sent by nobody: there is no JSON for an UnsetType.
    """

    workspace: UnsetType = ""  # type: ignore[assignment]
    stamp: UnsetType = 0  # type: ignore[assignment]
    alias: UnsetType = ()  # type: ignore[assignment]  # a list of its own for each would be for nothing
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
    identifiers: msgspec.Raw = ABSENT  # type: ignore[assignment]  # until `plain_events` has read it
    page: msgspec.Raw = ABSENT  # type: ignore[assignment]  # the same
    campaign: msgspec.Raw = ABSENT  # type: ignore[assignment]  # the same
    experiments: dict[str, str] = None  # type: ignore[assignment]  # as with alias
    sent_at: datetime | int | float | None = None
    consent: PlainConsent | None = None
    context: PlainContext | None = None


class PlainPage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    url: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""


class Remembered(dict[bytes, T], Generic[T]):
    """Parts of events by the JSON that they were written in: many events have the same ones.

    `read` makes one of its JSON; msgspec.DecodeError where it is not plain.
    """

    def __init__(self, read: Callable[[bytes], T], most: int) -> None:
        self._read = read
        self._most = most

    def __missing__(self, raw: bytes) -> T:
        found = self._read(raw)
        if len(raw) <= REMEMBERED_CHARS:
            if len(self) >= self._most:
                self.clear()
            self[raw] = found
        return found


_decode_page = msgspec.json.Decoder(PlainPage).decode
_decode_page_as_sent = msgspec.json.Decoder(WirePage).decode
_decode_campaign = msgspec.json.Decoder(PlainCampaign).decode
_decode_names = msgspec.json.Decoder(dict[str, str]).decode


def _page(raw: bytes) -> msgspec.Raw:
    page = _decode_page(raw)
    return _written(clean_page(page.url, page.path, page.title, page.referrer))


def _campaign(raw: bytes) -> msgspec.Raw:
    return _written(cleaned_campaign(_decode_campaign(raw)))


def _written(value: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_pages = Remembered(_page, REMEMBERED)
_campaigns = Remembered(_campaign, REMEMBERED)

_decode_event = msgspec.json.Decoder(PlainEvent).decode
_decode_events = msgspec.json.Decoder(list[PlainEvent]).decode


def plain_events(body: bytes) -> Sequence[PlainEvent]:
    """The events of a body of nothing but plain ones; none where it takes a closer look to tell what it is."""
    try:
        events = _decode_events(body) if body.startswith(b"[") else [_decode_event(body)]
    except (msgspec.DecodeError, RecursionError):
        return ()
    return events if events and events[0].event else ()


def drafts_of_plain(events: Sequence[Any], sender: Sender) -> list[Draft | Refusal] | None:
    """Plain events as drafts of themselves; None where one turns out not to be plain.

    All at once: a call for each would cost more than what is done in it.
    """
    try:
        return _drafts(events, sender)
    except (msgspec.DecodeError, RecursionError):
        return None


def _drafts(events: Sequence[Any], sender: Sender) -> list[Draft | Refusal]:
    """Events that are not to be taken further, since one is not plain, may be changed all the same."""
    workspace, received, usual = sender.caller.workspace.name, sender.received, sender.is_usual
    identifiers_of, impersonal = sender.known.written.get, sender.impersonal
    drafts: list[Draft | Refusal] = []
    for event in events:
        draft = Draft(event, (), event.at, event.sent_at)
        raw = event.identifiers
        if raw is not ABSENT:
            written = bytes(raw)
            event.identifiers = identifiers_of(written) or _put_names(draft, written)
        page = event.page
        if page is not ABSENT:
            event.page = _pages[bytes(page)]
        raw = event.campaign
        if raw is not ABSENT:
            event.campaign = _campaigns[bytes(raw)]
        raw = event.properties
        if raw is not ABSENT and bytes(raw) not in impersonal:
            _put_object(draft, "properties", raw)
        raw = event.traits
        if raw is not ABSENT:
            _put_object(draft, "traits", raw)
        event.workspace = workspace
        event.stamp = received
        if draft.at is None:
            event.at = received
        if not usual:
            sender.sign(event)
        if event.channel or event.currency or event.account or event.experiments or event.seq:
            _clean(draft, event)
        if draft.sent_at is not None or event.context is not None or event.consent is not None:
            _put_surroundings(event, draft)
        if page is not ABSENT and not event.consent_analytics:
            draft.page = _decode_page_as_sent(page)
        drafts.append(draft if draft.refusal is None else draft.refusal)
    return drafts


def _put_names(draft: Draft, written: bytes) -> list[Identifier]:
    """For the step that reads them; until then there are none."""
    pairs = _decode_names(written).items()
    if len(written) > REMEMBERED_CHARS:
        draft.names = tuple(pairs)
    else:
        draft.names = names = Names(pairs)
        names.written = written
    return []


def _put_object(draft: Draft, field: str, raw: msgspec.Raw) -> None:
    """Where there is nothing in it, it is as if it were absent."""
    content = as_object(raw)
    if content is None:
        draft.refusal = wrong(field, "no object", "an object")
        return
    setattr(draft, field, content)
    if not content:
        setattr(draft.touchpoint, field, ABSENT)


def _clean(draft: Draft, event: Touchpoint) -> None:
    if not -SEQ_LIMIT <= event.seq < SEQ_LIMIT and draft.refusal is None:
        draft.refusal = wrong("seq", "a number out of range", "an integer of 64 bits")
    event.channel = clean_name(event.channel)
    event.currency = currency_of(event.currency)
    event.account = account_of(event.account)
    if event.experiments:
        event.experiments = clean_experiments(event.experiments)


def _put_surroundings(event: PlainEvent, draft: Draft) -> None:
    """What a touchpoint has no place for is taken away."""
    event.sent_at = None
    if event.context is not None:
        draft.address = event.context.ip or ""
        put_context(event, event.context)
        event.context = None
    if event.consent is not None:
        put_consent(event, event.consent)
        event.consent = None

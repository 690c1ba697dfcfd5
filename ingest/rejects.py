"""Refused events as records of the topic `rejects`: why, and all that a replay needs, without personal values."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from etappe.eventlog import Entry
from etappe.touchpoint import ABSENT, Reject, encode_record, record_key
from ingest.drafts import Sender
from ingest.ids import safe_id
from ingest.limits import EVENT_BYTES
from ingest.marks import Marker, without_keys
from ingest.personal import clean_text
from ingest.pipeline import Refused

NO_BODY = b"null"


def reject_entries(
    refused: Sequence[Refused], sender: Sender, source: str, path: str = "", outer: bytes = b""
) -> list[Entry]:
    """One record for each refused event; `outer` is what their request says for all of them."""
    records = (_record(each, sender, source, path, outer) for each in refused)
    return [reject_entry(record) for record in records]


def reject_entry(record: Reject) -> Entry:
    """Its key is the event's, so that everything said of one event stays in order."""
    return Entry(record_key(record.workspace, record.id), encode_record(record))


def _record(each: Refused, sender: Sender, source: str, path: str, outer: bytes) -> Reject:
    caller = sender.caller
    marker = Marker(caller.workspace, consent=each.consent)
    body, around = cleaned(marker, each.body, outer)
    is_kept = body is not NO_BODY
    return Reject(
        workspace=caller.workspace.name,
        id=safe_id(caller.salt, each.id),
        reason=each.refusal.reason.code,
        detail=without_keys(each.refusal.detail),
        stamp=sender.received,
        source=source,
        path=path,
        caller=caller.kind,
        agent=clean_text(sender.visitor.agent) if is_kept else "",
        country=sender.visitor.country if is_kept else "",
        import_id=sender.import_id,
        body=msgspec.Raw(body),
        outer=msgspec.Raw(around) if around else ABSENT,
        marks=marker.made if is_kept else [],
    )


def cleaned(marker: Marker, body: bytes, outer: bytes) -> tuple[bytes, bytes]:
    """Both without what is personal; no body where it, or what belongs to it, is too large to keep, nested too
    deep to read, or of a visitor who has not agreed to be recorded."""
    if max(len(body), len(outer)) > EVENT_BYTES:
        return NO_BODY, b""
    try:
        around = marker.clean(outer) if outer else b""
        kept = marker.clean(body)
    except (ValueError, RecursionError):
        return NO_BODY, b""
    return (kept, around) if marker.consented else (NO_BODY, b"")

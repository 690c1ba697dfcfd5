"""Refused events as records of the topic `rejects`: reason and body, without personal values."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import orjson

from etappe.eventlog import Entry
from etappe.touchpoint import Reject, encode_record, record_key
from ingest.drafts import Sender
from ingest.ids import safe_id
from ingest.limits import EVENT_BYTES
from ingest.personal import redacted
from ingest.pipeline import Refused

NO_BODY = b"null"


def reject_entries(refused: Sequence[Refused], sender: Sender, source: str) -> list[Entry]:
    """One record for each refused event."""
    return [_entry(each, sender, source) for each in refused]


def _entry(each: Refused, sender: Sender, source: str) -> Entry:
    record = _record(each, sender, source)
    return Entry(record_key(record.workspace, record.id), encode_record(record))


def _record(each: Refused, sender: Sender, source: str) -> Reject:
    return Reject(
        workspace=sender.caller.workspace.name,
        id=safe_id(sender.caller.salt, each.id),
        reason=each.refusal.reason.code,
        detail=each.refusal.detail,
        stamp=sender.received,
        source=source,
        body=msgspec.Raw(redacted_body(each.body)),
    )


def redacted_body(body: bytes) -> bytes:
    """`null` for what is too large to keep or nested too deep to read."""
    if len(body) > EVENT_BYTES:
        return NO_BODY
    try:
        return orjson.dumps(redacted(orjson.loads(body)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return NO_BODY

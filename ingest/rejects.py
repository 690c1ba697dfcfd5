"""Refused events as records of the topic `rejects`: reason and body, without personal values."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import orjson

from etappe.eventlog import Entry
from etappe.touchpoint import Reject, encode_record, record_key
from ingest.drafts import Sender
from ingest.limits import EVENT_BYTES
from ingest.personal import redacted
from ingest.pipeline import Refused

NO_BODY = b"null"


def reject_entries(refused: Sequence[Refused], sender: Sender, source: str) -> list[Entry]:
    """One record for each refused event."""
    workspace = sender.caller.workspace.name
    return [
        Entry(
            record_key(workspace, each.id), encode_record(_record(each, workspace, sender.received, source))
        )
        for each in refused
    ]


def _record(each: Refused, workspace: str, received: int, source: str) -> Reject:
    return Reject(
        workspace=workspace,
        id=each.id,
        reason=each.refusal.reason.code,
        detail=each.refusal.detail,
        stamp=received,
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

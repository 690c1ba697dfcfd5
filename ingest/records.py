"""A request's events as records of the log: all that stays of them until they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from etappe.eventlog import IMPORTS, TOUCHPOINTS, Entry, Lines, entries_of
from etappe.touchpoint import Touchpoint, encode_record, encode_records, record_key
from ingest.drafts import Sender
from ingest.pipeline import Refused, Sorted
from ingest.rejects import reject_entries


class Records(msgspec.Struct, frozen=True):
    """Of one request."""

    workspace: str
    protocol: str
    topic: str
    """Of those accepted."""
    accepted: Sequence[Entry]
    refused: Sequence[Refused]
    """For the reply and the counts."""
    rejects: Sequence[Entry]
    """Of those refused, the ones that the log keeps."""


def records_of(found: Sorted, sender: Sender, protocol: str, path: str, unbroken: bool = False) -> Records:
    """`path` is where it was sent; `unbroken` is the wire's."""
    return Records(
        sender.caller.workspace.name,
        protocol,
        IMPORTS if sender.import_id else TOUCHPOINTS,
        touchpoint_entries(found.accepted, unbroken),
        found.refused,
        reject_entries(found.kept, sender, protocol, path, found.outer) if found.refused else (),
    )


def touchpoint_entries(touchpoints: Sequence[Touchpoint], unbroken: bool = False) -> Sequence[Entry]:
    """A record for each; all are of one workspace. `unbroken`: there is no line break in what was kept raw."""
    if not touchpoints:
        return ()
    start = record_key(touchpoints[0].workspace, "")
    keys = [start + each.id.encode() for each in touchpoints]
    lines = encode_records(touchpoints)
    if unbroken or lines.count(b"\n") == len(keys):
        return Lines(keys, lines)
    return entries_of(
        keys, map(encode_record, touchpoints)
    )  # line breaks within what was kept as it was written

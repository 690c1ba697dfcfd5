"""A request's events as records of the log: all that stays of them until they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from etappe.eventlog import IMPORTS, TOUCHPOINTS, Entry, entries_of
from etappe.touchpoint import Touchpoint, encode_record, record_key
from ingest.drafts import Sender
from ingest.pipeline import Refused, Sorted
from ingest.rejects import reject_entries


class Records(NamedTuple):
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


def records_of(found: Sorted, sender: Sender, protocol: str, path: str) -> Records:
    """`path` is where it was sent."""
    return Records(
        sender.caller.workspace.name,
        protocol,
        IMPORTS if sender.import_id else TOUCHPOINTS,
        touchpoint_entries(found.accepted),
        found.refused,
        reject_entries(found.kept, sender, protocol, path, found.outer) if found.refused else (),
    )


def touchpoint_entries(touchpoints: Sequence[Touchpoint]) -> list[Entry]:
    """A record for each."""
    keys = [record_key(each.workspace, each.id) for each in touchpoints]
    return entries_of(keys, map(encode_record, touchpoints))

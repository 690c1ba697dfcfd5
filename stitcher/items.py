"""Items: records on their way through `normalise`, each with what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from etappe.changes import Link
from etappe.eventlog import Record
from etappe.identifiers import event_key
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from etappe.lanes import lane_of
from etappe.touchpoint import Touchpoint, decode_touchpoint
from stitcher.epochs import compose
from stitcher.ruled import NO_WORKSPACES, Workspaces, apply_rules

Outcome = Literal["stored", "duplicate", "rejected", "erased"]
EventId = tuple[str, bytes]
"""Workspace and 128-bit id."""
Place = tuple[int, int]
"""Position and partition."""


@dataclass(slots=True)
class Item:
    """One record on its way: what it holds, and what becomes of it. `partition` counts the lane's apart."""

    record: Record
    partition: int
    workspace: str
    event_id: bytes
    position: int
    touchpoint: Touchpoint | None
    outcome: Outcome = "stored"
    reason: str = ""
    is_spare: bool = False
    """A copy of what an import brought, kept in case that is undone."""
    rules: IdentityRules = DEFAULT_RULES
    """Those of its workspace now."""
    detail: str = ""
    """Why it was rejected, where the record itself does not say it."""
    nameless: Sequence[Link] = ()
    """What stays of it when its person is erased: that somebody used the devices."""


def read_item(record: Record, epoch: int, workspaces: Workspaces = NO_WORKSPACES) -> Item:
    """Decode a record; one that is no touchpoint, or names nobody by the workspace's rules, is rejected under the
    workspace its key names."""
    position = compose(epoch, record.offset)
    try:
        touchpoint = decode_touchpoint(record.value)
    except msgspec.MsgspecError:
        return _unreadable(record, position, "unreadable")
    rules = apply_rules(touchpoint, workspaces)
    if not touchpoint.identifiers:
        return _unreadable(record, position, "missing_identifier")
    partition = lane_of(record.topic, record.partition)
    event_id = event_key(touchpoint.id)
    return Item(record, partition, touchpoint.workspace, event_id, position, touchpoint, rules=rules)


def put_aside(record: Record, epoch: int, why: str) -> Item:
    """A record that nobody can handle."""
    item = _unreadable(record, compose(epoch, record.offset), "unreadable")
    item.detail = why
    return item


def _unreadable(record: Record, position: int, reason: str) -> Item:
    workspace, _, name = record.key.partition(b"\0")
    return Item(
        record, lane_of(record.topic, record.partition), workspace.decode(errors="replace"),
        event_key(name.decode(errors="replace")), position, None, "rejected", reason,
    )  # fmt: skip

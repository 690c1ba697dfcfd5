"""Spares: copies of touchpoints that an import brought. When the import is undone the first of them takes its place.

So everything is afterwards as if the import had never been, also where others had sent the same event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import cast

from etappe.eventlog import IMPORTS, TOUCHPOINTS, Record
from etappe.lanes import LANE
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.epochs import OFFSET_BITS
from stitcher.items import Item, read_item

_Row = tuple[int, int, str, str, int]


def spares_of(session: Session, workspace: Workspace, events: Collection[bytes]) -> list[Item]:
    """The spares of some events (128-bit ids), nothing decided yet."""
    if not events:
        return []
    bound = {"workspace": workspace.name, "events": [int.from_bytes(each, "little") for each in set(events)]}
    return _items(workspace, cast("list[_Row]", session.rows(statement("stitcher.sql", "spares_of"), bound)))


def spares_of_undone(session: Session, workspace: Workspace) -> list[Item]:
    """The spares of all events that any undone import had brought, nothing decided yet."""
    rows = session.rows(statement("stitcher.sql", "spares_of_undone"), {"workspace": workspace.name})
    return _items(workspace, cast("list[_Row]", rows))


def forget_spares(session: Session, workspace: str, used: Sequence[Item]) -> None:
    """Remove those that took a place, or whose own import was undone."""
    if used:
        bound = {
            "workspace": workspace,
            "places": [(item.partition, item.position) for item in used],
            "events": [int.from_bytes(item.event_id, "little") for item in used],
        }
        session.execute(statement("stitcher.sql", "forget_spares"), bound)


def _items(workspace: Workspace, rows: Iterable[_Row]) -> list[Item]:
    """Read by the rules of today, as they would be if they came now."""
    workspaces = {workspace.name: workspace}
    return [read_item(*_record(*row), workspaces) for row in rows]


def _record(partition: int, position: int, key: str, value: str, stamp: int) -> tuple[Record, int]:
    """The record as it stood in the log, and the log's epoch."""
    topic, number = (IMPORTS, partition - LANE) if partition >= LANE else (TOUCHPOINTS, partition)
    offset = position & ((1 << OFFSET_BITS) - 1)
    return Record(topic, number, offset, key.encode(), value.encode(), stamp), position >> OFFSET_BITS

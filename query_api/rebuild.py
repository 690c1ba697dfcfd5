"""Rebuild: an operator has the views folded again from the facts, and sees how far that is.

The order goes through the log like everything else that changes views, so that a replay repeats it.
"""

from __future__ import annotations

from etappe.changes import Rebuild, decode_change, encode_change
from etappe.eventlog import CHANGES, Entry, EventLog
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.meta import views_meta
from query_api.position import needed_log
from query_api.sources import Sources
from query_api.sql import text_of

_GROUP = "stitch"
_AHEAD = 10_000
"""Changes looked through for an order that the stitcher has not come to yet."""

_COLUMNS: dict[str, Kind] = {"model": "text", "state": "text", "done": "whole", "total": "whole"}


async def order_rebuild(sources: Sources, workspace: Workspace) -> Answer:
    """Write the order and say how things stand; LogUnavailable where this process may not write it."""
    order = Rebuild(workspace.name, sources.clock())
    await needed_log(sources).append(CHANGES, [Entry(workspace.name.encode(), encode_change(order))])
    return await answer_rebuild(sources, workspace)


async def answer_rebuild(sources: Sources, workspace: Workspace) -> Answer:
    """One row a model: `running` while its build fills or an order waits, `done` and `total` in customers."""
    waiting = await _order_waits(needed_log(sources), workspace.name)
    found = await sources.sessions.run(lambda s: s.rows(text_of("rebuild"), {"workspace": workspace.name}))
    meta = await sources.sessions.run(lambda s: views_meta(s, workspace.name))
    return Answer(_COLUMNS, [_row(*each, waiting=waiting) for each in found], meta)


def _row(model: str, filling: int, done: int, total: int, *, waiting: bool) -> Row:
    running = bool(filling) or waiting
    return {
        "model": model,
        "state": "running" if running else "idle",
        "done": done if filling or not waiting else 0,
        "total": total,
    }


async def _order_waits(log: EventLog, workspace: str) -> bool:
    """Whether the stitcher has not committed past an order of this workspace yet."""
    starts = await log.starts(CHANGES)
    committed = await log.committed(CHANGES, _GROUP)
    begin = {
        partition: committed.offsets.get(partition, offset) for partition, offset in starts.offsets.items()
    }
    records = await log.read(CHANGES, type(starts)(begin), _AHEAD)
    changes = (decode_change(record.value) for record in records if record.key == workspace.encode())
    return any(isinstance(change, Rebuild) for change in changes)

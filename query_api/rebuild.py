"""Rebuild: an operator has the views folded again from the facts, and sees how far that is.

The order goes through the log like everything else that changes views, so that a replay repeats it.
"""

from __future__ import annotations

from etappe.changes import Rebuild, decode_change, encode_change
from etappe.eventlog import CHANGES, Entry, EventLog, Position, partition_of
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.errors import WrongPlace
from query_api.meta import views_meta
from query_api.position import needed_log
from query_api.sources import Sources
from query_api.sql import text_of

_GROUP = "stitch"
_CHUNK = 5_000
"""Changes read at once in the search for an order that the stitcher has not come to yet."""

_COLUMNS: dict[str, Kind] = {"model": "text", "state": "text", "done": "whole", "total": "whole"}


async def order_rebuild(sources: Sources, workspace: Workspace) -> Answer:
    """Write the order and say how things stand; WrongPlace where this process may not write it."""
    if not sources.takes_orders:
        raise WrongPlace("Send it there: with `etappe up`, to the query API that it started.")
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
    key = workspace.encode()
    ends = (await log.ends(CHANGES)).offsets
    partition = partition_of(key, len(ends))
    at = (await log.committed(CHANGES, _GROUP)).offsets.get(partition, 0)
    at = max(at, (await log.starts(CHANGES)).offsets.get(partition, 0))
    while at < ends[partition]:
        records = await log.read(CHANGES, Position({partition: at}), _CHUNK)
        if not records:
            return False
        if any(each.key == key and isinstance(decode_change(each.value), Rebuild) for each in records):
            return True
        at = records[-1].offset + 1
    return False

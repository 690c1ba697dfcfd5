"""Rebuild: an operator has the views folded again from the facts, and sees how far that is.

The order goes through the log like everything else that changes views, so that a replay repeats it.
"""

from __future__ import annotations

from etappe.changes import Rebuild
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.meta import views_meta
from query_api.orders import waiting_orders, write_order
from query_api.position import needed_log
from query_api.sources import Sources
from query_api.sql import text_of

_COLUMNS: dict[str, Kind] = {"model": "text", "state": "text", "done": "whole", "total": "whole"}


async def order_rebuild(sources: Sources, workspace: Workspace) -> Answer:
    """Write the order and say how things stand; WrongPlace where this process may not write it."""
    await write_order(sources, Rebuild(workspace.name, sources.clock()))
    return await answer_rebuild(sources, workspace)


async def answer_rebuild(sources: Sources, workspace: Workspace) -> Answer:
    """One row a model: `running` while its build fills or an order waits, `done` and `total` in customers."""
    orders = await waiting_orders(needed_log(sources), workspace.name)
    waiting = any(isinstance(order, Rebuild) for order in orders)
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

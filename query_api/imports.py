"""Imports: what each brought, and having one taken back as a whole.

The order to undo one goes through the log, so that a replay repeats it.
"""

from __future__ import annotations

import re

from etappe import lanes
from etappe.changes import Undo
from etappe.clock import iso
from etappe.eventlog import EventLog
from etappe.lanes import LANE
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.errors import NotFound
from query_api.meta import facts_meta
from query_api.orders import waiting_orders, write_order
from query_api.parameters import Reader
from query_api.position import needed_log
from query_api.sources import Sources
from query_api.sql import text_of

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

_COLUMNS: dict[str, Kind] = {
    "id": "text",
    "state": "text",
    "touchpoints": "whole",
    "undone": "whole",
    "first_at": "text",
    "last_at": "text",
    "undone_at": "text",
    "concerned": "whole",
}


def read_import_id(reader: Reader, text: str) -> str:
    """The id in a path; what is wrong with it is left with `reader`."""
    if not _ID.fullmatch(text):
        reader.refuse("import_id", text, "1 to 64 letters, digits, - and _")
    return text


async def answer_imports(sources: Sources, workspace: Workspace) -> Answer:
    """One row an import, the latest first; see `_row` for its state."""
    orders = await waiting_orders(needed_log(sources), workspace.name)
    waiting = {order.import_id: order.asked for order in orders if isinstance(order, Undo)}
    rows = await sources.sessions.run(lambda s: stored_imports(s, workspace.name))
    meta = await sources.sessions.run(lambda s: facts_meta(s, workspace.name))
    unknown = waiting.keys() - {row["id"] for row in rows}
    rows += [_row(import_id, 0, 0, 0, 0, 0, 0) for import_id in sorted(unknown)]
    return Answer(_COLUMNS, [_with_order(row, waiting) for row in rows], meta)


async def order_undo(sources: Sources, workspace: Workspace, import_id: str) -> Answer:
    """Write the order, for what the collector got by now; NotFound where nothing of the import is known or waits."""
    known = {row["id"] for row in await sources.sessions.run(lambda s: stored_imports(s, workspace.name))}
    if import_id not in known and not await _lane_waits(needed_log(sources)):
        raise NotFound(f"There is no import {import_id}; GET /v1/imports lists them.")
    await write_order(sources, Undo(workspace.name, import_id, sources.clock()))
    answer = await answer_imports(sources, workspace)
    return Answer(_COLUMNS, [row for row in answer.rows if row["id"] == import_id], answer.meta)


def stored_imports(session: Session, workspace: str) -> list[Row]:
    return [_row(*found) for found in session.rows(text_of("imports"), {"workspace": workspace})]


def _row(  # noqa: PLR0917 - the columns of imports.sql
    import_id: str, touchpoints: int, undone: int, first: int, last: int, asked: int, concerned: int
) -> Row:
    """`undone` as long as nothing of it came after it was undone; `undoing` until all journeys are made again."""
    state = "undone" if asked and not touchpoints else "stored"
    return {
        "id": import_id,
        "state": "undoing" if concerned else state,
        "touchpoints": touchpoints,
        "undone": undone,
        "first_at": iso(first) if first else None,
        "last_at": iso(last) if last else None,
        "undone_at": iso(asked) if asked else None,
        "concerned": concerned,
    }


def _with_order(row: Row, waiting: dict[str, int]) -> Row:
    """As it is while the stitcher has not come past an order to undo it."""
    if row["id"] not in waiting:
        return row
    return {**row, "state": "undoing", "undone_at": iso(waiting[row["id"]])}


async def _lane_waits(log: EventLog) -> bool:
    """Whether touchpoints of any import are in the log that the stitcher has not come past."""
    done = (await lanes.committed(log)).offsets
    ends = (await lanes.ends(log)).offsets
    return any(end > done.get(partition, 0) for partition, end in ends.items() if partition >= LANE)

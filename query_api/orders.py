"""Operators' orders: written to the log like everything else that changes views, so that a replay repeats them."""

from __future__ import annotations

import msgspec

from etappe.changes import Order, decode_change, encode_change
from etappe.eventlog import CHANGES, Entry, EventLog, Position, partition_of
from query_api.errors import WrongPlace
from query_api.position import STITCHER, named, needed_log
from query_api.sources import Sources

_CHUNK = 5_000
"""Changes read at once in the search for orders that the stitcher has not come to yet."""


async def write_order(sources: Sources, order: Order) -> Position:
    """The position after the order, once it is durable; WrongPlace where this process may not write it."""
    check_place(sources)
    entry = Entry(order.workspace.encode(), encode_change(order))
    return named(await needed_log(sources).append(CHANGES, [entry]))


def check_place(sources: Sources) -> None:
    """WrongPlace where this process may not write orders; LogUnavailable where it has no log."""
    if not sources.takes_orders:
        raise WrongPlace("Send it there: with `etappe up`, to the query API that it started.")
    needed_log(sources)


async def waiting_orders(log: EventLog, workspace: str) -> list[Order]:
    """The orders of a workspace that the stitcher has not committed past yet."""
    key = workspace.encode()
    ends = (await log.ends(CHANGES)).offsets
    partition = partition_of(key, len(ends))
    at = (await log.committed(CHANGES, STITCHER)).offsets.get(partition, 0)
    at = max(at, (await log.starts(CHANGES)).offsets.get(partition, 0))
    found: list[Order] = []
    while at < ends[partition]:
        records = await log.read(CHANGES, Position({partition: at}), _CHUNK)
        if not records:
            break
        orders = (_order(each.value) for each in records if each.key == key)
        found += [order for order in orders if order is not None]
        at = records[-1].offset + 1
    return found


def _order(value: bytes) -> Order | None:
    """None for a batch, and for what nobody can read (the stitcher passes over it)."""
    try:
        change = decode_change(value)
    except msgspec.MsgspecError:
        return None
    return change if isinstance(change, Order) else None

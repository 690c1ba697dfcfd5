"""Identities that somebody asks for and that are made for them: ordered once, waited for, used while they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from etappe.changes import Order
from query_api.errors import NotReady
from query_api.identity.generations import Generation, generations_of
from query_api.orders import waiting_orders, write_order
from query_api.position import needed_log
from query_api.sources import Sources

_FIRST_PAUSE, _LAST_PAUSE = 0.05, 0.5
"""Seconds between two looks, growing."""


async def made(
    sources: Sources, is_wanted: Callable[[Generation], bool], order: Order, seconds: float
) -> Generation:
    """The wanted generation once it is complete, ordered where nobody has yet; NotReady after `seconds`."""
    deadline = sources.clock() + seconds * 1000
    pause, is_ordered = _FIRST_PAUSE, False
    while True:
        found = await _found(sources, order.workspace, is_wanted)
        if found is not None and found.is_complete:
            return found
        if found is None and not is_ordered:
            await _order(sources, order)
            is_ordered = True
        if sources.clock() >= deadline:
            raise NotReady(found.progress if found else 0.0)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LAST_PAUSE)


async def _found(
    sources: Sources, workspace: str, is_wanted: Callable[[Generation], bool]
) -> Generation | None:
    generations = await sources.sessions.run(lambda session: generations_of(session, workspace))
    return next((each for each in generations if is_wanted(each)), None)


async def _order(sources: Sources, order: Order) -> None:
    waiting = await waiting_orders(needed_log(sources), order.workspace)
    if not any(_is_same(each, order) for each in waiting):
        await write_order(sources, order)


def _is_same(one: Order, other: Order) -> bool:
    """Whether both ask for one thing, whenever they were given."""
    return type(one) is type(other) and _said(one) == _said(other)


def _said(order: Order) -> dict[str, object]:
    return {name: getattr(order, name) for name in order.__struct_fields__ if name != "asked"}

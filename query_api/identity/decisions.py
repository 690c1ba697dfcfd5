"""Decisions of operators: two identifiers held apart, or one banned; those on their way to the stitcher included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etappe.changes import Decide, Order, TakeBack
from etappe.clock import iso
from etappe.warehouse import Session
from query_api.answer import Kind, Row
from query_api.identity.identifier import shown
from query_api.identity.names import names_of
from query_api.orders import waiting_orders
from query_api.position import needed_log
from query_api.sources import Sources
from query_api.sql import text_of

COLUMNS: dict[str, Kind] = {
    "id": "text",
    "kind": "text",
    "a": "text",
    "b": "text",
    "ban": "text",
    "by": "text",
    "note": "text",
    "asked_at": "text",
    "taken_back_at": "text",
    "state": "text",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """`a` and `b` are held apart, or `a` is banned (then `b` is 0). Times in ms, `taken_back` 0 where it is not.

    `waiting`: the stitcher has not come to it yet, or not to its being taken back.
    """

    id: str
    kind: Literal["apart", "ban"]
    a: int
    b: int
    by: str
    note: str
    asked: int
    taken_back: int = 0
    waiting: bool = False

    @property
    def named(self) -> frozenset[int]:
        return frozenset((self.a, self.b)) - {0}

    @property
    def state(self) -> str:
        if self.waiting:
            return "waiting"
        return "taken_back" if self.taken_back else "holds"


async def decisions_of(sources: Sources, workspace: str) -> list[Decision]:
    """All there are and those that wait in the log, the latest first."""
    orders = await waiting_orders(needed_log(sources), workspace)
    stored = await sources.sessions.run(lambda session: _stored(session, workspace))
    return with_orders(stored, orders)


def with_orders(stored: Iterable[Decision], orders: Iterable[Order]) -> list[Decision]:
    """Decisions as they will be once the orders are carried out."""
    found = {each.id: each for each in stored}
    for order in orders:
        if isinstance(order, Decide):
            found.setdefault(order.id, decided(order))
        elif isinstance(order, TakeBack) and order.id in found and not found[order.id].taken_back:
            found[order.id] = taken_back(found[order.id], order)
    return sorted(found.values(), key=lambda each: (-each.asked, each.id))


def decided(order: Decide) -> Decision:
    """What an order asks for."""
    said = (order.id, order.kind, order.a, order.b, order.by, order.note, order.asked)
    return Decision(*said, waiting=True)


def taken_back(decision: Decision, order: TakeBack) -> Decision:
    return replace(decision, taken_back=order.asked, waiting=True)


def rows_of(session: Session, workspace: str, decisions: Sequence[Decision]) -> list[Row]:
    """Decisions with the names of their identifiers."""
    keys = sorted({key for each in decisions for key in each.named})
    names = names_of(session, workspace, keys)
    return [_row(each, names) for each in decisions]


def _stored(session: Session, workspace: str) -> list[Decision]:
    return [Decision(*row) for row in session.rows(text_of("decisions"), {"workspace": workspace})]


def _row(decision: Decision, names: dict[int, str]) -> Row:
    a, apart = shown(names, decision.a), decision.kind == "apart"
    return {
        "id": decision.id,
        "kind": decision.kind,
        "a": a if apart else None,
        "b": shown(names, decision.b) if apart else None,
        "ban": None if apart else a,
        "by": decision.by,
        "note": decision.note or None,
        "asked_at": iso(decision.asked),
        "taken_back_at": iso(decision.taken_back) if decision.taken_back else None,
        "state": decision.state,
    }

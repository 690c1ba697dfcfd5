"""Lists of people: their columns, and which touchpoint was somebody's last one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from etappe.warehouse import Session
from query_api.answer import Kind
from query_api.identity.generations import Identities
from query_api.sql import compose, fragment

AT_ONCE = 20_000
"""Customers whose last touchpoints are looked up in one statement."""

_COLUMNS: dict[str, Kind] = {
    "customer": "text",
    "journey": "whole",
    "reached_at": "text",
    "last_at": "text",
    "last_event": "text",
    "channel": "text",
}

T = TypeVar("T")

Touches = dict[tuple[int, int], tuple[str, str]]
"""Event and channel by customer and time (ms)."""


def people_columns(unit: str) -> dict[str, Kind]:
    """An account is behind a number together with the customer who got there first."""
    return {"account": "text", **_COLUMNS} if unit == "account" else _COLUMNS


def last_touches(
    session: Session, workspace: str, identities: Identities, wanted: Sequence[tuple[int, int]]
) -> Touches:
    """Of each customer at each time (ms), at most AT_ONCE; none where a touchpoint has left since."""
    if not wanted:
        return {}
    sql = compose("last_touches", owned=identities.owned, touches="touches")
    # Where identifiers are banned, a touchpoint may lie under one of somebody else.
    sql = sql.replace("/*and stored*/", "" if identities.bans else fragment("stored_under"))
    bound = {
        **identities.touchpoints(workspace),
        "moments": sorted({over for _, over in wanted}),
        "customers": sorted({customer for customer, _ in wanted}),
    }
    return {(customer, ms): (event, channel) for customer, ms, event, channel in session.rows(sql, bound)}


def in_groups(items: Iterable[T]) -> Iterator[list[T]]:
    """AT_ONCE of them at a time."""
    remaining = iter(items)
    while group := list(islice(remaining, AT_ONCE)):
        yield group

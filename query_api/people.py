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

Last = tuple[str, str]
"""Event and channel."""

_Place = tuple[int, bytes]
_GONE: tuple[_Place, Last] = (0, b""), ("", "")


class LastTouches:
    """The last touchpoints of customers at certain times."""

    def __init__(self) -> None:
        self._by_account: dict[tuple[int, int], dict[str, tuple[_Place, Last]]] = {}

    def add(self, customer: int, ms: int, account: str, place: _Place, last: Last) -> None:
        """The last one there that names this account, or none."""
        self._by_account.setdefault((customer, ms), {})[account] = place, last

    def of(self, customer: int, ms: int, account: str = "") -> Last:
        """Of what counts for the account, of all without one; empty where a touchpoint has left since.

        Where some name an account, those that name none count for the one named last. Where none does, all count
        for one that was named at another time.
        """
        found = self._by_account.get((customer, ms), {})
        counting = list(found)
        if account and (named := [name for name in found if name]):
            named_last = max(named, key=lambda name: found[name][0])
            counting = [account, ""] if named_last == account else [account]
        return max((found[name] for name in counting if name in found), default=_GONE)[1]


def people_columns(unit: str) -> dict[str, Kind]:
    """An account is behind a number together with the customer who got there first."""
    return {"account": "text", **_COLUMNS} if unit == "account" else _COLUMNS


def last_touches(
    session: Session, workspace: str, identities: Identities, wanted: Sequence[tuple[int, int]]
) -> LastTouches:
    """Of each customer at each time (ms), at most AT_ONCE."""
    found = LastTouches()
    if not wanted:
        return found
    sql = compose("last_touches", owned=identities.owned, touches="touches")
    # Where identifiers are banned, a touchpoint may lie under one of somebody else.
    sql = sql.replace("/*and stored*/", "" if identities.bans else fragment("stored_under"))
    bound = {
        **identities.touchpoints(workspace),
        "moments": sorted({over for _, over in wanted}),
        "customers": sorted({customer for customer, _ in wanted}),
    }
    for customer, ms, account, place, event, channel in session.rows(sql, bound):
        found.add(customer, ms, account, place, (event, channel))
    return found


def in_groups(items: Iterable[T]) -> Iterator[list[T]]:
    """AT_ONCE of them at a time."""
    remaining = iter(items)
    while group := list(islice(remaining, AT_ONCE)):
        yield group

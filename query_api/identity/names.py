"""Which identifiers are a customer's, at which times, and what they are called."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from etappe.warehouse import Session
from query_api.errors import NotFound
from query_api.identity.generations import Identities
from query_api.sql import text_of

BEGINNING = -(1 << 62)
END_OF_TIME = 1 << 62
"""Ms: before and after everything."""

_ALL = (1 << 32) - 1


class Span(NamedTuple):
    """An identifier belongs to a customer for `since` ≤ time < `until` (ms)."""

    identifier: int
    customer: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """To whom an identifier belongs over time; never empty, ascending, without gaps."""

    spans: tuple[Span, ...]

    def at(self, moment: int) -> Span:
        """The span that holds `moment`; before the first login, the first."""
        index = bisect_right([span.since for span in self.spans], moment) - 1
        return self.spans[max(index, 0)]


def timeline(identifier: int, since: Sequence[int], customers: Sequence[int]) -> Timeline:
    """From the arrays of a row of identities; empty ones mean that the identifier is its own customer."""
    owners = list(customers) or [identifier]
    begins = [BEGINNING, *since[1:]]
    ends = [*since[1:], END_OF_TIME]
    return Timeline(tuple(Span(identifier, *each) for each in zip(owners, begins, ends, strict=True)))


def timeline_of(session: Session, workspace: str, identities: Identities, identifier: int) -> Timeline:
    """The timeline of one identifier."""
    bound = {**identities.touchpoints(workspace), "identifier": identifier}
    rows = session.rows(text_of("identity_row"), bound)
    _, since, customers, _ = rows[0] if rows else ("", [], [], [])
    return timeline(identifier, since, customers)


def members_of(session: Session, workspace: str, identities: Identities, customer: int) -> set[int]:
    """Every identifier that belongs to a customer at some time, the customer's own included."""
    bound = {**identities.touchpoints(workspace), "identifier": customer}
    rows = session.rows(text_of("identity_row"), bound)
    return {customer, *(rows[0][3] if rows else ())}


def spans_of(session: Session, workspace: str, identities: Identities, customer: int) -> list[Span]:
    """Every span of every identifier that belongs to a customer, the customer's own included."""
    members = members_of(session, workspace, identities, customer)
    return first_spans_of(session, identities.touchpoints(workspace), customer, members, _ALL)[0]


def first_spans_of(
    session: Session, known: Mapping[str, Any], customer: int, members: Collection[int], each: int
) -> tuple[list[Span], int]:
    """Of each of a customer's identifiers the first spans, by identifier and time; how many there are besides.

    `known`: what statements bind to name the workspace and its identities.
    """
    bound = {
        **known,
        "identifiers": sorted(members),
        "customer": customer,
        "each": each,
        "beginning": BEGINNING,
        "end": END_OF_TIME,
    }
    rows = session.rows(text_of("timelines"), bound)
    if not any(identifier == customer for identifier, *_ in rows):  # never linked: its own customer
        rows = sorted([*rows, (customer, [BEGINNING], [END_OF_TIME], 0)])
    spans = [
        Span(identifier, customer, since, until)
        for identifier, begins, ends, _ in rows
        for since, until in zip(begins, ends, strict=True)
    ]
    return spans, sum(left_out for *_, left_out in rows)


def bound_spans(
    session: Session, workspace: str, identities: Identities, spans: Sequence[Span]
) -> dict[str, Any]:
    """What statements bind that look for the touchpoints of these spans."""
    identifiers = [span.identifier for span in spans]
    return {
        **identities.touchpoints(workspace),
        "stored": sorted(_stored_under(session, workspace, identities, identifiers)),
        "identifiers": identifiers,
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
    }


def _stored_under(
    session: Session, workspace: str, identities: Identities, identifiers: Sequence[int]
) -> set[int]:
    """The identifiers under which touchpoints of `identifiers` may lie: themselves, and banned ones of their events.

    Of an event that named several banned ones, the first need not be linked to the one that is not, but to one that is.
    """
    found = set(identifiers)
    border = found if identities.bans else set()
    while border:
        values = {**identities.touchpoints(workspace), "identifiers": sorted(border)}
        border = {other for (other,) in session.rows(text_of("banned_beside"), values)} - found
        found |= border
    return found


def names_of(session: Session, workspace: str, identifiers: Sequence[int]) -> dict[int, str]:
    """`user_id:42`, or `email:#<hex>` for what is kept only as a hash; by type and value."""
    values = {"workspace": workspace, "identifiers": list(identifiers)}
    rows = session.rows(text_of("identifier_names"), values)
    return {key: f"{kind}:{value}" if value else f"{kind}:#{hex_of(key)}" for key, kind, value in rows}


def read_customer(text: str) -> int:
    """The customer that a path names; NotFound where it cannot be a customer's id."""
    if not re.fullmatch(r"[0-9a-f]{16}", text):
        raise NotFound(f"{text!r} is no customer: ask /v1/customers?identifier= for one.")
    return int(text, 16)


def check_customer(session: Session, workspace: str, identities: Identities, customer: int) -> None:
    """NotFound where nobody is this customer, or not any more."""
    owners = [span.customer for span in timeline_of(session, workspace, identities, customer).spans]
    if customer not in owners:
        raise NotFound(f"Customer {hex_of(customer)} is part of customer {hex_of(owners[-1])} now.")
    if not names_of(session, workspace, [customer]):
        raise NotFound(f"There is no customer {hex_of(customer)}.")


def hex_of(customer: int) -> str:
    """A customer's id as it is shown: 16 hex digits."""
    return f"{customer:016x}"

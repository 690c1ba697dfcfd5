"""Which identifiers are a customer's, at which times, and what they are called."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from etappe.warehouse import Session
from query_api.sql import text_of

BEGINNING = -(1 << 62)
END_OF_TIME = 1 << 62
"""Ms: before and after everything."""


@dataclass(frozen=True, slots=True)
class Span:
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


def timeline_of(session: Session, workspace: str, identifier: int) -> Timeline:
    """The timeline of one identifier."""
    rows = session.rows(text_of("identity_row"), {"workspace": workspace, "identifier": identifier})
    _, since, customers, _ = rows[0] if rows else ("", [], [], [])
    return timeline(identifier, since, customers)


def spans_of(session: Session, workspace: str, customer: int) -> list[Span]:
    """Every span of every identifier that belongs to a customer, the customer's own included."""
    rows = session.rows(text_of("identity_row"), {"workspace": workspace, "identifier": customer})
    members = {customer, *(rows[0][3] if rows else ())}
    values = {"workspace": workspace, "identifiers": sorted(members)}
    linked = {each: (since, owners) for each, since, owners in session.rows(text_of("timelines"), values)}
    timelines = [timeline(each, *linked.get(each, ([], []))) for each in sorted(members)]
    return [span for each in timelines for span in each.spans if span.customer == customer]


def bound(spans: Sequence[Span]) -> dict[str, list[int]]:
    """Spans as statements bind them."""
    return {
        "identifiers": [span.identifier for span in spans],
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
    }


def names_of(session: Session, workspace: str, identifiers: Sequence[int]) -> dict[int, str]:
    """`user_id:42`, or `email:#<hex>` for what is kept only as a hash; by type and value."""
    values = {"workspace": workspace, "identifiers": list(identifiers)}
    rows = session.rows(text_of("identifier_names"), values)
    return {key: f"{kind}:{value}" if value else f"{kind}:#{hex_of(key)}" for key, kind, value in rows}


def hex_of(customer: int) -> str:
    """A customer's id as it is shown: 16 hex digits."""
    return f"{customer:016x}"

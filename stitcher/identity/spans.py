"""Spans: which identifier belongs to which customer from when until when, as the fold reads them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from stitcher.identity.owners import BEGINNING, Owner

END = 1 << 62
"""After any time a touchpoint can have, in ms."""


class Span(NamedTuple):
    """`identifier` belongs to `customer` for `since` <= time < `until` (ms)."""

    identifier: int
    since: int
    until: int
    customer: int


def spans_of(customers: Iterable[int], owners: Mapping[int, Owner | None]) -> Iterator[Span]:
    """Every span that belongs to one of `customers`; an identifier without an owner is its own customer."""
    for customer in customers:
        own = owners.get(customer)
        if own is None:
            yield Span(customer, BEGINNING, END, customer)
            continue
        for member in own.members:
            yield from _spans_of_member(member, customer, owners)


def tombstones(identifiers: Collection[int]) -> Iterator[Span]:
    """Spans that hold no time: their customers have no touchpoints, so the fold leaves a tombstone."""
    return (Span(identifier, 1, 0, identifier) for identifier in identifiers)


def _spans_of_member(member: int, customer: int, owners: Mapping[int, Owner | None]) -> Iterator[Span]:
    owner = owners[member]
    if owner is None:  # a member has a row by definition
        raise LookupError(f"identifier {member} is a member of {customer} and belongs to nobody")
    for index, holder in enumerate(owner.customer):
        if holder == customer:
            until = owner.since[index + 1] if index + 1 < len(owner.since) else END
            yield Span(member, owner.since[index], until, customer)

"""One customer's touchpoints in order, each with its phase in every model and the journey it is part of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from etappe.clock import iso
from etappe.phases import Expression, phase_expression
from etappe.warehouse import Session
from etappe.warehouse.session import Row as Found
from etappe.workspaces import Workspace
from query_api.answer import Kind, LongAnswer, Row
from query_api.builds import Builds, identities_of
from query_api.common import COMMON, Range
from query_api.customers import Totals, customer_totals
from query_api.identity.as_of import IDENTITY_AT
from query_api.identity.names import bound_spans, check_customer, hex_of, names_of, read_customer, spans_of
from query_api.meta import facts_meta, range_meta
from query_api.pages import LIMIT
from query_api.parameters import EARLIEST, Parameter, Reader
from query_api.sql import compose, with_phases

_COLUMNS: dict[str, Kind] = {
    "id": "text",
    "at": "text",
    "event": "text",
    "channel": "text",
    "contact": "text",
    "offline": "flag",
    "page": "nested",
    "campaign": "nested",
    "value": "number",
    "currency": "text",
    "sentiment": "number",
    "phases": "nested",
    "identifier": "text",
    "journey": "whole",
    "properties": "nested",
}
_PAGE = ("url", "path", "title", "referrer")
_CAMPAIGN = ("source", "medium", "name", "term", "content")
_MOST_ROWS = (1 << 32) - 2
_AT_ONCE = 10_000
"""Touchpoints in memory: few customers have more, and of those the rest is told as the engine reads it."""
_CURSOR = re.compile(r"(\d{1,15})_(-?\d{1,19})_([0-9A-F]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the last touchpoint's time (ms), sequence number and event key (hex)."""

    ms: int
    seq: int
    event_key: str

    def __str__(self) -> str:
        return f"{self.ms}_{self.seq}_{self.event_key}"

    @property
    def values(self) -> Mapping[str, int | str]:
        """As statements bind it."""
        return {"after_ms": self.ms, "after_seq": self.seq, "after_event": self.event_key}


_BEFORE_ALL = Place(EARLIEST - 1, 0, "")


@dataclass(frozen=True, slots=True)
class JourneyQuestion:
    customer: int
    range: Range
    limit: int | None
    after: Place


def _read_cursor(text: str) -> Place:
    found = _CURSOR.fullmatch(text)
    if found is None or not -(1 << 63) <= int(found.group(2)) < 1 << 63:
        raise ValueError(text)
    return Place(int(found.group(1)), int(found.group(2)), found.group(3))


CURSOR = Parameter("cursor", "what meta.next gave", _read_cursor, _BEFORE_ALL)
PARAMETERS: tuple[Parameter[Any], ...] = (LIMIT, CURSOR, IDENTITY_AT, *COMMON)


def read_journey_question(reader: Reader, customer: str, asked: Range) -> JourneyQuestion:
    """The question; NotFound where `customer` cannot be a customer's id."""
    return JourneyQuestion(read_customer(customer), asked, reader.take(LIMIT), reader.take(CURSOR))


def answer_journey(
    session: Session, workspace: Workspace, builds: Builds, question: JourneyQuestion
) -> LongAnswer:
    """The customer's touchpoints; NotFound where there is no such customer (any more)."""
    meta = facts_meta(session, workspace.name)
    totals = customer_totals(session, workspace.name, builds, question.customer)
    reading = _Reading.of(session, workspace.name, builds, question)
    found = reading.rows(question.after, question.limit or _AT_ONCE)
    if not found and not totals.touchpoints:
        check_customer(session, workspace.name, identities_of(builds), question.customer)
    page, last = _page(found, question.limit or _AT_ONCE)
    bots, owners = sum(row[15] for row in page), {row[13] for row in page if not row[15]}
    if question.limit is None and last is not None:
        more_bots, more_owners = reading.told(last)
        bots, owners = bots + more_bots, owners.union(more_owners)
    names = names_of(session, workspace.name, sorted(owners))
    shown = reading.shown(page, last if question.limit is None else None)
    return LongAnswer(
        _COLUMNS,
        (_row(row, builds, totals, names) for row in shown),
        {
            "customer": hex_of(question.customer),
            "models": {name: build.version for name, build in builds.items()},
            **range_meta(question.range),
            **meta,
            **identities_of(builds).meta,
            "excluded": {"bot_touchpoints": bots},
            "next": None if question.limit is None or last is None else str(last),
        },
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a customer's touchpoints are read: the parts of statements, and what they bind."""

    session: Session
    owned: str
    expressions: Sequence[Expression]
    bound: Mapping[str, Any]

    @classmethod
    def of(cls, session: Session, workspace: str, builds: Builds, question: JourneyQuestion) -> _Reading:
        identities = identities_of(builds)
        spans = spans_of(session, workspace, identities, question.customer)
        bound = {**bound_spans(session, workspace, identities, spans), **question.range.bounds}
        expressions = [phase_expression(each.model, f"m{n}") for n, each in enumerate(builds.values())]
        return cls(session, identities.owned, expressions, bound)

    def rows(self, after: Place, limit: int) -> Sequence[Found]:
        """One row more, so that it is known whether there is a next one."""
        return self.session.rows(*self._statement(after, limit + 1))

    def told(self, after: Place) -> tuple[int, Sequence[int]]:
        """Of all that follow: how many are bots', and under which identifiers the others are."""
        sql = self._composed("touchpoints_of_customer_told")
        ((bots, owners),) = self.session.rows(sql, {**self.bound, **after.values})
        return bots, owners

    def shown(self, page: Sequence[Found], after: Place | None) -> Iterator[Found]:
        """Those of the page, and where `after` is given all that follow, as the engine has them; none of bots."""
        yield from (row for row in page if not row[15])
        if after is not None:
            for block in self.session.stream(*self._statement(after, _MOST_ROWS)):
                yield from (row for row in block if not row[15])

    def _statement(self, after: Place, limit: int) -> tuple[str, Mapping[str, Any]]:
        sql, values = with_phases(self._composed("touchpoints_of_customer"), self.expressions)
        return sql, {**values, **self.bound, **after.values, "limit": limit}

    def _composed(self, final: str) -> str:
        return compose(final, owned=self.owned, spanned="owned_in_spans")


def _page(found: Sequence[Found], limit: int) -> tuple[Sequence[Found], Place | None]:
    """The rows of this page, and its end if more follow."""
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, Place(*page[-1][:3])


def _row(found: Found, builds: Builds, totals: Totals, names: dict[int, str]) -> Row:
    ms, _, _, id_, event, channel, contact, offline, page, campaign, value, currency = found[:12]
    sentiment, identifier, properties, _, positions = found[12:]
    return {
        "id": id_,
        "at": iso(ms),
        "event": event,
        "channel": channel or None,
        "contact": contact or None,
        "offline": offline,
        "page": _present(_PAGE, page),
        "campaign": _present(_CAMPAIGN, campaign),
        "value": value,
        "currency": currency or None,
        "sentiment": sentiment,
        "phases": _phases(builds, positions),
        "identifier": names.get(identifier, f"#{hex_of(identifier)}"),
        "journey": _journey_of(totals, ms),
        "properties": orjson.loads(properties) if properties else {},
    }


def _present(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _phases(builds: Builds, positions: Sequence[int]) -> dict[str, str | None]:
    named = zip(builds.items(), positions, strict=True)
    return {name: build.phases[position - 1] if position else None for (name, build), position in named}


def _journey_of(totals: Totals, ms: int) -> int | None:
    """The number of the journey, from 1; None for a touchpoint that is not folded yet."""
    numbered = enumerate(totals.journeys, 1)
    return next((number for number, (began, over) in numbered if began <= ms <= over), None)

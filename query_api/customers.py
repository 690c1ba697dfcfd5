"""Who an identifier is: one row with everything that stands beside a customer's journeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.builds import Builds, identities_of
from query_api.common import COMMON
from query_api.identity.as_of import IDENTITY_AT
from query_api.identity.generations import Identities
from query_api.identity.identifier import PATTERN, WANTED, Named, read_named, seen_key_of
from query_api.identity.names import Span, Timeline, bound_spans, hex_of, names_of, spans_of, timeline_of
from query_api.meta import facts_meta
from query_api.parameters import TIME, Parameter, Reader, read_time
from query_api.sql import compose, text_of

_COLUMNS: dict[str, Kind] = {
    "customer": "text",
    "identifiers": "nested",
    "accounts": "nested",
    "account_times": "nested",
    "traits": "nested",
    "first_at": "text",
    "last_at": "text",
    "touchpoints": "whole",
    "value": "number",
    "also": "nested",
}


@dataclass(frozen=True, slots=True)
class CustomerQuestion:
    """`at` in ms, None: now."""

    identifier: Named
    at: int | None


IDENTIFIER = Parameter(
    "identifier", WANTED, read_named, Named("", ""), required=True,
    schema={"type": "string", "pattern": PATTERN, "example": "user_id:42"},
)  # fmt: skip
AT: Parameter[int | None] = Parameter(
    "at", "an ISO 8601 time or date; default now", read_time, None, schema=TIME
)
PARAMETERS: tuple[Parameter[Any], ...] = (IDENTIFIER, AT, IDENTITY_AT, *COMMON)


def read_customer_question(reader: Reader) -> CustomerQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return CustomerQuestion(reader.take(IDENTIFIER), reader.take(AT))


def answer_customer(
    session: Session, workspace: Workspace, builds: Builds, question: CustomerQuestion, now: int
) -> Answer:
    """The customer that an identifier belongs to at a time; NotFound where nobody ever had it."""
    key = seen_key_of(session, workspace, question.identifier)
    meta = facts_meta(session, workspace.name)
    identities = identities_of(builds)
    owners = timeline_of(session, workspace.name, identities, key)
    at = now if question.at is None else question.at
    row = _row(session, workspace.name, builds, owners.at(at).customer)
    row["also"] = _others(owners, owners.at(at).customer)
    return Answer(_COLUMNS, [row], {"at": iso(at), **meta, **identities.meta})


def _row(session: Session, workspace: str, builds: Builds, customer: int) -> Row:
    identities = identities_of(builds)
    spans = spans_of(session, workspace, identities, customer)
    members = sorted({span.identifier for span in spans} | {customer})
    totals = customer_totals(session, workspace, builds, customer)
    return {
        "customer": hex_of(customer),
        "identifiers": list(names_of(session, workspace, members).values()),
        "accounts": totals.accounts,
        "account_times": _account_times(totals.account_since),
        "traits": _traits(session, workspace, identities, spans),
        "first_at": None if totals.first_at is None else iso(totals.first_at),
        "last_at": None if totals.last_at is None else iso(totals.last_at),
        "touchpoints": totals.touchpoints,
        "value": totals.value,
    }


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of a customer; times in ms, None before anything is folded. One (start, end) a journey."""

    first_at: int | None = None
    last_at: int | None = None
    touchpoints: int = 0
    value: float = 0.0
    accounts: Sequence[str] = ()
    journeys: Sequence[tuple[int, int]] = ()
    account_since: Sequence[tuple[str, int]] = ()
    """The accounts that the customer came to, in time; an account as often as that."""


def customer_totals(session: Session, workspace: str, builds: Builds, customer: int) -> Totals:
    """The customer's figures, from any active build."""
    numbers = [build.number for build in builds.values()]
    values = {"workspace": workspace, "customer": customer, "builds": numbers}
    rows = session.rows(text_of("customer_totals"), values)
    if not rows:
        return Totals()
    first, last, touchpoints, value, accounts, started, ended, names, since = rows[0]
    journeys, times = list(zip(started, ended, strict=True)), list(zip(names, since, strict=True))
    return Totals(first, last, touchpoints, value, list(accounts), journeys, times)


def _account_times(came: Sequence[tuple[str, int]]) -> list[Row]:
    """The times with each account; the first holds for the time before it was named, too."""
    changes = [iso(since) for _, since in came[1:]]
    bounds = zip((account for account, _ in came), [None, *changes], [*changes, None], strict=False)
    return [{"account": account, "since": since, "until": until} for account, since, until in bounds]


def _traits(
    session: Session, workspace: str, identities: Identities, spans: Sequence[Span]
) -> Mapping[str, Any]:
    """The latest value of every trait."""
    traits: dict[str, Any] = {}
    sql = compose("customer_traits", owned=identities.owned, spanned="owned_in_spans")
    for (text,) in session.rows(sql, bound_spans(session, workspace, identities, spans)):
        traits.update(orjson.loads(text))
    return traits


def _others(owners: Timeline, customer: int) -> list[Row]:
    """The other customers that the identifier belongs to at other times."""
    return [
        {
            "customer": hex_of(span.customer),
            "since": None if index == 0 else iso(span.since),
            "until": None if index == len(owners.spans) - 1 else iso(span.until),
        }
        for index, span in enumerate(owners.spans)
        if span.customer != customer
    ]

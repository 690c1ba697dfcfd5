"""Who an identifier is: one row with everything that stands beside a customer's journeys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from etappe.clock import iso
from etappe.identifiers import make_identifier, type_of
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.builds import Builds
from query_api.common import COMMON
from query_api.errors import NotFound
from query_api.identity import Span, Timeline, bound, hex_of, names_of, spans_of, timeline_of
from query_api.meta import facts_meta
from query_api.parameters import TIME, Parameter, Reader, read_time
from query_api.sql import text_of

_COLUMNS: dict[str, Kind] = {
    "customer": "text",
    "identifiers": "nested",
    "accounts": "nested",
    "traits": "nested",
    "first_at": "text",
    "last_at": "text",
    "touchpoints": "whole",
    "value": "number",
    "also": "nested",
}
_HASHED = re.compile(r"#([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class CustomerQuestion:
    """`at` in ms, None: now."""

    type: str
    value: str
    at: int | None


def _read_identifier(text: str) -> tuple[str, str]:
    kind, colon, value = text.partition(":")
    if not (kind and colon and value.strip()):
        raise ValueError(text)
    return kind, value


IDENTIFIER = Parameter(
    "identifier", "type:value, like user_id:42", _read_identifier, ("", ""), required=True,
    schema={"type": "string", "pattern": r"^[^:]+:\s*\S", "example": "user_id:42"},
)  # fmt: skip
AT: Parameter[int | None] = Parameter(
    "at", "an ISO 8601 time or date; default now", read_time, None, schema=TIME
)
PARAMETERS: tuple[Parameter[Any], ...] = (IDENTIFIER, AT, *COMMON)


def read_customer_question(reader: Reader) -> CustomerQuestion:
    """The question; what is wrong with it is left with `reader`."""
    kind, value = reader.take(IDENTIFIER)
    return CustomerQuestion(kind, value, reader.take(AT))


def answer_customer(
    session: Session, workspace: Workspace, builds: Builds, question: CustomerQuestion, now: int
) -> Answer:
    """The customer that an identifier belongs to at a time; NotFound where nobody ever had it."""
    key = _key(workspace, question)
    if not names_of(session, workspace.name, [key]):
        raise NotFound(f"No touchpoint ever carried {question.type}:{question.value}.")
    meta = facts_meta(session, workspace.name)
    owners = timeline_of(session, workspace.name, key)
    at = now if question.at is None else question.at
    row = _row(session, workspace.name, builds, owners.at(at).customer)
    row["also"] = _others(owners, owners.at(at).customer)
    return Answer(_COLUMNS, [row], {"at": iso(at), **meta})


def _key(workspace: Workspace, question: CustomerQuestion) -> int:
    """The identifier's hash; a personal one may be given as it is shown, `email:#<hex>`."""
    shown = _HASHED.fullmatch(question.value)
    if shown and type_of(question.type).personal:
        return int(shown.group(1), 16)
    return make_identifier(workspace.salt_bytes, question.type, question.value, workspace.phone_region).key


def _row(session: Session, workspace: str, builds: Builds, customer: int) -> Row:
    spans = spans_of(session, workspace, customer)
    members = sorted({span.identifier for span in spans} | {customer})
    totals = customer_totals(session, workspace, builds, customer)
    return {
        "customer": hex_of(customer),
        "identifiers": list(names_of(session, workspace, members).values()),
        "accounts": totals.accounts,
        "traits": _traits(session, workspace, spans),
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


def customer_totals(session: Session, workspace: str, builds: Builds, customer: int) -> Totals:
    """The customer's figures, from any active build."""
    numbers = [build.number for build in builds.values()]
    values = {"workspace": workspace, "customer": customer, "builds": numbers}
    rows = session.rows(text_of("customer_totals"), values)
    if not rows:
        return Totals()
    first, last, touchpoints, value, accounts, started, ended = rows[0]
    journeys = list(zip(started, ended, strict=True))
    return Totals(first, last, touchpoints, value, list(accounts), journeys)


def _traits(session: Session, workspace: str, spans: Sequence[Span]) -> Mapping[str, Any]:
    """The latest value of every trait."""
    traits: dict[str, Any] = {}
    for (text,) in session.rows(text_of("customer_traits"), {"workspace": workspace, **bound(spans)}):
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

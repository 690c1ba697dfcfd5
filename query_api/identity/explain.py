"""Why several identifiers are one customer: its nodes and links, or the shortest chain of links between two of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from etappe.clock import iso
from etappe.errors import BadInput, Problem
from etappe.identity_rules import parse_rules
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind, Row
from query_api.builds import Builds, identities_of
from query_api.common import COMMON
from query_api.identity.as_of import IDENTITY_AT
from query_api.identity.chain import shortest_chain
from query_api.identity.evidence import (
    Event,
    Evidence,
    Link,
    Refused,
    events_of,
    evidence_of,
    shortest_evidence_of,
)
from query_api.identity.generations import Identities
from query_api.identity.identifier import PATTERN, WANTED, Named, read_named, seen_key_of, shown
from query_api.identity.names import (
    BEGINNING,
    END_OF_TIME,
    Span,
    check_customer,
    first_spans_of,
    hex_of,
    members_of,
    names_of,
    read_customer,
    spans_of,
    timeline_of,
)
from query_api.meta import facts_meta
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader
from query_api.sql import text_of

_COLUMNS: dict[str, Kind] = {
    "kind": "text",
    "type": "text",
    "name": "text",
    "a": "text",
    "b": "text",
    "event_id": "text",
    "event": "text",
    "at": "text",
    "received_at": "text",
    "source": "text",
    "rule": "text",
    "since": "text",
    "until": "text",
}
MOST_SPANS_EACH = 1_000
"""Times with this customer that are shown of one device."""

_Shown = Span | Link | Refused
_EMPTY: Row = dict.fromkeys(_COLUMNS)

_END = {"type": "string", "pattern": PATTERN, "example": "user_id:42"}
A: Parameter[Named | None] = Parameter("a", f"{WANTED}, together with b", read_named, None, schema=_END)
B: Parameter[Named | None] = Parameter("b", f"{WANTED}, together with a", read_named, None, schema=_END)
PARAMETERS: tuple[Parameter[Any], ...] = (A, B, LIMIT, OFFSET, IDENTITY_AT, *COMMON)


@dataclass(frozen=True, slots=True)
class IdentityQuestion:
    """`ends`: the two identifiers to connect, if only the chain between them is wanted."""

    customer: int
    ends: tuple[Named, Named] | None
    limit: int | None
    offset: int


def read_identity_question(reader: Reader, customer: str) -> IdentityQuestion:
    """The question; NotFound where `customer` cannot be a customer's id."""
    a, b = reader.take(A), reader.take(B)
    for name, end, other in (("a", a, b), ("b", b, a)):
        if end is None and other is not None and reader.text(name) is None:
            reader.refuse(name, None, f"{WANTED}: a chain has two ends")
    return IdentityQuestion(
        read_customer(customer), (a, b) if a and b else None, reader.take(LIMIT), reader.take(OFFSET)
    )


def answer_identity(
    session: Session, workspace: Workspace, builds: Builds, question: IdentityQuestion
) -> Answer:
    """Nodes, links and refused links; or the links of one chain in order, and those refused at its identifiers.

    NotFound where there is no such customer, or an end was never seen; BadInput where no links connect the ends.
    """
    meta, identities = facts_meta(session, workspace.name), identities_of(builds)
    check_customer(session, workspace.name, identities, question.customer)
    members = members_of(session, workspace.name, identities, question.customer)
    found: Sequence[_Shown]
    if question.ends is None:
        evidence = evidence_of(session, workspace.name, identities, members)
        spans, left_out = first_spans_of(
            session, identities.touchpoints(workspace.name), question.customer, members, MOST_SPANS_EACH
        )
        names = _names(session, workspace.name, members, evidence)
        nodes = sorted(spans, key=lambda span: (shown(names, span.identifier), span.identifier))
        found = [*nodes, *evidence.held, *evidence.refused]
    else:
        evidence = _chain(session, workspace, identities, members, question.ends)
        names = _names(session, workspace.name, (), evidence)
        left_out, found = 0, [*evidence.held, *evidence.refused]
    end = len(found) if question.limit is None else question.offset + question.limit
    page = found[question.offset : end]
    links = [each.link if isinstance(each, Refused) else each for each in page if not isinstance(each, Span)]
    events = events_of(session, workspace.name, links, members)
    return Answer(
        _COLUMNS,
        [_row(each, names, events) for each in page],
        {
            "customer": hex_of(question.customer),
            "range": "not applied: of all time",
            **meta,
            **identities.meta,
            "left_out": {
                "spans": left_out,
                "logins": evidence.held_left_out,
                "refused": evidence.refused_left_out,
            },
            "next": str(end) if end < len(found) else None,
        },
    )


def chain_between(
    session: Session, workspace: str, identities: Identities, members: Collection[int], ends: Sequence[int]
) -> Evidence | None:
    """The shortest chain of links between two identifiers of one customer, with what was refused at its identifiers;
    None where there is none."""
    a, b = ends
    evidence = shortest_evidence_of(session, workspace, identities, members)
    types = {key: name for link in evidence.held for key, name in _types(link)}
    rules = parse_rules(identities.rules_text)
    devices = {key for key, name in types.items() if rules.type_of(name).names == "device"}
    chain = shortest_chain(evidence.held, devices, a, b)
    if chain is None:
        return None
    on_it = {a, b, *(end for link in chain for end in link.pair)}
    refused = [each for each in evidence.refused if not on_it.isdisjoint(each.link.pair)]
    return replace(evidence, held=chain, refused=refused)


def not_connected(
    session: Session, workspace: Workspace, identities: Identities, a: tuple[Named, int], b: tuple[Named, int]
) -> str:
    """In words that two identifiers are not one customer, and which rule refused a link between theirs."""
    rules = _rules_between(session, workspace.name, identities, a[1], b[1])
    said = f"{a[0]} and {b[0]} are not one customer"
    return f"{said}: a link between them was refused by rule {', '.join(rules)}" if rules else said


def _chain(
    session: Session,
    workspace: Workspace,
    identities: Identities,
    members: Collection[int],
    ends: tuple[Named, Named],
) -> Evidence:
    keys = [seen_key_of(session, workspace, end) for end in ends]
    outside = [n for n, key in enumerate(keys) if key not in members]
    chain = None if outside else chain_between(session, workspace.name, identities, members, keys)
    if chain is not None:
        return chain
    why = not_connected(session, workspace, identities, *zip(ends, keys, strict=True))
    wanted = f"an identifier of this customer that links connect with the other ({why})"
    raise BadInput(*(Problem("ab"[n], str(ends[n]), wanted) for n in outside or (0, 1)))


def _types(link: Link) -> tuple[tuple[int, str], tuple[int, str]]:
    return (link.a, link.a_type), (link.b, link.b_type)


def _names(session: Session, workspace: str, keys: Collection[int], evidence: Evidence) -> dict[int, str]:
    links = [*evidence.held, *(each.link for each in evidence.refused)]
    ends = {end for link in links for end in (link.a, link.b)}
    return names_of(session, workspace, sorted(ends.union(keys)))


def _rules_between(session: Session, workspace: str, identities: Identities, a: int, b: int) -> list[str]:
    """The rules that refused links between the identifiers of two customers."""
    sides = []
    for end in (a, b):
        owners = {span.customer for span in timeline_of(session, workspace, identities, end).spans}
        spans = [span for each in owners for span in spans_of(session, workspace, identities, each)]
        sides.append({span.identifier for span in spans})
    bound = {**identities.touchpoints(workspace), "identifiers": sorted(sides[0]), "others": sorted(sides[1])}
    return [rule for (rule,) in session.rows(text_of("rules_between"), bound)]


def _row(each: _Shown, names: dict[int, str], events: dict[bytes, Event]) -> Row:
    if isinstance(each, Span):
        name = shown(names, each.identifier)
        return {
            **_EMPTY,
            "kind": "node",
            "type": name.partition(":")[0] if ":" in name else None,
            "name": name,
            "since": None if each.since == BEGINNING else iso(each.since),
            "until": None if each.until == END_OF_TIME else iso(each.until),
        }
    link, kind, rule = (
        (each.link, "refused", each.rule) if isinstance(each, Refused) else (each, "link", each.kind)
    )
    event = events.get(link.event_key, Event("", ""))
    return {
        **_EMPTY,
        "kind": kind,
        "type": link.kind,
        "a": shown(names, link.a),
        "b": shown(names, link.b),
        "event_id": event.id or None,
        "event": event.name or None,
        "at": iso(link.at),
        "received_at": iso(link.stamp),
        "source": link.source or None,
        "rule": rule,
    }

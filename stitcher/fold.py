"""Fold: replace the journeys of the customers that a group of changes concerns.

Called by the stitcher's second loop and by the rebuild; the work is one SQL statement a chunk of customers.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from etappe.phases import Expression, phase_expression
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.builds import Build
from stitcher.facts import Facts
from stitcher.identity import Owner
from stitcher.spans import Span, spans_of, tombstones

_CUSTOMERS_AT_ONCE = 50_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a fold writes: the builds, and the version of its rows."""

    workspace: Workspace
    builds: Sequence[Build]
    version: int


def fold(
    facts: Facts,
    target: Target,
    customers: Collection[int],
    merged: Collection[int],
    owners: Mapping[int, Owner | None],
) -> None:
    """Replace the journeys of `customers` and leave tombstones for `merged`, normally as one block.

    `owners` (None: never linked) may lack rows: they are read. Above 50,000 customers several blocks are
    written, each complete.
    """
    if not target.builds:
        return
    known = _complete(facts, customers, owners)
    gone = [identifier for identifier in merged if identifier not in customers]
    remaining = iter(sorted(customers))
    while chunk := list(islice(remaining, _CUSTOMERS_AT_ONCE)):
        _fold_spans(facts, target, [*spans_of(chunk, known), *tombstones(gone)])
        gone = []
    if gone:
        _fold_spans(facts, target, list(tombstones(gone)))


def _complete(
    facts: Facts, customers: Collection[int], owners: Mapping[int, Owner | None]
) -> Mapping[int, Owner | None]:
    """`owners` with the rows of `customers` and of all their members."""
    known = dict(owners)
    known |= _read(facts, (each for each in customers if each not in known))
    own = (owner for each in customers if (owner := known.get(each)))
    members = (member for owner in own for member in owner.members)
    return known | _read(facts, (member for member in members if member not in known))


def _read(facts: Facts, identifiers: Iterable[int]) -> dict[int, Owner]:
    return {key: row.owner for key, row in facts.stored_owners(set(identifiers)).items()}


def _fold_spans(facts: Facts, target: Target, spans: Sequence[Span]) -> None:
    batch = secrets.randbits(63)
    facts.session.insert("spans", {"batch": [batch] * len(spans), **_columns(spans)})
    expressions = [phase_expression(build.model, f"b{build.number}") for build in target.builds]
    parameters: dict[str, object] = {
        "workspace": target.workspace.name,
        "batch": batch,
        "version": target.version,
        "gap": int(target.workspace.gap_days * _DAY_MS),
        "builds": [build.number for build in target.builds],
        "sizes": [len(build.model.phases) for build in target.builds],
    }
    for expression in expressions:
        parameters |= expression.parameters
    if facts.held.banned:
        parameters["banned"] = sorted(facts.held.banned)
    facts.session.execute(_fold_statement(expressions, bool(facts.held.banned)), parameters)


def _fold_statement(expressions: Sequence[Expression], has_banned: bool) -> str:
    # The expressions are compiled from parsed models: column names we know and bound parameters, no user text.
    text = statement("stitcher.sql", "fold").replace(
        "/*phases*/", ", ".join(each.sql for each in expressions)
    )
    if not has_banned:  # nearly always, and then nothing is paid for it
        return text.replace("/*owner*/", "identifier").replace("/*or led by banned*/", "")
    owner, led = statement("stitcher.sql", "owner"), statement("stitcher.sql", "led_by_banned")
    return text.replace("/*owner*/", owner).replace("/*or led by banned*/", led)


def _columns(spans: Sequence[Span]) -> dict[str, Sequence[int]]:
    return {
        "identifier": [span.identifier for span in spans],
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
        "customer": [span.customer for span in spans],
    }

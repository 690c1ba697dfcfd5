"""Fold: replace the journeys of the customers that a group of changes concerns, or of all customers in a range of ids.

The stitcher's second loop calls the first for live batches and the second to fill new builds between them. The work is
one SQL statement a chunk of customers.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from etappe.phases import Expression, phase_expression
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.builds import Build
from stitcher.facts import Facts
from stitcher.identity.owners import BEGINNING, Owner
from stitcher.identity.spans import END, Span, spans_of, tombstones
from stitcher.long_history import long_history

_CUSTOMERS_AT_ONCE = 50_000
_BUILDS_AT_ONCE = 64
"""Whose positions fit into one number of 256 bits."""
_DAY_MS = 86_400_000
_LAST_KEY = (1 << 64) - 1


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


def fold_next(facts: Facts, target: Target, above: int, at_once: int) -> int | None:
    """Fold the next customers above an id, in id order, as one block; up to which id, or None for all that are left.

    So many that about `at_once` touchpoints lie under the identifiers of the range. These lie side by side: so a fill
    reads the table once, and what is linked to other identifiers once more. No tombstones are left.
    """
    through = _range_after(facts, above, at_once)
    batch = secrets.randbits(63)
    bounds = {"above": above, "through": _LAST_KEY if through is None else through}
    bound = {
        "workspace": facts.workspace,
        "generation": facts.generation.number,
        "banned": sorted(facts.held.banned),
        "batch": batch,
        "beginning": BEGINNING,
        "end": END,
        **bounds,
    }
    facts.session.execute(statement("stitcher.sql", "spans_between"), bound)
    _fold_batch(facts, target, batch, _Reading("stored_between", False, 2, bounds))
    return through


def _range_after(facts: Facts, above: int, at_once: int) -> int | None:
    """Where the next range ends; None: it takes in all that are left."""
    count = max(at_once, 1)
    bound = {"workspace": facts.workspace, "above": above, "touchpoints": count, "identities": count}
    ((through,),) = facts.session.rows(statement("stitcher.sql", "range_after"), bound)
    return through or None


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


@dataclass(frozen=True, slots=True)
class _Reading:
    """Where the touchpoints of a batch of spans are (a part of the statement).

    `tombstones`: whether customers without any get one. `threads`: one for a live batch, which shares the machine with
    the other steps.
    """

    stored: str
    tombstones: bool
    threads: int
    values: Mapping[str, int] = field(default_factory=dict)


_BY_SPANS = _Reading("stored_under_spans", True, 1)


def _fold_spans(facts: Facts, target: Target, spans: Sequence[Span]) -> None:
    batch = secrets.randbits(63)
    facts.session.insert("spans", {"batch": [batch] * len(spans), **_columns(spans)})
    _fold_batch(facts, target, batch, replace(_BY_SPANS, values=long_history(facts, spans)))


def _fold_batch(facts: Facts, target: Target, batch: int, reading: _Reading) -> None:
    bound: dict[str, object] = {"workspace": target.workspace.name, "batch": batch, **reading.values}
    if facts.held.banned:
        bound["banned"] = sorted(facts.held.banned)
    marks = _marks(facts, reading)
    # What accounts take is a sixth of a fold, and most workspaces have none.
    named = statement("stitcher.sql", "accounts_named")
    ((has_accounts,),) = facts.session.rows(named, {"workspace": target.workspace.name})
    marks["accounts"] = statement("stitcher.sql", "fold_accounts" if has_accounts else "fold_no_accounts")
    for n in range(0, len(target.builds), _BUILDS_AT_ONCE):
        some = replace(target, builds=target.builds[n : n + _BUILDS_AT_ONCE])
        _fold_builds(facts, some, marks, bound)


def _fold_builds(facts: Facts, target: Target, marks: Mapping[str, str], bound: Mapping[str, object]) -> None:
    expressions = [phase_expression(build.model, f"b{build.number}") for build in target.builds]
    parameters: dict[str, object] = {
        **bound,
        "version": target.version,
        "gap": int(target.workspace.gap_days * _DAY_MS),
        "builds": [build.number for build in target.builds],
        "sizes": [len(build.model.phases) for build in target.builds],
    }
    for expression in expressions:
        parameters |= expression.parameters
    # The expressions are compiled from parsed models: column names we know and bound parameters, no user text.
    text = _put(statement("stitcher.sql", "fold"), {**marks, "phases": _packed(expressions)})
    facts.session.execute(text, parameters)


def _marks(facts: Facts, reading: _Reading) -> dict[str, str]:
    """What stands for the marks in statements that read a batch."""
    marks = {
        "stored": statement("stitcher.sql", reading.stored),
        "tombstones": statement("stitcher.sql", "tombstones") if reading.tombstones else "",
        "threads": str(reading.threads),
        "owner": "identifier",
        "or led by banned": "",
    }
    if facts.held.banned:  # hardly ever, and then alone is something paid for it
        marks["owner"] = statement("stitcher.sql", "owner")
        marks["or led by banned"] = statement("stitcher.sql", "led_by_banned")
    return marks


def _put(text: str, marks: Mapping[str, str]) -> str:
    for mark, part in marks.items():
        text = text.replace(f"/*{mark}*/", part)
    return text


def _packed(expressions: Sequence[Expression]) -> str:
    """Positions as one number, four bits each: what a fold gathers per touchpoint has to be small."""
    kind = "UInt64" if len(expressions) * 4 <= 64 else "UInt256"
    return " + ".join(f"bitShiftLeft(to{kind}({each.sql}), {4 * n})" for n, each in enumerate(expressions))


def _columns(spans: Sequence[Span]) -> dict[str, Sequence[int]]:
    return {
        "identifier": [span.identifier for span in spans],
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
        "customer": [span.customer for span in spans],
    }

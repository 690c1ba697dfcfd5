"""One file through the collector: skip what is done, send the rest, note every acknowledged batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etappe.eventlog import Position
from etappe.importing.batches import Batch, batches
from etappe.importing.rows import Row, Table
from etappe.importing.state import RefusedRows, State, read_state, write_state
from etappe.importing.touchpoints import Made, Refused
from etappe.sending import Collector, Refusal, Reply, furthest, send_in_order

FIRST_PROBLEMS = 10
"""Refused rows that the report shows in full; the list beside the state has them all."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that did not get in, with the reason it is counted under; `id` where the collector refused it."""

    line: int
    reason: str
    detail: str
    id: str = ""


@dataclass(slots=True)
class Outcome:
    """What one run did: the state it left, rows that an earlier run had done, its first refused rows."""

    table: Table
    state: State
    resumed: int
    refused_file: Path
    first_refused: list[RefusedRow]


def run_import(
    table: Table,
    make: Callable[[Row], Made],
    collector: Collector,
    state_file: Path,
    on_progress: Callable[[State], None],
    *,
    import_id: str = "",
) -> Outcome:
    """Send the rows that no earlier run had acknowledged. After a kill the next run goes on from there."""
    state = read_state(state_file)
    state.import_id = import_id
    refused = RefusedRows(state_file, state)
    outcome = Outcome(table, state, state.rows, refused.path, [])
    on_progress(state)
    with closing(refused):
        rows = islice(table.rows(), state.rows, None)
        for batch, reply in send_in_order(collector, batches(rows, make)):
            listed = list(_refused_rows(batch, reply))
            outcome.first_refused += listed[: FIRST_PROBLEMS - len(outcome.first_refused)]
            _advance(state, batch, reply, listed)
            state.refused_bytes = refused.add(_as_line(table.path, each) for each in listed)
            write_state(state_file, state)
            on_progress(state)
        state.complete = True
        write_state(state_file, state)
    return outcome


def _advance(state: State, batch: Batch, reply: Reply, refused: list[RefusedRow]) -> None:
    state.rows += batch.rows
    state.skipped += batch.skipped
    state.accepted += reply.accepted
    for each in refused:
        state.refused[each.reason] = state.refused.get(each.reason, 0) + 1
    position = furthest(Position.parse(state.position) if state.position else None, reply.position)
    state.position = str(position) if position else ""


def _refused_rows(batch: Batch, reply: Reply) -> Iterator[RefusedRow]:
    """In the order of lines, whoever refused them."""
    here = [_from_problem(each) for each in batch.refused]
    there = [_from_reply(batch, each) for each in reply.refused]
    yield from sorted(here + there, key=lambda each: each.line)


def _from_problem(refused: Refused) -> RefusedRow:
    return RefusedRow(refused.line, refused.reason, str(refused))


def _from_reply(batch: Batch, refusal: Refusal) -> RefusedRow:
    return RefusedRow(batch.lines[refusal.index], refusal.reason, refusal.detail, refusal.id)


def _as_line(file: Path, row: RefusedRow) -> dict[str, object]:
    return {"file": str(file), "line": row.line, "reason": row.reason, "detail": row.detail, "id": row.id}

"""Parts that the engine set aside because they are damaged: it would start without them, and answer from the rest."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from etappe.errors import EtappeError
from etappe.warehouse.session import Session
from etappe.warehouse.synced import synced_blocks

_SET_ASIDE = """
SELECT table, path, partition_id, min_block_number, max_block_number
FROM system.detached_parts
WHERE database = currentDatabase() AND startsWith(ifNull(reason, ''), 'broken') AND table != 'spans'
ORDER BY table, path
"""
_THERE = """
SELECT table, '', partition_id, min_block_number, max_block_number
FROM system.parts
WHERE database = currentDatabase() AND active
"""

log_line = structlog.get_logger()


class DamagedTable(EtappeError):
    """A table is damaged."""


class Part(NamedTuple):
    """Of a table, or what is left of it in a folder: the blocks (inserts) `first` to `last`."""

    table: str
    folder: str
    partition: str
    first: int
    last: int


def check_parts(session: Session) -> None:
    """DamagedTable where a part could not be read and its rows are missing from every answer.

    Of parts that nobody misses the remains are removed: what they were made of is there, or they were never synced,
    and the log gives their rows again. All that is there then is synced.
    """
    there = [Part(*row) for row in session.rows(_THERE)]
    synced = synced_blocks(session.folder) if session.folder else None
    aside = [Part(*row) for row in session.rows(_SET_ASIDE)]
    missed = [
        part
        for part in aside
        if is_missed(part, there, None if synced is None else synced.get(part.table, -1))
    ]
    if missed:
        raise DamagedTable(_said(missed))
    for part in aside:
        log_line.warning("unfinished part removed", table=part.table, folder=part.folder)
        shutil.rmtree(part.folder, ignore_errors=True)
    session.sync()


def is_missed(part: Part, there: Sequence[Part], synced: int | None) -> bool:
    """Whether rows of this part are nowhere else. `synced`: the last block on disk for certain; None: not known.

    A part that came of a merge may be spoilt while those that it was made of are still there (they are kept for a
    while, `old_parts_lifetime`): then the engine reads these. Of blocks that were never synced nothing is missed.
    """
    certain = part.last if synced is None else min(part.last, synced)
    if part.first > certain:
        return False
    others = [each for each in there if (each.table, each.partition) == (part.table, part.partition)]
    begins = any(each.first == part.first for each in others)
    ends = any(each.last == certain if certain == part.last else each.last >= certain for each in others)
    return not (begins and ends)


def _said(missed: Sequence[Part]) -> str:
    tables = ", ".join(sorted({part.table for part in missed}))
    folders = "\n".join(f"  {part.folder}" for part in missed)
    return (
        f"{tables}: rows are missing, because files of theirs could not be read. Restore a backup with "
        "`etappe restore`. To go on without those rows remove the folders named here, start, and run "
        f"`etappe rebuild`, which makes identities and journeys again from the facts that are left:\n{folders}"
    )

"""Parts that the engine set aside because they are damaged: it would start without them, and answer from the rest."""

from __future__ import annotations

from etappe.errors import EtappeError
from etappe.warehouse.session import Session

# A part that came of a merge may be spoilt while those that it was made of are still there (they are kept for a while,
# `old_parts_lifetime`): then the engine reads these, and no row is missing.
_SET_ASIDE = """
SELECT table, path
FROM system.detached_parts AS aside
WHERE database = currentDatabase() AND startsWith(ifNull(reason, ''), 'broken') AND table != 'spans'
    AND ((table, partition_id, min_block_number) NOT IN (
            SELECT table, partition_id, min_block_number FROM system.parts
            WHERE database = currentDatabase() AND active)
        OR (table, partition_id, max_block_number) NOT IN (
            SELECT table, partition_id, max_block_number FROM system.parts
            WHERE database = currentDatabase() AND active))
ORDER BY table, path
"""


class DamagedTable(EtappeError):
    """A table is damaged."""


def check_parts(session: Session) -> None:
    """DamagedTable where a part could not be read and its rows are missing from every answer."""
    found = session.rows(_SET_ASIDE)
    if not found:
        return
    tables = ", ".join(sorted({table for table, _ in found}))
    folders = "\n".join(f"  {path}" for _, path in found)
    raise DamagedTable(
        f"{tables}: rows are missing, because files of theirs could not be read. Restore a backup with "
        "`etappe restore`. To go on without those rows remove the folders named here, start, and run "
        f"`etappe rebuild`, which makes identities and journeys again from the facts that are left:\n{folders}"
    )

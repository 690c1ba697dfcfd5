"""Progress: how far the answers of a workspace reach, stored after everything before it is in them."""

from __future__ import annotations

from collections.abc import Iterable

from etappe.changes import Batch
from etappe.warehouse import Session
from etappe.warehouse.statements import statement


def store_progress(session: Session, workspace: str, batches: Iterable[Batch], version: int) -> None:
    """Note the furthest position of each partition that `batches` reach; an earlier one than stored changes nothing."""
    reached: dict[int, tuple[int, int]] = {}
    for batch in batches:
        for partition, position in batch.positions.items():
            reached[partition] = max(reached.get(partition, (0, 0)), (position, batch.stamp))
    session.insert(
        "progress",
        {
            "workspace": [workspace] * len(reached),
            "partition": list(reached),
            "position": [position for position, _ in reached.values()],
            "stamp": [stamp for _, stamp in reached.values()],
            "identity_version": [version] * len(reached),
        },
    )


def note_order(session: Session, workspace: str, version: int) -> None:
    """Answers reach as far as before, by the identities of `version`: an order was carried out."""
    session.execute(statement("stitcher.sql", "progress_noted"), {"workspace": workspace, "version": version})

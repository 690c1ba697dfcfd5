"""Undoing an import: which were undone, and taking back the facts that one had brought.

The views follow in `stitcher/writer.py`. What has to be made again is noted in table `undoing` before any fact goes,
so that whoever goes on after a death knows it; every statement may be run again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from etappe.warehouse import Session
from etappe.warehouse.statements import statement

UNDONE = "undone"
"""The reason on the receipts of what was erased so."""

ImportId = tuple[str, str]
"""Workspace and id."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What the collector had got of an import by the time `asked` (ms) is taken back."""

    workspace: str
    import_id: str
    asked: int

    @property
    def name(self) -> dict[str, object]:
        return {"workspace": self.workspace, "import_id": self.import_id}

    @property
    def bound(self) -> dict[str, object]:
        return {**self.name, "asked": self.asked}


def undone_imports(session: Session, wanted: Collection[ImportId]) -> dict[ImportId, int]:
    """Of the imports `wanted` those that were undone, with the last time (ms)."""
    if not wanted:
        return {}
    bound = {
        "workspaces": sorted({each[0] for each in wanted}),
        "imports": sorted({each[1] for each in wanted}),
    }
    rows = session.rows(statement("stitcher.sql", "undone_imports"), bound)
    return {(workspace, import_id): asked for workspace, import_id, asked in rows}


def decide(session: Session, undone: Undone) -> None:
    """The decision, a fact of its own: from here on `normalise` drops what comes of it."""
    session.execute(statement("stitcher.sql", "undo_import"), undone.bound)


def note_concerned(session: Session, undone: Undone) -> None:
    """Note the identifiers of its touchpoints and links; see `concerned`."""
    session.execute(statement("stitcher.sql", "note_concerned"), undone.bound)


def note_more(session: Session, undone: Undone, identifiers: Collection[int]) -> None:
    count = len(identifiers)
    session.insert(
        "undoing",
        {
            "workspace": [undone.workspace] * count,
            "import_id": [undone.import_id] * count,
            "identifier": list(identifiers),
        },
    )


def concerned(session: Session, undone: Undone) -> list[int]:
    """The identifiers noted, ascending; none when everything is done."""
    return [key for (key,) in session.rows(statement("stitcher.sql", "concerned"), undone.name)]


def take_back(session: Session, undone: Undone) -> None:
    """Receipts say `erased`, links and touchpoints go."""
    for name in ("erase_receipts", "forget_links", "forget_touchpoints"):
        session.execute(statement("stitcher.sql", name), undone.bound)


def finish(session: Session, undone: Undone, through: int) -> None:
    """What was noted up to the identifier `through` is done."""
    session.execute(statement("stitcher.sql", "forget_concerned"), {**undone.name, "through": through})


def in_groups(identifiers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (identifiers[start : start + size] for start in range(0, len(identifiers), size))

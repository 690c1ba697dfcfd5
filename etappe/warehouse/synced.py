"""How far the tables of an embedded engine are on disk for certain: the last block of each that was there when the
folder was synced.

A part that begins behind that may be spoilt by a power cut with nothing lost: consumers commit after a sync, so the
log gives its rows once more.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from etappe.workspaces import write_private

FILE = "synced.json"

_LAST = (
    "SELECT table, max(max_block_number) FROM system.parts WHERE database = currentDatabase() GROUP BY table"
)

_noting = threading.Lock()


def last_blocks(rows: Callable[[str], Iterable[Sequence[Any]]]) -> dict[str, int]:
    """By table the number of the last block that any of its parts holds now."""
    return {table: int(last) for table, last in rows(_LAST)}


def note_synced(folder: Path, blocks: Mapping[str, int]) -> None:
    """Remember, also after a power cut, that all up to these blocks is on disk. OSError."""
    with _noting:  # sessions of several threads sync: what is known never becomes less
        known = synced_blocks(folder) or {}
        if any(last > known.get(table, -1) for table, last in blocks.items()):
            both = {table: max(blocks.get(table, 0), known.get(table, 0)) for table in {*blocks, *known}}
            write_private(folder / FILE, json.dumps(both, sort_keys=True))


def synced_blocks(folder: Path) -> dict[str, int] | None:
    """By table the last block that is on disk for certain; None where nothing is known."""
    try:
        return {str(table): int(last) for table, last in json.loads((folder / FILE).read_text()).items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return None

"""Frozen tables of the embedded engine: hard links to their parts as they are at one moment, and parts taken in again.

A part is never changed once it is written, so freezing costs no copying and stops nobody.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from etappe.warehouse.damage import DamagedTable
from etappe.warehouse.session import Session

_TABLES = """
SELECT name, data_paths[1], create_table_query FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name
"""
_ROWS = "SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND active"
_PATH = "SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"


@dataclass(frozen=True, slots=True)
class FrozenTable:
    """`create` is the statement that makes it; `parts` the folder that holds one folder a part."""

    name: str
    create: str
    parts: Path
    rows: int
    """In its parts: versions that were replaced count too, until they are merged away."""


def freeze(session: Session, folder: Path, name: str) -> list[FrozenTable]:
    """All tables of the engine in `folder`, held under `name` (letters and digits) until `thaw`."""
    frozen = []
    for table, path, create in session.rows(_TABLES):
        ((before,),) = session.rows(_ROWS, {"table": table})
        session.execute(
            f"ALTER TABLE {{table:Identifier}} FREEZE WITH NAME '{_plain(name)}'", {"table": table}
        )
        parts = _held(folder, name) / Path(path).relative_to(folder.absolute())
        frozen.append(_frozen(FrozenTable(table, create, parts, rows_in(parts)), before))
    return frozen


def _frozen(table: FrozenTable, rows_before: int) -> FrozenTable:
    """Raises DamagedTable where nothing is held of a table that had something: merges never take the last part."""
    if rows_before and not table.parts.exists():
        raise DamagedTable(
            f"{table.name} had {rows_before:,} rows, and none of its parts is in {table.parts}."
        )
    return table


def thaw(folder: Path, name: str) -> None:
    """Let go of what was frozen under `name`."""
    shutil.rmtree(_held(folder, name), ignore_errors=True)


def frozen_names(folder: Path) -> list[str]:
    """What is held."""
    held = _held(folder, "")
    return sorted(each.name for each in held.iterdir() if each.is_dir()) if held.exists() else []


def rows_in(parts: Path) -> int:
    """Rows in a folder of parts; a table without any has none."""
    return sum(int(count.read_text()) for count in parts.glob("*/count.txt"))


def take_in(session: Session, table: FrozenTable) -> None:
    """Make the table and move its parts into it; DamagedTable where they are not what they were."""
    session.execute(table.create)
    ((path,),) = session.rows(_PATH, {"table": table.name})
    for part in sorted(each for each in table.parts.iterdir() if each.is_dir()):
        shutil.move(part, Path(path) / "detached" / part.name)
        session.execute(
            f"ALTER TABLE {{table:Identifier}} ATTACH PART '{_plain(part.name)}'", {"table": table.name}
        )
    _check(session, table)


def _check(session: Session, table: FrozenTable) -> None:
    ((rows,),) = session.rows(_ROWS, {"table": table.name})
    if rows != table.rows:
        raise DamagedTable(f"{table.name} has {rows:,} rows and had {table.rows:,}.")
    sound = session.rows(
        "CHECK TABLE {table:Identifier} SETTINGS check_query_single_value_result = 1", {"table": table.name}
    )
    if table.rows and sound != [(1,)]:
        raise DamagedTable(f"The engine finds {table.name} broken.")


def _plain(name: str) -> str:
    """The engine binds no value in these places: letters, digits and `_` alone."""
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise DamagedTable(f"{name!r} is no name of a part.")
    return name


def _held(folder: Path, name: str) -> Path:
    return folder / "shadow" / name

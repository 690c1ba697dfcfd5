"""Restoring: a new data folder out of a backup, by itself, before anything runs in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from etappe.backups.manifest import FILES, LOG, TABLES, read_manifest
from etappe.backups.taking import said_of
from etappe.errors import EtappeError
from etappe.warehouse import connect_warehouse
from etappe.warehouse.frozen import FrozenTable, take_in

WAREHOUSE = "warehouse"

Tell = Callable[[str, float], None]


class CannotRestore(EtappeError):
    """The backup cannot be restored."""


def restore_backup(backup: Path, data: Path, tell: Tell) -> None:
    """Make `data`, which must be new or empty, from `backup`, which is only read.

    NoBackup, CannotRestore or DamagedTable say why not; then `data` is empty again.
    """
    manifest = read_manifest(backup)
    if data.exists() and any(data.iterdir()):
        raise CannotRestore(f"{data} is not empty: name a folder that is, or a new one.")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        tables = [
            FrozenTable(each.name, each.create, backup / TABLES / each.name, each.rows)
            for each in manifest.tables
        ]
        _restore_tables(tables, data, tell)
        shutil.copytree(backup / LOG, data / LOG)
        for name in FILES:
            shutil.copy2(backup / name, data / name)
    except OSError as error:
        _empty(data)
        raise CannotRestore(f"{said_of(error, data)}.") from error
    except EtappeError:
        _empty(data)
        raise


def _restore_tables(tables: list[FrozenTable], data: Path, tell: Tell) -> None:
    session = connect_warehouse(f"chdb:///{(data / WAREHOUSE).absolute()}").session()
    try:
        for index, table in enumerate(tables):
            tell(table.name, index / len(tables))
            staged = data / "restoring" / table.name
            shutil.copytree(table.parts, staged)
            take_in(session, FrozenTable(table.name, table.create, staged, table.rows))
        session.sync()
        shutil.rmtree(data / "restoring", ignore_errors=True)
    finally:
        session.close()


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()

"""`etappe backup`: a whole copy of the data folder of a running Etappe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from etappe.backups.taking import new_folder, take_backup
from etappe.cli.folder import DataFolder
from etappe.cli.options import DataDir
from etappe.cli.progress import share_of
from etappe.cli.show import console
from etappe.cli.target import default_folder, find_target
from etappe.clock import system_clock
from etappe.warehouse.frozen import FrozenTable, thaw


def backup(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    data_dir: DataDir = None,
) -> None:
    """Copy a running data folder, keys and salts included.

    What `etappe restore` makes of it gives the same answers. Everything goes on meanwhile. The copy holds salts
    and keys: keep it as safe as the folder itself. Of Kafka and a ClickHouse server docs/reliability.md says how.
    """
    folder = DataFolder(data_dir or default_folder())
    held = Held(folder)
    try:
        with new_folder(into.absolute()) as unfinished, share_of("Backing up") as tell:
            take_backup(folder.path, unfinished, held.freeze, system_clock(), tell)
    finally:
        held.let_go()
    console().print(
        f"Backed up to {into}: restore it with `etappe restore {into} --data-dir NEW`.", soft_wrap=True
    )


class Held:
    """What the core of a data folder holds for us."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._names: set[str] = set()

    def freeze(self) -> Sequence[FrozenTable]:
        """Ask the core to hold all tables as they are."""
        target = find_target("query", "admin_token", data_dir=self._folder.path)
        rows = target.post("/v1/backups")["rows"]
        tables = [
            FrozenTable(each["table"], each["create"], Path(each["parts"]), each["rows"]) for each in rows
        ]
        self._names = {each.parts.parents[2].name for each in tables}
        return tables

    def let_go(self) -> None:
        for name in self._names:
            thaw(self._folder.path / "warehouse", name)

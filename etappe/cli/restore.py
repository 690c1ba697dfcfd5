"""`etappe restore`: a new data folder out of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etappe.backups.manifest import read_manifest
from etappe.backups.restoring import restore_backup
from etappe.cli.options import DataDir
from etappe.cli.progress import share_of
from etappe.cli.show import console
from etappe.cli.target import default_folder


def restore(
    backup: Annotated[Path, typer.Argument(metavar="DIR", help="What `etappe backup` made.")],
    data_dir: DataDir = None,
) -> None:
    """Make a new data folder out of a backup.

    `etappe up` on it gives the answers of then. The backup is only read, and every table is checked. What was
    accepted after it was taken is not in it.
    """
    folder = (data_dir or default_folder()).absolute()
    made = read_manifest(backup).made
    with share_of("Restoring") as tell:
        restore_backup(backup, folder, tell)
    console().print(f"Restored what was there on {made}: etappe up --data-dir {folder}", soft_wrap=True)

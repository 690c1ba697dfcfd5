"""What a backup holds: `manifest.json`, written last, so that a folder without one is no backup."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import msgspec

from etappe.errors import EtappeError

FORMAT = 1
NAME = "manifest.json"
TABLES = "tables"
LOG = "log"
FILES = ("workspaces.json", "keys.json")
"""Of the data folder; they hold salts and keys."""


class NoBackup(EtappeError):
    """This folder holds no complete backup."""


class Table(msgspec.Struct, frozen=True):
    """A table: the statement that makes it, and how many rows its parts hold."""

    name: str
    create: str
    rows: int


class Manifest(msgspec.Struct, frozen=True):
    """`made` is ISO 8601, UTC; `etappe` the version that made it."""

    format: int
    etappe: str
    made: str
    tables: list[Table]


def new_manifest(made: str, tables: list[Table]) -> Manifest:
    return Manifest(FORMAT, version("etappe"), made, tables)


def read_manifest(folder: Path) -> Manifest:
    """NoBackup where there is none that this version reads."""
    try:
        manifest = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise NoBackup(
            f"{folder / NAME}: {error} (wanted: a folder that `etappe backup` has finished)"
        ) from None
    if manifest.format != FORMAT:
        raise NoBackup(
            f"{folder} has format {manifest.format} (wanted {FORMAT}): use the Etappe that made it."
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))

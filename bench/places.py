"""A data folder for a benchmark: on the disk of the project, with a workspace and keys, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import ROOT
from etappe.cli.first_start import prepare
from etappe.cli.folder import DataFolder, Keys
from etappe.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Place:
    """Where one measurement keeps its data, and the keys of its workspace."""

    folder: Path
    keys: Keys
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        return {"ETAPPE_DATA_DIR": str(self.folder), "ETAPPE_LOG_LEVEL": "warning"}

    @property
    def output(self) -> Path:
        """What the processes print."""
        return self.folder / "output.log"


def above() -> Path:
    """The folder that all folders of benchmarks are in."""
    folder = ROOT / ".bench"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def place() -> Iterator[Place]:
    """A new folder under `.bench/` (not in memory, as a temporary folder may be), removed at the end."""
    folder = Path(tempfile.mkdtemp(dir=above()))
    settings = read_settings(data_dir=folder)
    keys, _ = prepare(settings, DataFolder(folder))
    try:
        yield Place(folder, keys, settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

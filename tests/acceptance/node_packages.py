"""npm packages for the tests: installed as their lock file says, or the reason why they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def installed(folder: Path) -> Path:
    """The folder, with its `node_modules` as locked; without Node the test is skipped, with `CI` set failed."""
    npm = shutil.which("npm")
    if npm is None:
        missing = "Node (20 or later) and npm are needed for the SDKs of browsers and Node"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    if not _is_installed(folder):
        options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([npm, *options], cwd=folder, check=True, capture_output=True, timeout=150)
    return folder


def _is_installed(folder: Path) -> bool:
    """npm notes in node_modules what it installed; older than the lock file means of another one."""
    note = folder / "node_modules" / ".package-lock.json"
    return note.is_file() and note.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime

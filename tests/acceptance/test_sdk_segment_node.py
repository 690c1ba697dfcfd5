"""The official Segment SDK for Node, unmodified, pointed at the collector."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from running import Etappe
from segment_story import check_story

FOLDER = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def node_sdk() -> Path:
    """The folder with the SDK installed as the lock file says; without Node skipped, with `CI` set failed."""
    npm = shutil.which("npm")
    if npm is None:
        missing = "Node (20 or later) and npm are needed for the Node SDK"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    if not _is_installed():
        options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([npm, *options], cwd=FOLDER, check=True, capture_output=True, timeout=150)
    return FOLDER


def test_the_node_sdks_calls_become_journeys_of_two_people(etappe_up: Etappe, node_sdk: Path) -> None:
    arguments = ["node", "shop.mjs", etappe_up.collector, etappe_up.keys["write_key"]]
    told = subprocess.run(arguments, cwd=node_sdk, capture_output=True, text=True, timeout=60, check=False)

    assert told.returncode == 0, told.stderr
    check_story(etappe_up)


def _is_installed() -> bool:
    """npm notes in node_modules what it installed; older than the lock file means of another one."""
    note = FOLDER / "node_modules" / ".package-lock.json"
    return note.is_file() and note.stat().st_mtime >= (FOLDER / "package-lock.json").stat().st_mtime

"""Jitsu's SDK in Node, unmodified, pointed at the collector."""

from __future__ import annotations

import subprocess
from pathlib import Path

from node_packages import installed
from running import Etappe
from segment_story import check_story

FOLDER = Path(__file__).parent / "node_segment"


def test_jitsus_calls_become_journeys_of_two_people(etappe_up: Etappe) -> None:
    arguments = ["node", "jitsu.mjs", etappe_up.collector, f"{etappe_up.keys['write_key']}:x"]
    told = subprocess.run(
        arguments, cwd=installed(FOLDER), capture_output=True, text=True, timeout=60, check=False
    )

    assert told.returncode == 0, told.stderr
    check_story(etappe_up)

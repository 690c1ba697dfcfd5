"""RudderStack's SDK for Python, unmodified, pointed at the collector."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from running import Etappe
from segment_story import check_story

SHOP = Path(__file__).parent / "rudderstack_python_shop.py"


def test_the_python_sdks_calls_become_journeys_of_two_people(etappe_up: Etappe) -> None:
    arguments = [sys.executable, str(SHOP), etappe_up.collector, etappe_up.keys["write_key"]]
    told = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)

    assert told.returncode == 0, told.stderr
    check_story(etappe_up)

"""Files that a disk has spoilt: nothing starts as if all were well, and the message says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Etappe, wait_until
from script import chunks

PAGE = 4096


@pytest.fixture
def stopped(start_etappe: Callable[..., Etappe]) -> Etappe:
    """A folder with everything folded, stopped cleanly."""
    running = start_etappe()
    for events in chunks():
        position = running.send(events)
    running.ask("/v1/funnel", after=position, timeout=30)
    assert running.stop() == 0
    return running


def refused(start_etappe: Callable[..., Etappe], folder: Path) -> str:
    """What it says when it does not start, without a traceback."""
    running = start_etappe(folder, wait=False)
    assert running.process.wait(40) == 1
    said = running.printed()
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("file", ["collector", "core"])
def test_a_log_with_spoilt_pages_is_named(
    stopped: Etappe, start_etappe: Callable[..., Etappe], file: str
) -> None:
    path = stopped.folder / "log" / f"{file}.sqlite"
    with path.open("r+b") as log:
        for page in range(2, path.stat().st_size // PAGE, 2):
            log.seek(page * PAGE)
            log.write(os.urandom(PAGE))
    said = refused(start_etappe, stopped.folder)
    assert f"{path} is damaged; stop Etappe, move the file away and start" in said


def test_a_part_that_was_cut_short_is_named_and_views_are_made_again_without_it(
    stopped: Etappe, start_etappe: Callable[..., Etappe]
) -> None:
    parts = largest_parts(stopped.folder, "milestones")
    for part in parts:
        os.truncate(part / "data.bin", (part / "data.bin").stat().st_size // 2)

    said = refused(start_etappe, stopped.folder)

    assert "A table is damaged. journeys: rows are missing" in said
    named = [
        Path(line.removeprefix("core |").strip()) for line in said.splitlines() if "/broken-on-start_" in line
    ]
    assert len(named) == len(parts)
    for folder in named:
        shutil.rmtree(folder)
    again = start_etappe(stopped.folder)
    assert sum(again.funnel_counts().values()) == 0
    assert again.command("rebuild").returncode == 0
    wait_until(lambda: again.funnel_counts()["awareness"] == 40, 30)


def largest_parts(folder: Path, column: str) -> list[Path]:
    """The parts of the one table that has this column."""
    found = (folder / "warehouse" / "store").glob("*/*/all_*/columns.txt")
    return [each.parent for each in found if f"`{column}`" in each.read_text()]

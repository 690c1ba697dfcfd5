"""docs/architecture.md names what is there: every file, table and topic."""

from __future__ import annotations

import re
from pathlib import Path

from etappe.eventlog import CHANGES, IMPORTS, REJECTS, TOUCHPOINTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_every_file_it_names_exists() -> None:
    named = set(re.findall(r"`((?:ingest|stitcher|query_api|etappe)/[\w/.]*)`", PAGE))
    assert len(named) > 15
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_every_table_and_topic_is_named() -> None:
    migrations = (ROOT / "etappe" / "warehouse" / "migrations").glob("*.sql")
    tables = {
        table
        for path in migrations
        for table in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", path.read_text())
    }
    assert [
        each for each in sorted({*tables, TOUCHPOINTS, IMPORTS, REJECTS, CHANGES}) if f"`{each}`" not in PAGE
    ] == []


def test_every_module_of_the_stitcher_is_named_or_belongs_to_a_named_one() -> None:
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "stitcher").rglob("*.py")}
    known = {each for each in files if each.endswith(("__init__.py", "epochs.py"))}
    assert [each for each in sorted(files - known) if f"`{each}`" not in PAGE] == []

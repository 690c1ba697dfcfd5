"""Every SQL file says what it is for, and somebody uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("etappe", "ingest", "stitcher", "query_api")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.sql"))
CODE = {
    package: "\n".join(file.read_text("utf-8") for file in (ROOT / package).rglob("*.py"))
    for package in PACKAGES
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_begins_with_a_sentence(file: Path) -> None:
    assert file.read_text("utf-8").startswith("-- ")


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.parent.name != "migrations"], ids=lambda file: file.stem
)
def test_it_is_named_by_the_code_of_its_package(file: Path) -> None:
    """By its whole name: one that is put together from parts would keep dead statements alive."""
    assert f'"{file.stem}"' in CODE[file.relative_to(ROOT).parts[0]]

"""The rooms stay apart: a service imports `etappe` and itself, and nothing shared imports a service but the CLI."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("ingest", "stitcher", "query_api")


def imported(file: Path) -> Iterator[str]:
    """The dotted names a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    others = set(SERVICES) - {service}
    wrong = [
        (str(file), name)
        for file in files_of(service)
        for name in imported(file)
        if name.split(".")[0] in others
    ]
    assert not wrong


def test_shared_code_imports_no_service_except_where_the_command_line_composes_them() -> None:
    shared = [file for file in files_of("etappe") if (ROOT / "etappe" / "cli") not in file.parents]
    wrong = [
        (str(file), name) for file in shared for name in imported(file) if name.split(".")[0] in SERVICES
    ]
    assert not wrong


def test_the_collector_names_no_warehouse() -> None:
    wrong = [
        (str(file), name) for file in files_of("ingest") for name in imported(file) if "warehouse" in name
    ]
    assert not wrong


def test_the_pure_cores_import_nothing_that_does_input_or_output() -> None:
    pure = [*files_of("stitcher/identity"), ROOT / "stitcher" / "columns.py"]
    assert len(pure) > 10
    banned = ("etappe.warehouse", "etappe.eventlog", "asyncio", "os", "socket")
    wrong = [(file.name, name) for file in pure for name in imported(file) if name.startswith(banned)]
    assert not wrong

"""Migrations: numbered SQL files, applied in order, each once, never edited after release.

A file that was cut short is applied again whole, so each of its statements must bear that (`IF NOT EXISTS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from etappe.warehouse.session import Session

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS migrations (name String, applied DateTime DEFAULT now()) "
    "ENGINE = MergeTree() ORDER BY name"
)
_ENGINE = re.compile(r"ENGINE = (\w*MergeTree)\(")
_TABLE = re.compile(
    r"^(CREATE TABLE(?: IF NOT EXISTS)? \w+|CREATE OR REPLACE VIEW \w+|ALTER TABLE \w+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How tables are made: plain, or over `cluster` (engines Replicated…, statements ON CLUSTER)."""

    cluster: str = ""

    def adapt(self, statement: str) -> str:
        if not self.cluster:
            return statement
        replicated = _ENGINE.sub(r"ENGINE = Replicated\1(", statement)
        return _TABLE.sub(rf"\1 ON CLUSTER '{self.cluster}'", replicated)


def migrate(session: Session, layout: Layout | None = None) -> list[str]:
    """Bring the tables up to date and return the names of the files applied now."""
    layout = layout or Layout()
    session.execute(layout.adapt(_LEDGER))
    done = {name for (name,) in session.rows("SELECT name FROM migrations")}
    pending = [(name, text) for name, text in _files() if name not in done]
    for name, text in pending:
        for statement in statements(text):
            session.execute(layout.adapt(statement))
        session.insert("migrations", {"name": [name]})
    return [name for name, _ in pending]


def statements(text: str) -> Iterator[str]:
    """The statements of a file; each ends with a semicolon at the end of a line."""
    code = re.sub(r"^--[^\n]*\n", "", text, flags=re.MULTILINE)
    return (part.strip() for part in re.split(r";\s*$", code, flags=re.MULTILINE) if part.strip())


def _files() -> list[tuple[str, str]]:
    folder = files("etappe.warehouse") / "migrations"
    return sorted(
        (entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")
    )

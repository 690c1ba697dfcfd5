"""What an import would do, without sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from etappe.clock import iso
from etappe.importing.rows import Row, Table
from etappe.importing.run import FIRST_PROBLEMS
from etappe.importing.touchpoints import Made, Refused

SHOWN = 3


@dataclass(slots=True)
class Preview:
    """Counts over the whole file, its first touchpoints and its first refused rows."""

    table: Table
    rows: int = 0
    touchpoints: int = 0
    skipped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, Any]] = field(default_factory=list)
    first_refused: list[Refused] = field(default_factory=list)

    def add(self, made: Made) -> None:
        self.rows += 1
        if made is None:
            self.skipped += 1
        elif isinstance(made, Refused):
            self.refused[made.reason] += 1
            self.first_refused += [made][: FIRST_PROBLEMS - len(self.first_refused)]
        else:
            self.touchpoints += 1
            readable = made | {"at": iso(made["at"])} if "at" in made else made
            self.first += [readable][: SHOWN - len(self.first)]


def dry_run(table: Table, make: Callable[[Row], Made]) -> Preview:
    preview = Preview(table)
    for row in table.rows():
        preview.add(make(row))
    return preview

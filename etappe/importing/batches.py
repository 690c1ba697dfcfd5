"""Rows grouped into requests: bounded in touchpoints, bytes and rows looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from etappe.errors import Problem
from etappe.importing.rows import Row
from etappe.importing.touchpoints import Made, Refused, encode

MAX_EVENTS = 500
MAX_BYTES = 3_000_000
"""Of a request; the collector takes 4 MB from a secret key."""
MAX_EVENT_BYTES = 32_000
MAX_ROWS = 10_000
"""Rows that one batch may look at, so that progress shows where most rows are skipped."""


@dataclass(slots=True)
class Batch:
    """Consecutive rows and what became of them here. Line numbers stand beside the bodies they belong to."""

    rows: int = 0
    skipped: int = 0
    bodies: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.bodies) >= MAX_EVENTS or self.size >= MAX_BYTES or self.rows >= MAX_ROWS

    def add(self, line: int, made: Made) -> None:
        self.rows += 1
        if made is None:
            self.skipped += 1
        elif isinstance(made, Refused):
            self.refused.append(made)
        else:
            self._add_body(line, encode(made))

    def _add_body(self, line: int, body: bytes) -> None:
        if len(body) > MAX_EVENT_BYTES:
            problem = Problem("row", f"{len(body)} bytes as a touchpoint", f"at most {MAX_EVENT_BYTES}")
            self.refused.append(Refused(line, "too_large", problem))
            return
        self.bodies.append(body)
        self.lines.append(line)
        self.size += len(body) + 1


def batches(rows: Iterator[Row], make: Callable[[Row], Made]) -> Iterator[Batch]:
    """All rows in batches, in order; each is made when it is asked for."""
    batch = Batch()
    for row in rows:
        batch.add(row.line, make(row))
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch

"""The mapping: which touchpoint field each column becomes. docs/import.md describes the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from etappe.errors import Problem
from etappe.importing.rows import Row
from etappe.importing.sources import Kind, Source
from etappe.importing.values import is_empty, to_text

FIELDS: dict[str, Kind] = {
    "event": "text",
    "at": "time",
    "id": "text",
    "seq": "integer",
    "account": "text",
    "channel": "text",
    "contact": "text",
    "offline": "boolean",
    "value": "number",
    "currency": "text",
    "sentiment": "number",
}
"""Fields of one value, and what their cells must be."""

GROUPS: dict[str, Kind] = {
    "identifiers": "text",
    "page": "text",
    "campaign": "text",
    "context": "text",
    "experiments": "text",
    "traits": "any",
    "properties": "any",
}
"""Fields that hold named values."""


@dataclass(frozen=True)
class ImportMapping:
    """Sources by field and by group and name. `rest`: groups that take every column not named elsewhere."""

    name: str
    """Part of the ids made for rows without one: the same rows under another name are other touchpoints."""
    fields: Mapping[str, Source] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Source]] = field(default_factory=dict)
    rest: frozenset[str] = frozenset()
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Column → the cells of rows to take; others are skipped."""
    skip_if_empty: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, str]:
        """Every column that is asked for, with the first field that asks."""
        asked = [
            (f"{group}.{name}", each) for group in self.groups for name, each in self.groups[group].items()
        ]
        named = {column: where for where, each in [*self.fields.items(), *asked] for column in each.columns}
        return dict.fromkeys(self.only, "only") | dict.fromkeys(self.skip_if_empty, "skip_if_empty") | named

    def missing(self, columns: tuple[str, ...]) -> tuple[Problem, ...]:
        """What the mapping asks for and a file with these columns does not have."""
        return tuple(
            Problem(where, column, _nearest(column, columns))
            for column, where in self.columns.items()
            if column not in columns and column.split(".")[0] not in columns
        )

    def takes(self, row: Row) -> bool:
        """Whether the row is to become a touchpoint at all."""
        if any(is_empty(row.cells.get(column)) for column in self.skip_if_empty):
            return False
        return all(str(to_text(row.cells.get(column))) in cells for column, cells in self.only.items())


def _nearest(column: str, columns: tuple[str, ...]) -> str:
    close = get_close_matches(column, columns, 1)
    meant = f"{close[0]} (did you mean that?), or " if close else ""
    return f"{meant}one of the file's columns: {', '.join(columns)}"

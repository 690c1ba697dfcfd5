"""A source: where one field's value comes from: a text with {columns} in it, filled from the row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from etappe.errors import Problem
from etappe.importing import values
from etappe.importing.rows import Row

Kind = Literal["text", "number", "boolean", "integer", "time", "any"]
KINDS: tuple[Kind, ...] = ("text", "number", "boolean", "integer", "time", "any")

_PLACE = re.compile(r"\{([^{}]+)\}")
LINE = "#line"
"""`{#line}` in a text is the row's line in the file."""


class CellError(Exception):
    """A cell that cannot become what its field wants; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Source:
    """`text` has places such as {column}; exactly one place and nothing else keeps the cell's own type."""

    text: str
    kind: Kind = "text"
    translate: Mapping[str, object] = field(default_factory=dict)
    """Cell → value."""
    default: object = None
    """For cells that `translate` does not name, where `has_default`; without it they stay as they are."""
    has_default: bool = False
    format: str | None = None
    time_zone: ZoneInfo | None = None
    decimal: str = "."

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in _PLACE.findall(self.text) if name != LINE)

    def value(self, row: Row) -> object:
        """The value, None where a cell it needs is empty. Raises CellError."""
        raw = self._raw(row)
        if values.is_empty(raw):
            return None
        if self.translate or self.has_default:
            known = str(values.to_text(raw))
            raw = self.translate.get(known, self.default if self.has_default else raw)
        try:
            return self._convert(raw)
        except (ValueError, OverflowError) as error:
            raise CellError(Problem(", ".join(self.columns) or "constant", raw, str(error))) from None

    def _raw(self, row: Row) -> object:
        if whole := _PLACE.fullmatch(self.text):
            return _cell(row, whole[1])
        cells = {name: values.to_text(_cell(row, name)) for name in _PLACE.findall(self.text)}
        if None in cells.values():
            return None
        return _PLACE.sub(lambda place: str(cells[place[1]]), self.text)

    def _convert(self, raw: object) -> object:
        match self.kind:
            case "text":
                return values.to_text(raw)
            case "number":
                return values.to_number(raw, self.decimal)
            case "integer":
                return values.to_integer(raw)
            case "boolean":
                return values.to_boolean(raw)
            case "time":
                return values.to_time(raw, self.format, self.time_zone)
            case "any":
                return raw


def _cell(row: Row, name: str) -> object:
    """A column's cell; in nested rows (JSON) dots descend."""
    if name == LINE:
        return row.line
    if name in row.cells:
        return row.cells[name]
    found: object = row.cells
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found

"""One row → one touchpoint as the collector takes it, or what is wrong with the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from etappe.errors import Problem
from etappe.importing.mapping import ImportMapping
from etappe.importing.native import flatten, native_mapping
from etappe.importing.rows import Row
from etappe.importing.sources import CellError, Source
from etappe.importing.values import is_empty

CONTACTS = ("interactive", "static", "human")
SHOWN_CHARS = 80
"""Of a cell that could not be read."""

_CODE = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot become a touchpoint: where it stands and why; the report counts by `reason`."""

    line: int
    reason: str
    problem: Problem

    def __str__(self) -> str:
        return f"column {self.problem.field}: {self.problem.value!r}, wanted {self.problem.wanted}"


Made = dict[str, Any] | Refused | None
"""A touchpoint, a refusal, or None for a row that the mapping leaves out."""


def maker(mapping: ImportMapping | None, name: str) -> Callable[[Row], Made]:
    """What makes touchpoints of rows; without a mapping by the columns' own names."""
    if mapping is not None:
        return lambda row: make(mapping, row)
    return lambda row: _make_native(name, row)


def cleaned(make: Callable[[Row], Made], clean: Callable[[str], str]) -> Callable[[Row], Made]:
    """The same, but what a refusal shows of a cell goes through `clean` first: it is printed and kept in a file."""

    def made(row: Row) -> Made:
        found = make(row)
        if not isinstance(found, Refused) or isinstance(found.problem.value, int | float | None):
            return found
        shown = clean(str(found.problem.value))[:SHOWN_CHARS]
        return replace(found, problem=replace(found.problem, value=shown))

    return made


def make(mapping: ImportMapping, row: Row) -> Made:
    """One touchpoint of one row. The same row gives the same touchpoint, its id included."""
    if row.problem is not None:
        return Refused(row.line, "unreadable_row", row.problem)
    if not mapping.takes(row):
        return None
    try:
        touchpoint = _fill(mapping, row)
    except CellError as error:
        return Refused(row.line, "bad_value", error.problem)
    refusal = _check(mapping, touchpoint)
    if refusal is not None:
        return Refused(row.line, *refusal)
    if "id" not in touchpoint:
        touchpoint["id"] = row_id(mapping.name, row)
    return touchpoint


def row_id(name: str, row: Row) -> str:
    """An id made of the import's name and the row's content, so that equal rows are one touchpoint."""
    content = orjson.dumps([name, row.cells], default=str, option=_CODE)
    return f"{name}-{blake2b(content, digest_size=12).hexdigest()}"


def encode(touchpoint: dict[str, Any]) -> bytes:
    """As JSON. Decimals become numbers, other values that JSON does not have become text."""
    return orjson.dumps(touchpoint, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)


def _make_native(name: str, row: Row) -> Made:
    flat = flatten(row)
    return make(native_mapping(name, tuple(flat.cells)), flat)


def _fill(mapping: ImportMapping, row: Row) -> dict[str, Any]:
    filled = _values(mapping.fields, row)
    for group, sources in mapping.groups.items():
        if named := _values(sources, row):
            filled[group] = named
    for group in mapping.rest:
        filled[group] = _others(mapping, row)
    return filled


def _values(sources: Mapping[str, Source], row: Row) -> dict[str, Any]:
    found = ((name, source.value(row)) for name, source in sources.items())
    return {name: value for name, value in found if value is not None}


def _others(mapping: ImportMapping, row: Row) -> dict[str, Any]:
    named = {column.split(".")[0] for column in mapping.columns} | mapping.columns.keys()
    return {name: cell for name, cell in row.cells.items() if name not in named and not is_empty(cell)}


def _check(mapping: ImportMapping, touchpoint: dict[str, Any]) -> tuple[str, Problem] | None:
    """What the collector would refuse too, said in the file's own words."""
    if "event" not in touchpoint:
        return "missing_event", Problem(_column(mapping, "event"), None, "the event's name")
    if "identifiers" not in touchpoint:
        columns = [name for each in mapping.groups.get("identifiers", {}).values() for name in each.columns]
        return "missing_identifier", Problem(
            ", ".join(columns) or "identifiers", None, "at least one identifier"
        )
    if "id" in mapping.fields and "id" not in touchpoint:
        return "bad_value", Problem(_column(mapping, "id"), None, "the cells that the id is made of")
    return _check_values(mapping, touchpoint)


def _check_values(mapping: ImportMapping, touchpoint: dict[str, Any]) -> tuple[str, Problem] | None:
    contact, sentiment, at = (touchpoint.get(name) for name in ("contact", "sentiment", "at"))
    if contact is not None and contact not in CONTACTS:
        return "bad_value", Problem(_column(mapping, "contact"), contact, f"one of {', '.join(CONTACTS)}")
    if sentiment is not None and not -1 <= sentiment <= 1:
        return "bad_value", Problem(_column(mapping, "sentiment"), sentiment, "a number from -1 to 1")
    if at is not None and at < 0:
        return "bad_value", Problem(_column(mapping, "at"), at, "a time from 1970 on")
    return None


def _column(mapping: ImportMapping, name: str) -> str:
    source = mapping.fields.get(name)
    return ", ".join(source.columns) if source and source.columns else name

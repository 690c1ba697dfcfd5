"""Files whose columns have the touchpoint's own names: no mapping needed.

`event, at, id, …` are the fields; the identifier types of Etappe (`user_id`, `email`, …) are identifiers;
dots name what is inside (`campaign.source`, `identifiers.loyalty_card`, `properties.size`), in JSON also
nested objects; every other column is a property.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from etappe.identity_rules import DEFAULT_RULES
from etappe.importing.mapping import FIELDS, GROUPS, ImportMapping
from etappe.importing.rows import Row
from etappe.importing.sources import Source


@lru_cache(maxsize=1_000)
def native_mapping(name: str, columns: tuple[str, ...]) -> ImportMapping:
    """The mapping that takes each of these columns for what its name says."""
    fields: dict[str, Source] = {}
    groups: dict[str, dict[str, Source]] = {group: {} for group in GROUPS}
    for column in columns:
        place = f"{{{column}}}"
        group, _, inner = column.partition(".")
        if column in FIELDS:
            fields[column] = Source(place, FIELDS[column])
        elif inner and group in GROUPS:
            groups[group][inner] = Source(place, GROUPS[group])
        elif column in DEFAULT_RULES.types:
            groups["identifiers"][column] = Source(place)
        else:
            groups["properties"][column] = Source(place, "any")
    return ImportMapping(name, fields, groups)


def flatten(row: Row) -> Row:
    """A nested row with the objects of the touchpoint's groups as dotted columns, one level deep."""
    cells: dict[str, object] = {}
    for name, cell in row.cells.items():
        if name in GROUPS and isinstance(cell, Mapping):
            cells.update({f"{name}.{inner}": each for inner, each in cell.items()})
        else:
            cells[name] = cell
    return Row(row.line, cells, row.problem)

"""Where in a mapping file each field stands, so that a problem can name its line."""

from __future__ import annotations

from pathlib import Path

import yaml

_DEEPEST = 2
"""Dots in the name of an option, as in `properties.size.type`."""


def lines_of(path: Path) -> dict[str, int]:
    """The line, from 1, of every field (`value.format`); empty where the file is no YAML."""
    lines: dict[str, int] = {}
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return lines
    _note(root, "", lines)
    return lines


def line_of(field: str, lines: dict[str, int]) -> int | None:
    """The field's line, or that of the nearest field around it."""
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return lines.get(field)


def _note(node: yaml.Node | None, within: str, lines: dict[str, int]) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = f"{within}.{key.value}" if within else str(key.value)
        lines.setdefault(name, key.start_mark.line + 1)
        if name.count(".") < _DEEPEST:  # an alias of itself would be without an end
            _note(value, name, lines)

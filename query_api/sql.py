"""Statements out of named files. Values are bound by the engine; only whole files and lines are chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etappe.phases import Expression
from etappe.warehouse.statements import statement

_PHASES = "/*phases*/"
_FROM_PHASE = re.compile(r"-- phase (\d+)$")


def text_of(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return statement("query_api.queries", name)


def fragment(name: str) -> str:
    """The text without its header in one line: what may stand anywhere in another, also in a comment."""
    return " ".join(line.strip() for line in text_of(name).splitlines() if not line.startswith("--"))


def compose(final: str, **parts: str) -> str:
    """File `final`, reading from named parts; each part is a file that may read from the parts before it."""
    named = ",\n".join(f"{part} AS\n(\n{text_of(name)})" for part, name in parts.items())
    return f"WITH {named}\n{text_of(final)}" if named else text_of(final)


def for_phases(text: str, phases: int) -> str:
    """`text` without the lines that only models with more phases need."""
    return "\n".join(line for line in text.splitlines() if _phase_of(line) <= phases)


def _phase_of(line: str) -> int:
    marked = _FROM_PHASE.search(line)
    return int(marked.group(1)) if marked else 0


def with_phases(text: str, expressions: Sequence[Expression]) -> tuple[str, dict[str, object]]:
    """`text` with phase models' compiled expressions in the place marked for them, and what they bind."""
    values = {name: value for each in expressions for name, value in each.parameters.items()}
    return text.replace(_PHASES, ", ".join(each.sql for each in expressions)), values

"""Statements out of named files. Values are bound by the engine; files are whole, some lines repeated by number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from etappe.phases import Expression
from etappe.warehouse.statements import statement

_PHASES = "/*phases*/"
_EACH_PHASE = re.compile(r"  -- each (?:phase|step)(?: from (\d+))?$")


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
    """`text` with the lines that are marked for each phase (or step) once for every one of them.

    In them `#k` stands for its number and `#j` for that of the one before; lines next to each other go together.
    """
    return "\n".join(
        line
        for begin, lines in groupby(text.splitlines(), key=_first_phase)
        for line in (_repeated([*lines], begin, phases) if begin else lines)
    )


def _first_phase(line: str) -> int:
    """Of those that the line is marked for; 0: it is not marked."""
    marked = _EACH_PHASE.search(line)
    return int(marked[1] or 1) if marked else 0


def _repeated(lines: Sequence[str], begin: int, phases: int) -> Iterator[str]:
    for phase in range(begin, phases + 1):
        for line in lines:
            yield _EACH_PHASE.sub("", line).replace("#k", str(phase)).replace("#j", str(phase - 1))


def with_phases(text: str, expressions: Sequence[Expression]) -> tuple[str, dict[str, object]]:
    """`text` with phase models' compiled expressions in the place marked for them, and what they bind."""
    values = {name: value for each in expressions for name, value in each.parameters.items()}
    return text.replace(_PHASES, ", ".join(each.sql for each in expressions)), values

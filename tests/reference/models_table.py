"""The table of events in docs/models.md: the phase of each event in each built-in model."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "models.md"

MODELS = ("acpl", "aida", "stdc", "aoea", "bda")

_HEAD = "| event | typical business | acpl | aida | stdc | aoea | bda |"


def rows() -> list[tuple[str, dict[str, str | None]]]:
    """(event, phase per model); None where the page says that the event is unmapped."""
    lines = PAGE.read_text("utf-8").splitlines()
    start = lines.index(_HEAD) + 2
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        event, _, *phases = (cell.strip() for cell in line.strip("|").split("|"))
        found = (None if phase == "—" else phase for phase in phases)
        table.append((event, dict(zip(MODELS, found, strict=True))))
    return table

"""Outcomes as rows of a Markdown table, and that table in its place in the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from torture.run import Outcome

BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"

_COLUMNS = (
    "fault", "installation", "rounds", "accepted", "per second", "lost", "duplicated", "attempts refused",
    "attempts broken", "recovery: median", "longest", "most memory, MB", "wrong",
)  # fmt: skip
HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


def line(outcome: Outcome) -> str:
    seconds = outcome.recoveries
    cells = (
        outcome.fault,
        outcome.installation,
        outcome.rounds,
        f"{outcome.accepted:,}",
        f"{outcome.rate:,.0f}",
        outcome.lost,
        outcome.duplicated,
        outcome.refused,
        outcome.broken,
        f"{median(seconds):.1f} s" if seconds else "",
        f"{max(seconds):.1f} s" if seconds else "",
        ", ".join(f"{name} {most}" for name, most in sorted(outcome.memory.items())),
        "; ".join(outcome.wrong).replace("|", "/"),
    )
    return f"| {' | '.join(map(str, cells))} |"


class Results:
    """Rows of this table in a file, one JSON object a line: what an earlier run came to is known to a later one."""

    def __init__(self, path: Path, terms: str, forget: bool) -> None:
        self._path = path
        self._terms = terms
        path.parent.mkdir(parents=True, exist_ok=True)
        if forget:
            path.unlink(missing_ok=True)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        with self._path.open("a") as file:
            file.writelines(json.dumps(asdict(self._dated(each))) + "\n" for each in outcomes)

    def _dated(self, outcome: Outcome) -> Outcome:
        return replace(outcome, terms=self._terms, date=f"{datetime.now(UTC):%Y-%m-%d}")

    @property
    def rows(self) -> Sequence[Outcome]:
        """Of each fault on each installation the latest, of runs on the same terms."""
        if not self._path.exists():
            return []
        found = [Outcome(**json.loads(row)) for row in self._path.read_text().splitlines()]
        same = [each for each in found if each.terms == self._terms]
        return list({(each.fault, each.installation): each for each in same}.values())

    @property
    def dates(self) -> str:
        """Of its rows: a day, or the first and the last."""
        days = sorted({each.date for each in self.rows})
        return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""


def write_table(page: Path, said: str, rows: Sequence[Outcome]) -> None:
    """Between the two marks of a page: a sentence about the run, and the table."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no {BEGIN} … {END}")
    table = "\n".join([HEAD, *map(line, rows)])
    page.write_text(f"{before}{BEGIN}\n{said}\n\n{table}\n{END}{after}")

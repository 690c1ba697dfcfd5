"""Outcomes as rows of a Markdown table."""

from __future__ import annotations

from statistics import median

from torture.run import Outcome

_COLUMNS = (
    "fault", "installation", "rounds", "accepted", "lost", "duplicated", "equal to a rebuild",
    "attempts refused", "attempts broken", "recovery median", "longest",
)  # fmt: skip
HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


def line(outcome: Outcome) -> str:
    reckoning, sent = outcome.reckoning, outcome.sent
    cells = (
        outcome.fault.name,
        "SQLite, embedded" if outcome.fault.size == "small" else "Kafka, HTTP",
        outcome.rounds,
        f"{reckoning.accepted:,}",
        reckoning.lost,
        reckoning.duplicated,
        "no: " + "; ".join(reckoning.unlike_rebuild) if reckoning.unlike_rebuild else "yes",
        sent.refused,
        sent.broken,
        f"{median(outcome.recoveries):.1f} s",
        f"{max(outcome.recoveries):.1f} s",
    )
    wrong = f" **wrong answers: {sent.wrong[:2]}**" if sent.wrong else ""
    stored = "" if reckoning.stored == reckoning.accepted else f" **stored {reckoning.stored:,}**"
    return f"| {' | '.join(map(str, cells))} |{wrong}{stored}"

"""Generations: one complete set of identities per definition. One answers; others are being made or were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from etappe.identity_rules import IdentityRules, parse_rules
from etappe.warehouse import Session
from etappe.warehouse.statements import statement

Purpose = Literal["rules", "as_of", "preview"]
"""rules: the rules that hold, or will; as_of: what was known at a time; preview: what other rules would say."""

State = Literal["filling", "active", "retired"]

EVERYTHING = 1 << 62
"""`known_until` of a generation that leaves nothing out, in ms."""

ALL = (1 << 64) - 1
"""`resolved_through` of a generation that is complete."""


@dataclass(frozen=True, slots=True)
class Generation:
    """`number` is unique in its workspace; links and decisions received after `known_until` (ms) are left out."""

    number: int = 0
    purpose: Purpose = "rules"
    rules_text: str = ""
    known_until: int = EVERYTHING
    name: str = ""
    state: State = "active"
    resolved_through: int = ALL
    asked: int = 0

    @property
    def rules(self) -> IdentityRules:
        return parse_rules(self.rules_text, f"the rules of generation {self.number}")

    @property
    def is_resolved(self) -> bool:
        return self.resolved_through == ALL

    @property
    def answers(self) -> bool:
        """Whether what it says is today's truth."""
        return self.purpose == "rules" and self.state == "active"


FIRST = Generation()
"""Before the first change of rules: by the default ones."""


def generations_of(session: Session, workspace: str) -> list[Generation]:
    """Those that are active or filling, oldest first; before the first change of rules the one of the default rules."""
    rows = session.rows(statement("stitcher.sql", "generations_of"), {"workspace": workspace})
    found = [Generation(*row) for row in rows]
    return found if any(each.answers for each in found) else [FIRST, *found]


def store_generations(
    session: Session, workspace: str, generations: Sequence[Generation], version: int
) -> None:
    """Replace their rows, as one block: one that retires and the one that follows change together."""
    session.insert(
        "generations",
        {
            "workspace": [workspace] * len(generations),
            "generation": [each.number for each in generations],
            "purpose": [each.purpose for each in generations],
            "name": [each.name for each in generations],
            "rules": [each.rules_text for each in generations],
            "known_until": [each.known_until for each in generations],
            "state": [each.state for each in generations],
            "resolved_through": [each.resolved_through for each in generations],
            "asked": [each.asked for each in generations],
            "version": [version] * len(generations),
        },
    )


def next_number(session: Session, workspace: str) -> int:
    ((last,),) = session.rows(statement("stitcher.sql", "last_generation"), {"workspace": workspace})
    return int(last) + 1


def forget_generations(session: Session, workspace: str, numbers: Iterable[int]) -> None:
    """Remove the identities of generations that are retired."""
    for number in numbers:
        bound = {"workspace": workspace, "generation": number}
        session.execute(statement("stitcher.sql", "forget_identities"), bound)
        session.execute(statement("stitcher.sql", "forget_banned"), bound)


def rules_known_at(session: Session, workspace: str, time: int) -> str:
    """The text of the rules that held at `time` (ms)."""
    bound = {"workspace": workspace, "time": time}
    rows = session.rows(statement("stitcher.sql", "rules_known_at"), bound)
    return str(rows[0][0]) if rows else ""


def store_rules(session: Session, workspace: str, text: str, asked: int, by: str) -> None:
    """The decision for these rules, a fact of its own."""
    session.insert(
        "identity_rules",
        {"workspace": [workspace], "asked": [asked], "rules": [text], "asked_by": [by]},
    )

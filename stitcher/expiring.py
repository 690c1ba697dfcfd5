"""Expiring: touchpoints older than a workspace keeps them leave the facts; then every journey that held one is folded
again, some at a time between live batches. What is left to do is noted first, so that a death changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from etappe.changes import Expire
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.facts import Facts
from stitcher.fold import fold
from stitcher.views import Views

_AT_ONCE = 5_000


def expire(session: Session, order: Expire) -> None:
    """The touchpoints of before `order.before` are gone after this; what has to be folded again is noted."""
    bound: dict[str, object] = {"workspace": order.workspace, "before": order.before}
    session.execute(statement("stitcher.sql", "note_expired"), {**bound, "id": f"retention-{order.before}"})
    for name in ("forget_expired", "forget_expired_spares"):
        session.execute(statement("stitcher.sql", name), bound)
    session.insert(
        "retentions", {"workspace": [order.workspace], "before": [order.before], "asked": [order.asked]}
    )


@dataclass(slots=True)
class Expiring:
    """Folds again what is noted. Called between live batches; a step folds at most 5,000 identifiers' customers."""

    views: Views
    is_idle: bool = False
    """Nothing is noted; at first nobody knows."""

    def step(self, session: Session) -> bool:
        """Fold some; False when there is nothing left to fold."""
        if self.is_idle:
            return False
        bound = {"workspace": self.views.name, "count": _AT_ONCE}
        rows = session.rows(statement("stitcher.sql", "expired_noted"), bound)
        for id_, noted in groupby(rows, key=lambda row: str(row[0])):
            self._fold(session, id_, [identifier for _, identifier in noted])
        self.is_idle = len(rows) < _AT_ONCE
        return not self.is_idle

    def _fold(self, session: Session, id_: str, identifiers: list[int]) -> None:
        for generation in self.views.generations:
            facts = self.views.facts(session, generation)
            fold(facts, self.views.target(generation), _customers(facts, identifiers), (), {})
        bound = {"workspace": self.views.name, "id": id_, "through": identifiers[-1]}
        session.execute(statement("stitcher.sql", "forget_noted"), bound)


def _customers(facts: Facts, identifiers: Iterable[int]) -> set[int]:
    """Everybody that the identifiers belong to at some time; who was never linked is a customer alone."""
    wanted = set(identifiers)
    owners = {key: row.owner for key, row in facts.stored_owners(wanted).items()}
    return {each for key in wanted for each in (owners[key].customer if key in owners else [key])}

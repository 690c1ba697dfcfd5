"""Decisions as facts: who is held apart and what is banned, until that is taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etappe.identifiers import Identifier
from etappe.identity_rules import IdentityRules
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.generations import Generation
from stitcher.identity.decisions import Held

_NAMES_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Decision:
    """`a` and `b` are held apart, or `a` is banned; times in ms, `taken_back` 0 while it holds."""

    id: str
    kind: Literal["apart", "ban"]
    a: int
    a_type: str
    b: int
    b_type: str
    asked: int
    by: str
    note: str = ""
    taken_back: int = 0

    @property
    def named(self) -> set[int]:
        return {self.a, self.b} - {0}


def decision_of(session: Session, workspace: str, decision_id: str) -> Decision | None:
    bound = {"workspace": workspace, "id": decision_id}
    rows = session.rows(statement("stitcher.sql", "decision"), bound)
    return Decision(*rows[0]) if rows else None


def decisions_known(session: Session, workspace: str, generation: Generation) -> list[Decision]:
    """Those that held at the time up to which the generation knows anything."""
    bound = {"workspace": workspace, "time": generation.known_until}
    return [Decision(*row) for row in session.rows(statement("stitcher.sql", "decisions_of"), bound)]


def store_decision(session: Session, workspace: str, decision: Decision, version: int) -> None:
    session.insert(
        "decisions",
        {
            "workspace": [workspace],
            "id": [decision.id],
            "kind": [decision.kind],
            "a": [decision.a],
            "a_type": [decision.a_type],
            "b": [decision.b],
            "b_type": [decision.b_type],
            "asked": [decision.asked],
            "asked_by": [decision.by],
            "note": [decision.note],
            "taken_back": [decision.taken_back],
            "version": [version],
        },
    )


def taken_back(decision: Decision, at: int) -> Decision:
    return decision if decision.taken_back else replace(decision, taken_back=at)


def held_in(session: Session, workspace: str, generation: Generation) -> Held:
    """What the writer holds by, in one generation."""
    bound = {"workspace": workspace, "generation": generation.number}
    banned = frozenset(key for (key,) in session.rows(statement("stitcher.sql", "banned_of"), bound))
    decided = decisions_known(session, workspace, generation)
    apart = frozenset((min(d.a, d.b), max(d.a, d.b)) for d in decided if d.kind == "apart")
    return Held(apart, banned)


def to_ban(
    session: Session, workspace: Workspace, generation: Generation, only: int | None = None
) -> set[int]:
    """What decisions and rules ban in a generation: of kept values by how they are spelled, else by hash.

    `only`: this one identifier matters.
    """
    decided = decisions_known(session, workspace.name, generation)
    found = {each.a for each in decided if each.kind == "ban" and only in (None, each.a)}
    rules = generation.rules
    if rules.blocks_more_than_defaults:
        found |= set(_blocked(session, workspace, rules, only))
    return found


def store_banned(
    session: Session, workspace: str, generation: int, banned: Collection[int], *, held: bool, version: int
) -> None:
    count = len(banned)
    session.insert(
        "banned",
        {
            "workspace": [workspace] * count,
            "generation": [generation] * count,
            "identifier": sorted(banned),
            "held": [held] * count,
            "version": [version] * count,
        },
    )


def _blocked(session: Session, workspace: Workspace, rules: IdentityRules, only: int | None) -> Iterator[int]:
    above, count = (0, _NAMES_AT_ONCE) if only is None else (only - 1, 1)
    while rows := _named_after(session, workspace.name, above, count):
        for key, type_name, value in rows:
            identifier = Identifier(type_name, key, value or None)
            if rules.blocks_identifier(identifier, workspace.salt_bytes, workspace.phone_region):
                yield key
        above = rows[-1][0]
        if only is not None:
            return


def _named_after(session: Session, workspace: str, above: int, count: int) -> Sequence[tuple[int, str, str]]:
    bound = {"workspace": workspace, "above": above, "count": count}
    return session.rows(statement("stitcher.sql", "named_between"), bound)

"""The identities that an answer rests on: one generation of them, made by certain rules from what was known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etappe.clock import iso
from etappe.identity_rules import IdentityRules, parse_rules
from etappe.warehouse import Session
from query_api.sql import text_of

EVERYTHING = 1 << 62
"""`known_until` of identities that leave nothing out, in ms."""

ALL = (1 << 64) - 1
"""`resolved_through` of a generation that is complete."""


@dataclass(frozen=True, slots=True)
class Identities:
    """A generation of the identities of a workspace.

    `rules_text` is their YAML, empty for the default ones. `known_until` in ms: links and decisions received later
    are left out. `bans`: whether any identifier is banned, which makes questions about touchpoints dearer.
    """

    generation: int = 0
    rules_text: str = ""
    known_until: int = EVERYTHING
    bans: bool = False

    @property
    def rules_version(self) -> str:
        return parse_rules(self.rules_text, f"the rules of generation {self.generation}").version

    @property
    def meta(self) -> dict[str, Any]:
        """As answers state them."""
        until = None if self.known_until >= EVERYTHING else iso(self.known_until)
        said = {"generation": self.generation, "rules": self.rules_version, "known_until": until}
        return {"identity": said} if until is None else {"identity_at": until, "identity": said}

    def touchpoints(self, workspace: str) -> dict[str, Any]:
        """What statements bind that read part `owned`, or identities themselves."""
        return {"workspace": workspace, "generation": self.generation}

    @property
    def owned(self) -> str:
        """The file of part `owned`: bans are looked at only where there are any."""
        return "owned_past_bans" if self.bans else "owned_as_stored"


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as it stands. Identifiers up to `resolved_through`, customers up to `filled_through` are done.

    `purpose`: rules, as_of or preview; `name`: of a preview its id. Times in ms.
    """

    number: int = 0
    purpose: str = "rules"
    name: str = ""
    rules_text: str = ""
    known_until: int = EVERYTHING
    state: str = "active"
    resolved_through: int = ALL
    filled_through: int = 0
    asked: int = 0

    @property
    def rules(self) -> IdentityRules:
        return parse_rules(self.rules_text, f"the rules of generation {self.number}")

    @property
    def is_complete(self) -> bool:
        return self.state == "active" and self.resolved_through == ALL

    @property
    def progress(self) -> float:
        """0 to 1: identifiers are hashes, so the last one done says how many are; journeys are the other half."""
        if self.is_complete:
            return 1.0
        resolved = self.resolved_through / ALL
        if self.purpose == "preview":
            return resolved
        return resolved / 2 if resolved < 1 else (1 + self.filled_through / ALL) / 2


def generations_of(session: Session, workspace: str) -> list[Generation]:
    """All that answer, may be asked for or are being made, oldest first; at first the one of the default rules."""
    found = [Generation(*row) for row in session.rows(text_of("generations"), {"workspace": workspace})]
    return found if any(_answers(each) for each in found) else [Generation(), *found]


def answering(generations: Sequence[Generation]) -> Generation:
    """The one whose rules answer."""
    return [each for each in generations if _answers(each)][-1]


def latest(generations: Sequence[Generation]) -> Generation:
    """The one whose rules answer, or will once it is complete."""
    return [each for each in generations if each.purpose == "rules"][-1]


def _answers(generation: Generation) -> bool:
    return generation.purpose == "rules" and generation.state == "active"

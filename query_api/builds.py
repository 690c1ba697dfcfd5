"""The builds that answer: one active set of views per phase model of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from etappe.phases import PhaseModel, parse_model
from etappe.warehouse import Session
from query_api.sql import text_of


@dataclass(frozen=True, slots=True)
class Build:
    """An active build and the phase model it was folded with."""

    number: int
    version: str
    model: PhaseModel

    @property
    def phases(self) -> list[str]:
        return [phase.name for phase in self.model.phases]


Builds = Mapping[str, Build]
"""By name of the model."""


def active_builds(session: Session, workspace: str) -> Builds:
    """The builds that answer for a workspace; empty until the stitcher has begun with it."""
    rows = session.rows(text_of("active_builds"), {"workspace": workspace})
    return {name: Build(number, version, _parsed(text, name)) for name, number, version, text in rows}


def wanted_model(builds: Builds) -> str:
    """What to say to somebody who asked for a model that is not there."""
    if not builds:
        return "an active phase model: there is none yet, is the stitcher running?"
    return f"one of the active phase models {', '.join(sorted(builds))}"


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> PhaseModel:
    return parse_model(text, name)

"""The builds that answer: one active set of views per phase model of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from etappe.phases import PhaseModel, parse_model
from etappe.warehouse import Session
from query_api.identity.generations import EVERYTHING, Identities
from query_api.sql import text_of


@dataclass(frozen=True, slots=True)
class Build:
    """A build that answers, the phase model it was folded with, and the identities."""

    number: int
    version: str
    model: PhaseModel
    identities: Identities = field(default_factory=Identities)

    @property
    def phases(self) -> list[str]:
        return [phase.name for phase in self.model.phases]


Builds = Mapping[str, Build]
"""By name of the model; all rest on the same identities."""

_ANY = -1


def active_builds(session: Session, workspace: str) -> Builds:
    """The builds that answer for a workspace; empty until the stitcher has begun with it."""
    return _answering(session, workspace, "active", _ANY)


def builds_as_of(session: Session, workspace: str, generation: int) -> Builds:
    """The builds that answer with the identities of a generation of purpose as_of."""
    return _answering(session, workspace, "as_of", generation)


def identities_of(builds: Builds) -> Identities:
    """The identities behind the builds; those of the default rules until there is a build."""
    return next((build.identities for build in builds.values()), Identities())


def _answering(session: Session, workspace: str, state: str, generation: int) -> Builds:
    bound = {"workspace": workspace, "state": state, "generation": generation}
    return {row[0]: _build(*row) for row in session.rows(text_of("answering_builds"), bound)}


def _build(  # noqa: PLR0917 - the columns of answering_builds.sql
    name: str, number: int, version: str, text: str, generation: int, rules: str, until: int, bans: int
) -> Build:
    identities = Identities(generation, rules, until or EVERYTHING, bans > 0)
    return Build(number, version, _parsed(text, name), identities)


def wanted_model(builds: Builds) -> str:
    """What to say to somebody who asked for a model that is not there."""
    return f"one of the active phase models {', '.join(sorted(builds))}"


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> PhaseModel:
    return parse_model(text, name)

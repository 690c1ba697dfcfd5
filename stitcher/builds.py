"""Builds: one complete set of journeys per model and definition; exactly one a model is active and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from etappe.phases import PhaseModel, parse_model
from etappe.warehouse import Session
from etappe.warehouse.statements import statement

State = Literal["filling", "active", "retired", "as_of"]
"""as_of: complete, for questions about a time in the past."""

FOLD = 3
"""Which fold this is: builds that an earlier one made lack what this one stores, and are made again."""

FILLED = (1 << 64) - 1
"""`filled_through` of a build that is complete and waits for the others of its generation."""


@dataclass(frozen=True, slots=True)
class Build:
    """`number` is unique in its workspace. `filled_through`: customers up to this id are in it, while it fills.

    `generation`: the identities that it is folded with. `fold`: which fold makes its rows.
    """

    workspace: str
    model: PhaseModel
    number: int
    state: State
    filled_through: int = 0
    generation: int = 0
    fold: int = FOLD


def builds_of(session: Session, workspace: str) -> list[Build]:
    """The builds that are active or filling, oldest first."""
    rows = session.rows(statement("stitcher.sql", "builds_of"), {"workspace": workspace})
    return [
        Build(workspace, parse_model(definition, f"build {number}"), number, *rest)
        for number, definition, *rest in rows
    ]


def forget_build(session: Session, workspace: str, number: int) -> None:
    """Remove the journeys of a retired build."""
    session.execute(statement("stitcher.sql", "forget_build"), {"workspace": workspace, "build": number})


def store_builds(session: Session, builds: Sequence[Build], version: int) -> None:
    """Replace the rows of `builds`, as one block: a build that retires and the one that follows change together."""
    session.insert(
        "builds",
        {
            "workspace": [build.workspace for build in builds],
            "model": [build.model.name for build in builds],
            "build": [build.number for build in builds],
            "model_version": [build.model.version for build in builds],
            "definition": [build.model.text for build in builds],
            "phases": [[phase.name for phase in build.model.phases] for build in builds],
            "conversion": [build.model.conversion for build in builds],
            "state": [build.state for build in builds],
            "filled_through": [build.filled_through for build in builds],
            "generation": [build.generation for build in builds],
            "fold": [build.fold for build in builds],
            "version": [version] * len(builds),
        },
    )


def missing_builds(
    current: Sequence[Build], models: Mapping[str, PhaseModel], workspace: str, generation: int
) -> list[Build]:
    """A filling build for every model whose definition no build of the generation has as this fold makes it."""
    made = [each for each in current if each.generation == generation and each.fold == FOLD]
    have = {(each.model.name, each.model.version) for each in made}
    wanted = [model for model in models.values() if (model.name, model.version) not in have]
    return [Build(workspace, model, 0, "filling", generation=generation) for model in wanted]


def numbered(session: Session, workspace: str, builds: Sequence[Build]) -> list[Build]:
    """Give new builds the next free numbers."""
    ((last,),) = session.rows(statement("stitcher.sql", "last_build"), {"workspace": workspace})
    return [replace(build, number=last + 1 + index) for index, build in enumerate(builds)]

"""The views of one workspace: its generations of identities and its builds of journeys, those that answer and those
that are being made.

A generation that is being made is resolved first and then folded, a step at a time between live batches, which are
written to it as well; its builds answer from one row on, all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from etappe.phases import PhaseModel
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher import decided
from stitcher.builds import FILLED, Build, builds_of, forget_build, missing_builds, numbered, store_builds
from stitcher.bypass import around
from stitcher.facts import Facts
from stitcher.fold import Target, fold_next
from stitcher.generations import (
    ALL,
    Generation,
    forget_generations,
    generations_of,
    next_number,
    store_generations,
)
from stitcher.identity.decisions import Held
from stitcher.models import saved_models
from stitcher.resolve import renew

_FILL_AT_ONCE = 500_000
"""Touchpoints of one step, for all builds at once: a second or two, in which live batches wait."""
_RENEW_AT_ONCE = 5_000

MOST_AS_OF = 3
"""Times in the past for which answers are kept ready; the one asked for first gives way."""


@dataclass(slots=True)
class Views:
    """`version` is that of the change in hand: what is stored with it replaces what earlier ones stored."""

    workspace: Workspace
    version: int = 0
    generations: list[Generation] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    held: dict[int, Held] = field(default_factory=dict)
    given: Mapping[str, PhaseModel] = field(default_factory=dict)
    """The models that every workspace has, unless it has its own of their names."""

    @property
    def name(self) -> str:
        return self.workspace.name

    @property
    def current(self) -> Generation:
        """The generation that answers."""
        return [each for each in self.generations if each.answers][-1]

    @property
    def latest(self) -> Generation:
        """The one that answers, or will when it is complete."""
        return [each for each in self.generations if each.purpose == "rules"][-1]

    def start(self, session: Session, models: Mapping[str, PhaseModel]) -> None:
        """Read what there is, begin a build for every definition that has none, drop what a crash left behind."""
        self.given = models
        self.generations = generations_of(session, self.name)
        self.builds = builds_of(session, self.name)
        self._finish(session)
        for generation in self.generations:
            self.hold(session, generation)
        self.follow_models(session)
        self._drop_leftovers(session)
        if all(build.state == "filling" for build in self.builds):
            while self.fill(session):  # a workspace without history can be asked at once
                pass

    def facts(self, session: Session, generation: Generation) -> Facts:
        return Facts(session, self.name, generation, self.held[generation.number])

    def target(self, generation: Generation) -> Target:
        """Where the journeys of a generation go."""
        builds = [build for build in self.builds if build.generation == generation.number]
        return Target(self.workspace, builds, self.version)

    def hold(self, session: Session, generation: Generation) -> None:
        """Read again which decisions hold."""
        self.held[generation.number] = decided.held_in(session, self.name, generation)

    def begin(self, session: Session, generation: Generation, has_journeys: bool = True) -> None:
        """Start making a generation; others of its purpose that it takes the place of are given up."""
        new = replace(generation, number=next_number(session, self.name), state="filling", resolved_through=0)
        answering = [] if generation.purpose == "preview" else self._models()
        self._retire(session, self._replaced_by(new))
        forget_generations(session, self.name, [new.number])  # what a death left of one never begun
        banned = decided.to_ban(session, self.workspace, new)
        decided.store_banned(session, self.name, new.number, banned, held=True, version=self.version)
        self.hold(session, new)
        self.lead_around(session, new, banned)
        self._store(session, [new])
        if has_journeys:
            models = {model.name: model for model in answering}
            self.begin_builds(session, missing_builds([], models, self.name, new.number))

    def lead_around(self, session: Session, generation: Generation, banned: Collection[int]) -> None:
        """Store what the events of banned identifiers say without them."""
        if banned:
            for links in around(self.facts(session, generation), banned):
                self.facts(session, generation).store_links(links)

    def follow_models(self, session: Session) -> None:
        """Begin a build for every definition that has none, give up those of definitions that hold no more.

        Answers for times in the past are given up with them: they are made by the new ones when somebody asks again.
        """
        saved = saved_models(session, self.name)
        wanted = {**self.given, **saved.kept}
        rules = [each for each in self.generations if each.purpose == "rules"]
        unwanted = [each for each in self.builds if _is_unwanted(each, wanted, saved.dropped)]
        unwanted = [each for each in unwanted if each.generation in {one.number for one in rules}]
        missing = [
            build for one in rules for build in missing_builds(self.builds, wanted, self.name, one.number)
        ]
        if not (unwanted or missing):
            return
        self._retire(session, [each for each in self.generations if each.purpose == "as_of"])
        self._give_up(session, unwanted)
        self.begin_builds(session, missing)

    def _give_up(self, session: Session, builds: Sequence[Build]) -> None:
        """The rows that say so come before anything goes."""
        if not builds:
            return
        self._store_builds(session, [replace(build, state="retired") for build in builds])
        self.builds = [build for build in self.builds if build not in builds]
        for build in builds:
            forget_build(session, self.name, build.number)

    def begin_builds(self, session: Session, builds: Sequence[Build]) -> None:
        """Start filling new builds; older ones of the same models that were still filling are given up."""
        if not builds:
            return
        places = {(build.model.name, build.generation) for build in builds}
        stale = [
            each
            for each in self.builds
            if each.state == "filling" and (each.model.name, each.generation) in places
        ]
        new = numbered(session, self.name, builds)
        self._store_builds(session, [*(replace(build, state="retired") for build in stale), *new])
        self.builds = [build for build in self.builds if build not in stale] + new

    def fill(self, session: Session) -> bool:
        """One step of making what is not complete; False when there is nothing to do."""
        for generation in self.generations:
            if not generation.is_resolved:
                self._resolve_next(session, generation)
                return True
            filling = [each for each in self._builds_in(generation) if each.state == "filling"]
            if filling:
                self._fold_next(session, generation, filling)
                return True
            if generation.state == "filling":
                self._activate(session, generation, [])
                return True
        return False

    def _resolve_next(self, session: Session, generation: Generation) -> None:
        facts = self.facts(session, generation)
        nodes = facts.linked_after(generation.resolved_through, _RENEW_AT_ONCE)
        if nodes:
            renew(facts, nodes, self.version)
            session.sync()
        through = nodes[-1] if len(nodes) == _RENEW_AT_ONCE else ALL
        self._replace(session, replace(generation, resolved_through=through))

    def _fold_next(self, session: Session, generation: Generation, filling: Sequence[Build]) -> None:
        through = min(build.filled_through for build in filling)
        if through == FILLED:
            self._activate(session, generation, filling)
            return
        group = [build for build in filling if build.filled_through == through]
        target = Target(self.workspace, group, self.version)
        reached = fold_next(self.facts(session, generation), target, through, _FILL_AT_ONCE)
        session.sync()  # a power cut must not leave the row that says how far it is without the journeys
        done = [replace(build, filled_through=FILLED if reached is None else reached) for build in group]
        if reached is None and generation.state == "active":
            self._activate(session, generation, group)
        else:
            self._replace_builds(session, done)

    def _activate(self, session: Session, generation: Generation, filled: Sequence[Build]) -> None:
        """From one row on `filled` answer; what they take the place of goes."""
        if generation.purpose == "as_of":
            self._replace_builds(session, [replace(build, state="as_of") for build in filled])
        else:
            names = {build.model.name for build in filled}
            old = [each for each in self.builds if each.state == "active" and each.model.name in names]
            new = [replace(build, state="active") for build in filled]
            self._store_builds(session, [*(replace(build, state="retired") for build in old), *new])
            self.builds = [build for build in self.builds if build not in (*old, *filled)] + new
            for build in old:
                forget_build(session, self.name, build.number)
        if generation.state == "filling":
            self._replace(session, replace(generation, state="active"))
            if generation.purpose == "rules":
                self._retire(session, [g for g in self.generations if g.answers][:-1])

    def _finish(self, session: Session) -> None:
        """Where a death came between the builds of a generation and its own row, both answer from now on."""
        for generation in self.generations:
            states = {build.state for build in self._builds_in(generation)}
            if generation.state == "filling" and generation.purpose == "rules" and "active" in states:
                self._replace(session, replace(generation, state="active"))
        self._retire(session, [each for each in self.generations if each.answers][:-1])

    def _models(self) -> list[PhaseModel]:
        """Of each phase model the definition that answers or is about to."""
        rules = {each.number for each in self.generations if each.purpose == "rules"}
        builds = [build for build in self.builds if build.generation in rules]
        latest = {build.model.name: build.model for build in sorted(builds, key=lambda build: build.number)}
        return list(latest.values())

    def _replaced_by(self, new: Generation) -> list[Generation]:
        others = [each for each in self.generations if each.purpose == new.purpose]
        if new.purpose == "as_of":
            return sorted(others, key=lambda each: each.asked)[: 1 - MOST_AS_OF or None]
        return [each for each in others if not each.answers]

    def _retire(self, session: Session, generations: Sequence[Generation]) -> None:
        """Give up generations with their builds; the rows that say so come before anything goes."""
        if not generations:
            return
        numbers = {each.number for each in generations}
        builds = [build for build in self.builds if build.generation in numbers]
        if builds:
            self._store_builds(session, [replace(build, state="retired") for build in builds])
        store_generations(
            session, self.name, [replace(each, state="retired") for each in generations], self.version
        )
        self.builds = [build for build in self.builds if build not in builds]
        self.generations = [each for each in self.generations if each.number not in numbers]
        for build in builds:
            forget_build(session, self.name, build.number)
        forget_generations(session, self.name, numbers)

    def _drop_leftovers(self, session: Session) -> None:
        builds = {build.number for build in self.builds}
        rows = session.rows(statement("stitcher.sql", "stored_builds"), {"workspace": self.name})
        for number in {number for (number,) in rows} - builds:
            forget_build(session, self.name, number)
        known = {each.number for each in self.generations}
        rows = session.rows(statement("stitcher.sql", "stored_generations"), {"workspace": self.name})
        forget_generations(session, self.name, {number for (number,) in rows} - known)

    def _builds_in(self, generation: Generation) -> list[Build]:
        return [build for build in self.builds if build.generation == generation.number]

    def _store(self, session: Session, generations: Sequence[Generation]) -> None:
        store_generations(session, self.name, generations, self.version)
        numbers = {each.number for each in generations}
        kept = [each for each in self.generations if each.number not in numbers]
        self.generations = sorted([*kept, *generations], key=lambda each: each.number)

    def _replace(self, session: Session, generation: Generation) -> None:
        self._store(session, [generation])

    def _replace_builds(self, session: Session, builds: Sequence[Build]) -> None:
        self._store_builds(session, builds)
        by_number = {build.number: build for build in builds}
        self.builds = [by_number.get(build.number, build) for build in self.builds]

    def _store_builds(self, session: Session, builds: Sequence[Build]) -> None:
        store_builds(session, builds, self.version)


def _is_unwanted(build: Build, wanted: Mapping[str, PhaseModel], dropped: Collection[str]) -> bool:
    """A model that was dropped is nobody's; a definition that changed answers until the one after it is complete."""
    model = wanted.get(build.model.name)
    if model is None:
        return build.model.name in dropped
    return build.state == "filling" and build.model.version != model.version

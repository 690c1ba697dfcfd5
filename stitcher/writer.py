"""The writer of a workspace's views: applies changes in order and fills new builds between them.

All methods are sync and run on a thread that owns a warehouse session; one call at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from etappe import telemetry
from etappe.changes import Batch, Change, Undo
from etappe.phases import PhaseModel
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher import undone
from stitcher.builds import Build, builds_of, forget_build, missing_builds, numbered, store_builds
from stitcher.epochs import compose
from stitcher.fold import Target, fold
from stitcher.normalise import Item, restore
from stitcher.progress import store_progress
from stitcher.resolve import part, reach, renew, resolve_batches
from stitcher.spares import forget_spares, spares_of, spares_of_undone
from stitcher.undone import ImportId, Undone

_FILL_AT_ONCE = 20_000
_RENEW_AT_ONCE = 5_000
_UNDO_AT_ONCE = 20_000


@dataclass(slots=True)
class Writer:
    """Holds a workspace's settings, its builds and the writer's epoch; everything else it reads again.

    `attempted`: changes before this offset may have been applied in part, by this writer or one before it; at
    first all that the log holds.
    """

    workspace: Workspace
    epoch: int
    attempted: int
    builds: list[Build] = field(default_factory=list)
    last_offset: int = 0

    def start(self, session: Session, models: Mapping[str, PhaseModel]) -> None:
        """Read the builds, begin one for every definition that has none, and drop what a crash left behind."""
        self.builds = builds_of(session, self.workspace.name)
        self._begin(session, missing_builds(self.builds, models, self.workspace.name))
        current = {build.number for build in self.builds}
        rows = session.rows(statement("stitcher.sql", "stored_builds"), {"workspace": self.workspace.name})
        for number in {number for (number,) in rows} - current:
            forget_build(session, self.workspace.name, number)
        if all(build.state == "filling" for build in self.builds):
            self.fill(session)  # a workspace without history can be asked at once

    def apply(self, session: Session, changes: Sequence[tuple[int, Change]]) -> None:
        """Apply changes (offset, change) of this workspace in order; applying them again changes nothing."""
        run: list[tuple[int, Batch]] = []
        for offset, change in changes:
            if isinstance(change, Batch):
                run.append((offset, change))
                continue
            self._apply_batches(session, run)
            run = []
            self.last_offset = offset
            if isinstance(change, Undo):
                self._undo(session, Undone(change.workspace, change.import_id, change.asked))
            else:
                self._rebuild(session, offset)
        self._apply_batches(session, run)

    def fill(self, session: Session) -> bool:
        """Fill the next customers of the builds that are filling; False when there is nothing to fill."""
        filling = [build for build in self.builds if build.state == "filling"]
        if not filling:
            return False
        through = min(build.filled_through for build in filling)
        group = [build for build in filling if build.filled_through == through]
        rows = session.rows(
            statement("stitcher.sql", "customers_between"),
            {"workspace": self.workspace.name, "above": through, "count": _FILL_AT_ONCE},
        )
        customers = [customer for (customer,) in rows]
        fold(session, self._target(group), customers, (), {})
        if len(customers) == _FILL_AT_ONCE:
            self._replace(session, [replace(build, filled_through=customers[-1]) for build in group])
        else:
            self._activate(session, group)
        return True

    def _apply_batches(self, session: Session, run: Sequence[tuple[int, Batch]]) -> None:
        if not run:
            return
        again, self.last_offset = run[0][0] < self.attempted, run[-1][0]
        self.attempted = max(self.attempted, self.last_offset + 1)
        batches = [batch for _, batch in run]
        if decided := self._undone_in(session, batches):
            batches = [_lasting(batch, decided) for batch in batches]
            spares = spares_of_undone(session, self.workspace.name)
        else:
            events = [event for batch in batches for event in batch.spares]
            spares = spares_of(session, self.workspace.name, events)
        self._bring(session, batches, spares, again)

    def _bring(self, session: Session, batches: Sequence[Batch], spares: Sequence[Item], again: bool) -> None:
        """Bring the views up to date with batches, and with the spares that are needed."""
        restored, used = restore(session, spares) if spares else ([], [])
        if not (batches or restored):
            return
        batches, version = [*restored, *batches], compose(self.epoch, self.last_offset)
        with telemetry.STEP_SECONDS.labels("resolve").time():
            concerned = resolve_batches(session, self.workspace.name, batches, version, again)
        with telemetry.STEP_SECONDS.labels("fold").time():
            fold(session, self._target(self.builds), concerned.dirty, concerned.merged, concerned.owners)
        forget_spares(session, self.workspace.name, used)
        store_progress(session, self.workspace.name, batches, version)
        telemetry.FOLDED.inc(len(concerned.dirty))

    def _undo(self, session: Session, undo: Undone) -> None:
        """Take back what an import had brought; where others sent it too, theirs counts from now on."""
        undone.decide(session, undo)
        self._take_back(session, undo)
        self._bring(session, [], spares_of_undone(session, self.workspace.name), again=True)

    def _undone_in(self, session: Session, batches: Sequence[Batch]) -> Mapping[ImportId, int]:
        """The undone imports in batches that may have been on their way then; what they brought is taken back too."""
        imports = {(batch.workspace, each) for batch in batches for each in batch.imports}
        decided = undone.undone_imports(session, imports)
        for (workspace, import_id), asked in sorted(decided.items()):
            self._take_back(session, Undone(workspace, import_id, asked))
        return decided

    def _take_back(self, session: Session, undo: Undone) -> None:
        """Facts, then identities and journeys of all they concern; run again, it goes on where it was."""
        undone.note_concerned(session, undo)
        seeds = undone.concerned(session, undo)
        if not seeds:
            return
        for some in undone.in_groups(seeds, _RENEW_AT_ONCE):
            if more := reach(session, undo.workspace, some) - set(some):
                undone.note_more(session, undo, more)
        undone.take_back(session, undo)
        version = compose(self.epoch, self.last_offset)
        for some in undone.in_groups(undone.concerned(session, undo), _UNDO_AT_ONCE):
            changed = part(session, undo.workspace, some, version)
            fold(session, self._target(self.builds), changed.dirty, changed.merged, changed.owners)
            undone.finish(session, undo, some[-1])

    def _rebuild(self, session: Session, offset: int) -> None:
        """Identities from all links at once, journeys by new builds of the definitions that answer now."""
        above = 0
        while nodes := self._linked_after(session, above):
            renew(session, self.workspace.name, nodes, compose(self.epoch, offset))
            above = nodes[-1]
        active = [build for build in self.builds if build.state == "active"]
        self._begin(session, [replace(build, state="filling", filled_through=0) for build in active])

    def _linked_after(self, session: Session, above: int) -> list[int]:
        bound = {"workspace": self.workspace.name, "above": above, "count": _RENEW_AT_ONCE}
        return [node for (node,) in session.rows(statement("stitcher.sql", "linked_between"), bound)]

    def _begin(self, session: Session, builds: Sequence[Build]) -> None:
        """Start filling new builds; older ones of the same models that were still filling are given up."""
        if not builds:
            return
        names = {build.model.name for build in builds}
        stale = [each for each in self.builds if each.state == "filling" and each.model.name in names]
        new = numbered(session, self.workspace.name, builds)
        self._store(session, [*(replace(build, state="retired") for build in stale), *new])
        self.builds = [build for build in self.builds if build not in stale] + new

    def _activate(self, session: Session, filled: Sequence[Build]) -> None:
        names = {build.model.name for build in filled}
        old = [build for build in self.builds if build.state == "active" and build.model.name in names]
        new = [replace(build, state="active") for build in filled]
        self._store(session, [*(replace(build, state="retired") for build in old), *new])
        self.builds = [build for build in self.builds if build not in (*old, *filled)] + new
        for build in old:
            forget_build(session, self.workspace.name, build.number)

    def _replace(self, session: Session, builds: Sequence[Build]) -> None:
        self._store(session, builds)
        by_number = {build.number: build for build in builds}
        self.builds = [by_number.get(build.number, build) for build in self.builds]

    def _store(self, session: Session, builds: Sequence[Build]) -> None:
        store_builds(session, builds, compose(self.epoch, self.last_offset))

    def _target(self, builds: Sequence[Build]) -> Target:
        return Target(self.workspace, builds, compose(self.epoch, self.last_offset))


def _lasting(batch: Batch, undone: Mapping[ImportId, int]) -> Batch:
    """The batch without the links of undone imports."""
    links = [link for link in batch.links if link.stamp > undone.get((batch.workspace, link.import_id), -1)]
    return msgspec.structs.replace(batch, links=links)

"""The writer of a workspace's views: applies changes in order and fills what is being made between them.

All methods are sync and run on a thread that owns a warehouse session; one call at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from etappe import telemetry
from etappe.changes import Batch, Change, Expire, Order, Undo
from etappe.phases import PhaseModel
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from stitcher import undone
from stitcher.epochs import OFFSET_BITS, compose, newest_log
from stitcher.erasure.erasures import without_erased
from stitcher.expiring import Expiring, expire
from stitcher.fold import fold
from stitcher.items import Item
from stitcher.normalise import restore
from stitcher.orders import Orders
from stitcher.overrun import bans_of_overrun
from stitcher.progress import note_order, store_progress
from stitcher.remaking import remake
from stitcher.resolve import reach, resolve_batches
from stitcher.spares import forget_spares, spares_of, spares_of_undone
from stitcher.undone import ImportId, Undone
from stitcher.views import Views

_REACH_AT_ONCE = 5_000
_UNDO_AT_ONCE = 20_000


@dataclass(slots=True)
class Writer:
    """Holds a workspace's settings, its views and the writer's epoch; everything else it reads again.

    `attempted`: changes before this offset may have been applied in part, by this writer or one before it; at
    first all that the log holds.
    """

    workspace: Workspace
    epoch: int
    attempted: int
    newest_log: int = 0
    """The newest log's epoch, as far as it was looked up."""
    views: Views = field(init=False)
    expiring: Expiring = field(init=False)

    def __post_init__(self) -> None:
        self.views = Views(self.workspace, compose(self.epoch, 0))
        self.expiring = Expiring(self.views)

    def start(self, session: Session, models: Mapping[str, PhaseModel]) -> None:
        """Read the views, begin what is missing, and drop what a crash left behind."""
        self.views.start(session, models)

    def apply(self, session: Session, changes: Sequence[tuple[int, Change]]) -> None:
        """Apply changes (offset, change) of this workspace in order; applying them again changes nothing."""
        self.views.workspace = self.workspace
        run: list[tuple[int, Batch]] = []
        for offset, change in changes:
            if isinstance(change, Batch):
                run.append((offset, change))
                continue
            self._apply_batches(session, run)
            run = []
            self._at(offset)
            self._order(session, change)
            note_order(session, self.workspace.name, self.views.version)
        self._apply_batches(session, run)

    def fill(self, session: Session) -> bool:
        """One step of filling what is being made; False when there is nothing to fill."""
        self.views.workspace = self.workspace
        return self.expiring.step(session) or self.views.fill(session)

    def _at(self, offset: int) -> None:
        self.views.version = compose(self.epoch, offset)

    def _order(self, session: Session, order: Order) -> None:
        if isinstance(order, Expire):
            expire(session, order)
            self.expiring.is_idle = False
        elif isinstance(order, Undo):
            self._undo(session, Undone(order.workspace, order.import_id, order.asked))
        else:
            Orders(session, self.views).carry_out(order)

    def _apply_batches(self, session: Session, run: Sequence[tuple[int, Batch]]) -> None:
        if not run:
            return
        again = run[0][0] < self.attempted
        self._at(run[-1][0])
        self.attempted = max(self.attempted, run[-1][0] + 1)
        batches = [batch for _, batch in run]
        if decided := self._undone_in(session, batches):
            batches = [_lasting(batch, decided) for batch in batches]
            spares = spares_of_undone(session, self.workspace)
        else:
            events = [event for batch in batches for event in batch.spares]
            spares = spares_of(session, self.workspace, events)
        batches = without_erased(session, self.workspace.name, batches)
        self._bring(session, batches, spares, again)

    def _bring(self, session: Session, batches: Sequence[Batch], spares: Sequence[Item], again: bool) -> None:
        """Bring the views up to date with batches, and with the spares that are needed."""
        restored, used = restore(session, spares) if spares else ([], [])
        if not (batches or restored):
            return
        batches = [*restored, *batches]
        for generation in self.views.generations:
            facts = self.views.facts(session, generation)
            with telemetry.STEP_SECONDS.labels("resolve").time():
                concerned = resolve_batches(facts, batches, self.views.version, again)
            with telemetry.STEP_SECONDS.labels("fold").time():
                target = self.views.target(generation)
                fold(facts, target, concerned.dirty, concerned.merged, concerned.owners)
            telemetry.FOLDED.inc(len(concerned.dirty))
            if generation.answers:
                self._ban_overrun(session, concerned.overrun)
        forget_spares(session, self.workspace.name, used)
        store_progress(
            session, self.workspace.name, self._of_these_tables(session, batches), self.views.version
        )

    def _of_these_tables(self, session: Session, batches: Sequence[Batch]) -> Sequence[Batch]:
        """Without positions of an epoch that no log has here: tables that are gone gave it to the same records, which
        these tables may not have yet.
        """
        newest = max((at >> OFFSET_BITS for batch in batches for at in batch.positions.values()), default=0)
        if newest > self.newest_log:
            self.newest_log = newest_log(session)
        if newest <= self.newest_log or not self.newest_log:
            return batches
        return [msgspec.structs.replace(batch, positions=_up_to(batch, self.newest_log)) for batch in batches]

    def _ban_overrun(self, session: Session, overrun: Collection[tuple[int, str, int]]) -> None:
        for decision in bans_of_overrun(session, self.workspace.name, overrun):
            Orders(session, self.views).decide(decision)

    def _undo(self, session: Session, undo: Undone) -> None:
        """Take back what an import had brought; where others sent it too, theirs counts from now on."""
        undone.decide(session, undo)
        self._take_back(session, undo)
        self._bring(session, [], spares_of_undone(session, self.workspace), again=True)

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
        for some in undone.in_groups(seeds, _REACH_AT_ONCE):
            for generation in self.views.generations:
                if more := reach(self.views.facts(session, generation), some) - set(some):
                    undone.note_more(session, undo, more)
        undone.take_back(session, undo)
        for some in undone.in_groups(undone.concerned(session, undo), _UNDO_AT_ONCE):
            for generation in self.views.generations:
                remake(self.views.facts(session, generation), self.views.target(generation), some)
            undone.finish(session, undo, some[-1])


def _up_to(batch: Batch, epoch: int) -> dict[int, int]:
    return {partition: at for partition, at in batch.positions.items() if at >> OFFSET_BITS <= epoch}


def _lasting(batch: Batch, undone: Mapping[ImportId, int]) -> Batch:
    """The batch without the links of undone imports."""
    links = [link for link in batch.links if link.stamp > undone.get((batch.workspace, link.import_id), -1)]
    return msgspec.structs.replace(batch, links=links)

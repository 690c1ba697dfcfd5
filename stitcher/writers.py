"""The writers of the workspaces whose changes this member of the group holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from etappe.changes import Change
from etappe.errors import EtappeError
from etappe.eventlog import CHANGES, TOUCHPOINTS, Consumer, EventLog, partition_of
from etappe.phases import PhaseModel
from etappe.warehouse import Sessions
from etappe.workspaces import RegisterFile, Workspace
from stitcher.epochs import log_epoch, writer_epoch
from stitcher.writer import Writer


class UnknownWorkspace(EtappeError):
    """Changes of a workspace that is not in the register: put it back into workspaces_file."""


class Writers:
    """One writer per workspace held, all of one epoch; made again whenever partitions change hands."""

    def __init__(
        self, log: EventLog, sessions: Sessions, register: RegisterFile, models: Mapping[str, PhaseModel]
    ) -> None:
        self._log = log
        self._sessions = sessions
        self._register = register
        self._models = models
        self._writers: dict[str, Writer] = {}
        self._generation: int | None = None
        self._epoch = 0
        self._ends: Mapping[int, int] = {}

    async def follow(self, consumer: Consumer) -> None:
        """Take a new epoch when ownership changed, and a writer for every workspace that is held."""
        if consumer.generation != self._generation:
            await self._begin(consumer.generation)
        for name, workspace in self._register.current().workspaces.items():
            partition = partition_of(name.encode(), len(self._ends))
            if writer := self._writers.get(name):
                writer.workspace = workspace  # its settings may have changed
            elif partition in consumer.assigned:
                writer = Writer(workspace, self._epoch, self._ends[partition])
                await self._sessions.run(partial(writer.start, models=self._models))
                self._writers[name] = writer

    async def apply(self, workspace: str, changes: Sequence[tuple[int, Change]]) -> None:
        """Apply changes in order; UnknownWorkspace where the register does not have it (they stay in the log)."""
        writer = self._writers.get(workspace)
        if writer is None:
            raise UnknownWorkspace(f"{workspace!r}")
        await self._sessions.run(lambda session: writer.apply(session, changes))

    async def fill(self) -> bool:
        """One step of filling for every workspace; whether there is more."""
        more = [await self._sessions.run(writer.fill) for writer in self._writers.values()]
        return any(more)

    @property
    def held(self) -> list[Workspace]:
        """The workspaces whose changes are held, with their settings."""
        return [writer.workspace for writer in self._writers.values()]

    async def _begin(self, generation: int) -> None:
        self._writers = {}
        self._ends = (await self._log.ends(CHANGES)).offsets
        if log_id := await self._log.log_id(TOUCHPOINTS):
            # Before any change is applied: those of tables that are gone are told by it.
            await self._sessions.run(lambda session: log_epoch(session, log_id))
        self._epoch = await self._sessions.run(lambda session: writer_epoch(session, CHANGES))
        self._generation = generation

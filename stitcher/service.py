"""The stitcher: two loops over the event log, one that normalises touchpoints and one that applies changes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from etappe import telemetry
from etappe.changes import Change, decode_change, encode_change
from etappe.clock import Clock, system_clock
from etappe.errors import LogUnavailable, WarehouseUnavailable
from etappe.eventlog import (
    CHANGES,
    TOUCHPOINTS,
    Consumer,
    Entry,
    EventLog,
    Position,
    Record,
    connect_log,
    partition_of,
)
from etappe.memory import settle_memory
from etappe.phases import PhaseModel, load_models
from etappe.settings import Settings
from etappe.warehouse import Session, Sessions, connect_warehouse
from etappe.workspaces import RegisterFile
from stitcher.epochs import log_epoch, writer_epoch
from stitcher.normalise import NamedIdentifiers, normalise
from stitcher.writer import Writer

NORMALISE_GROUP = "normalise"
STITCH_GROUP = "stitch"

_CHANGES_AT_ONCE = 64
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 1.0

T = TypeVar("T")
log_line = structlog.get_logger()


class Stitcher:
    """Runs until `stop`; may be killed at any instant and started again anywhere."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        sessions: Sessions,
        register: RegisterFile,
        clock: Clock = system_clock,
    ) -> None:
        self._settings = settings
        self._log = log
        self._sessions = sessions
        self._register = register
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Both loops; ends after `stop`, or with the exception of the loop that failed."""
        models = load_models(self._settings.models_dir)
        settle_memory()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._normalise_loop())
            tasks.create_task(self._writer_loop(models))

    def stop(self) -> None:
        """Finish the batch in hand, commit and return from `run`."""
        self._stopping.set()

    async def _normalise_loop(self) -> None:
        consumer = await self._log.consumer(TOUCHPOINTS, NORMALISE_GROUP)
        commits = _Commits(consumer, self._sessions, self._settings.commit_seconds, self._clock)
        log_id = await self._log.log_id(TOUCHPOINTS)
        epoch = await self._sessions.run(lambda session: log_epoch(session, log_id))
        named = NamedIdentifiers()
        while not self._stopping.is_set():
            records = await self._poll(consumer, self._settings.stitch_batch, _IDLE_SECONDS)
            if records:
                await self._persist(partial(self._normalise, records, epoch, named))
                commits.note(records)
            await commits.when_due()
        await commits.now()
        await consumer.close()

    async def _normalise(self, records: Sequence[Record], epoch: int, named: NamedIdentifiers) -> None:
        with telemetry.STEP_SECONDS.labels("normalise").time():
            batches = await self._sessions.run(lambda session: normalise(session, records, epoch, named))
        entries = [Entry(batch.workspace.encode(), encode_change(batch)) for batch in batches]
        await self._log.append(CHANGES, entries)

    async def _writer_loop(self, models: dict[str, PhaseModel]) -> None:
        consumer = await self._log.consumer(CHANGES, STITCH_GROUP)
        commits = _Commits(consumer, self._sessions, self._settings.commit_seconds, self._clock)
        writers = _Writers(self._log, self._sessions, self._register, models)
        filling = True
        while not self._stopping.is_set():
            records = await self._poll(consumer, _CHANGES_AT_ONCE, 0.0 if filling else _IDLE_SECONDS)
            await writers.follow(consumer)  # after the poll, which may have changed what this member holds
            for workspace, changes in _by_workspace(records).items():
                await self._persist(partial(writers.apply, workspace, changes))
            commits.note(records)
            filling = await writers.fill()
            await commits.when_due()
        await commits.now()
        await consumer.close()

    async def _poll(self, consumer: Consumer, count: int, seconds: float) -> list[Record]:
        """Poll, but return at once when stopping."""
        polling = asyncio.ensure_future(consumer.poll(count, seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((polling, stopping), return_when=asyncio.FIRST_COMPLETED)
            return polling.result() if polling.done() else []
        finally:
            stopping.cancel()
            if not polling.done():
                polling.cancel()
                with suppress(asyncio.CancelledError):
                    await polling

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, again and again while a part of the system is away; it is idempotent."""
        while True:
            try:
                return await work()
            except (LogUnavailable, WarehouseUnavailable) as error:
                log_line.warning("waiting", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)


class _Commits:
    """Commits a consumer's offsets about once a second, after what they stand for survives a power cut."""

    def __init__(self, consumer: Consumer, sessions: Sessions, seconds: float, clock: Clock) -> None:
        self._consumer = consumer
        self._sessions = sessions
        self._every_ms = seconds * 1000
        self._clock = clock
        self._done: dict[int, int] = {}
        self._last = clock()

    def note(self, records: Sequence[Record]) -> None:
        for record in records:
            self._done[record.partition] = record.offset + 1

    async def when_due(self) -> None:
        if self._clock() - self._last >= self._every_ms:
            await self.now()

    async def now(self) -> None:
        self._last = self._clock()
        if not self._done:
            return
        position, self._done = Position(self._done), {}
        await self._sessions.run(Session.sync)
        await self._consumer.commit(position)


class _Writers:
    """The writers of the workspaces whose changes this member of the group holds."""

    def __init__(
        self, log: EventLog, sessions: Sessions, register: RegisterFile, models: dict[str, PhaseModel]
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
            self._generation = consumer.generation
            self._writers = {}
            self._ends = (await self._log.ends(CHANGES)).offsets
            self._epoch = await self._sessions.run(lambda session: writer_epoch(session, CHANGES))
        for name, workspace in self._register.current().workspaces.items():
            partition = partition_of(name.encode(), len(self._ends))
            if name in self._writers or partition not in consumer.assigned:
                continue
            writer = Writer(workspace, self._epoch, self._ends[partition])
            await self._sessions.run(partial(writer.start, models=self._models))
            self._writers[name] = writer

    async def apply(self, workspace: str, changes: Sequence[tuple[int, Change]]) -> None:
        """Apply changes; those of a workspace that has left the register are passed over, and said so."""
        writer = self._writers.get(workspace)
        if writer is None:
            log_line.error("changes of an unknown workspace", workspace=workspace, changes=len(changes))
            return
        await self._sessions.run(lambda session: writer.apply(session, changes))

    async def fill(self) -> bool:
        """One step of filling for every workspace; whether there is more."""
        more = [await self._sessions.run(writer.fill) for writer in self._writers.values()]
        return any(more)


def _by_workspace(records: Sequence[Record]) -> dict[str, list[tuple[int, Change]]]:
    found: dict[str, list[tuple[int, Change]]] = {}
    for record in records:
        change = decode_change(record.value)
        found.setdefault(change.workspace, []).append((record.offset, change))
    return found


async def serve(settings: Settings) -> None:
    """The stitcher as a service of its own, until SIGTERM or SIGINT."""
    log = await connect_log(settings.log, (CHANGES,), settings.log_options)
    sessions = Sessions(connect_warehouse(settings.warehouse), 2, name="stitcher")
    stitcher = Stitcher(settings, log, sessions, RegisterFile(settings.workspaces))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stitcher.stop)
    try:
        await stitcher.run()
    finally:
        await sessions.close()
        await log.close()

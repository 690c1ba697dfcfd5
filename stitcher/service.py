"""The stitcher: its two steps run side by side over the event log, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import structlog

from etappe import telemetry
from etappe.clock import Clock, system_clock
from etappe.errors import BadInput, LogUnavailable, SettingsError, WarehouseUnavailable
from etappe.eventlog import CHANGES, TOUCHPOINTS, Consumer, EventLog, connect_log
from etappe.memory import settle_memory
from etappe.phases import PhaseModel, load_models
from etappe.settings import Settings
from etappe.warehouse import Sessions, connect_warehouse
from etappe.workspaces import RegisterFile
from stitcher.inbox import Inbox
from stitcher.steps import Apply, Normalise
from stitcher.writers import UnknownWorkspace, Writers

NORMALISE_GROUP = "normalise"
STITCH_GROUP = "stitch"

_RETRY_SECONDS = 1.0
_AWAY = (LogUnavailable, WarehouseUnavailable, UnknownWorkspace)

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
        """Both steps; ends after `stop`, or with the exception of the step that failed."""
        models = self.models()
        normalise = Normalise(
            self._log,
            self._sessions,
            self._inbox(await self._log.consumer(TOUCHPOINTS, NORMALISE_GROUP)),
            self._settings.stitch_batch,
        )
        apply = Apply(
            self._inbox(await self._log.consumer(CHANGES, STITCH_GROUP)),
            Writers(self._log, self._sessions, self._register, models),
        )
        self._watch_lag(normalise.inbox, apply.inbox)
        settle_memory()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_ticking(normalise))
            tasks.create_task(self._keep_ticking(apply))

    def stop(self) -> None:
        """Finish the batch in hand, commit and return from `run`."""
        self._stopping.set()

    async def _keep_ticking(self, step: Normalise | Apply) -> None:
        """Tick after tick; while a part of the system is away, wait and do the same again."""
        while not self._stopping.is_set():
            try:
                await step.tick()
            except _AWAY as error:
                log_line.warning("waiting", reason=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RETRY_SECONDS)
        with suppress(*_AWAY):  # what is not committed comes again
            await step.inbox.commit()
        await step.inbox.consumer.close()

    def _inbox(self, consumer: Consumer) -> Inbox:
        return Inbox(consumer, self._sessions, self._settings.commit_seconds, self._clock)

    def models(self) -> dict[str, PhaseModel]:
        """The phase models to keep builds of; SettingsError where a file is none, so ask before anything starts."""
        try:
            return load_models(self._settings.models_dir)
        except BadInput as error:
            said = "; ".join(
                f"{each.field}: {each.value!r} (wanted {each.wanted})" for each in error.problems
            )
            raise SettingsError(
                f"ETAPPE_MODELS_DIR is {self._settings.models_dir}: {said}. `etappe models check FILE` checks one file."
            ) from error

    def _watch_lag(self, *inboxes: Inbox) -> None:
        def lag() -> float:
            stamps = [inbox.oldest for inbox in inboxes if inbox.oldest is not None]
            return max(0.0, (self._clock() - min(stamps)) / 1000) if stamps else 0.0

        retention = self._settings.log_retain_days * 86_400
        telemetry.LAG_SECONDS.set_function(lag)
        telemetry.LAG_OF_RETENTION.set_function(lambda: lag() / retention)


async def serve(settings: Settings) -> None:
    """The stitcher as a service of its own, until SIGTERM or SIGINT."""
    log = await connect_log(settings.log, (CHANGES,), settings.log_options)
    sessions = Sessions(connect_warehouse(settings.warehouse, settings.warehouse_cluster), 2, name="stitcher")
    stitcher = Stitcher(settings, log, sessions, RegisterFile(settings.workspaces))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stitcher.stop)
    try:
        await stitcher.run()
    finally:
        await sessions.close()
        await log.close()

"""The stitcher: its steps run side by side over the event log, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

import structlog

from etappe import telemetry
from etappe.clock import Clock, system_clock
from etappe.errors import (
    BadInput,
    EtappeError,
    LogDamaged,
    SettingsError,
)
from etappe.eventlog import CHANGES, IMPORTS, REJECTS, TOUCHPOINTS, Consumer, EventLog, connect_log
from etappe.lanes import GROUPS
from etappe.memory import settle_memory
from etappe.phases import PhaseModel, load_models
from etappe.settings import Settings
from etappe.warehouse import Sessions, connect_warehouse
from etappe.workspaces import RegisterFile
from stitcher.failing import AWAY, CannotApply
from stitcher.inbox import Inbox
from stitcher.lane import Pace
from stitcher.ratio import Halt, TooManyUnreadable
from stitcher.refusing import Bounds, Refusing
from stitcher.retention import Retention
from stitcher.steps import Apply, Normalise
from stitcher.writers import Writers

STITCH_GROUP = "stitch"
REJECTS_GROUP = "rejects"

_RETRY_SECONDS = 1.0
_HALT_SECONDS = 60.0

Step = Normalise | Apply | Refusing

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
        *,
        halt: Halt | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._sessions = sessions
        self._register = register
        self._clock = clock
        self.halt = halt or Halt()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """All steps; ends after `stop`, or with the exception of the step that failed."""
        models = self.models()
        live = await self._log.consumer(TOUCHPOINTS, GROUPS[TOUCHPOINTS])
        normalise = Normalise(
            self._log,
            self._sessions,
            self._inbox(live),
            self._inbox(await self._log.follower(IMPORTS, GROUPS[IMPORTS], live)),
            Pace(self._sessions, self._settings.stitch_batch, self._clock),
            register=self._register,
            batch=self._settings.stitch_batch,
            reject_ratio=self._settings.reject_ratio,
        )
        apply = Apply(
            self._inbox(await self._log.consumer(CHANGES, STITCH_GROUP)),
            Writers(self._log, self._sessions, self._register, models),
            Retention(self._log, self._sessions, self._clock),
        )
        refusing = Refusing(
            self._log,
            self._sessions,
            self._inbox(await self._log.consumer(REJECTS, REJECTS_GROUP)),
            self._bounds(),
            self._clock,
        )
        self._watch_lag((normalise.inbox, apply.inbox), normalise.lane)
        settle_memory()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_ticking(normalise))
            tasks.create_task(self._keep_ticking(apply))
            tasks.create_task(self._keep_ticking(refusing))

    def stop(self) -> None:
        """Finish the batch in hand, commit and return from `run`."""
        self._stopping.set()

    async def _keep_ticking(self, step: Step) -> None:
        """Tick after tick; while a part of the system is away, wait and do the same again."""
        while not self._stopping.is_set():
            try:
                await step.tick()
                self.halt.go(step)
            except (TooManyUnreadable, LogDamaged, CannotApply) as error:  # waiting would change nothing
                await self._stand_still(step, error)
            except AWAY as error:
                log_line.warning("waiting", reason=str(error))
                await self._pause(_RETRY_SECONDS)
        for inbox in inboxes_of(step):
            with suppress(*AWAY):  # what is not committed comes again
                await inbox.commit()
        for inbox in reversed(inboxes_of(step)):  # who follows leaves before whom it follows
            await inbox.consumer.close()

    async def _stand_still(self, step: Step, why: EtappeError) -> None:
        """Say so wherever somebody looks, for a minute; what was done before is committed."""
        log_line.error("stands still", reason=str(why))
        self.halt.stand(step, why)
        for inbox in inboxes_of(step):
            with suppress(*AWAY):
                await inbox.commit()
        await self._pause(_HALT_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _bounds(self) -> Bounds:
        settings = self._settings
        return Bounds(settings.rejects_days, settings.rejects_rows, settings.rejects_bytes)

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

    def _watch_lag(self, live: Sequence[Inbox], lane: Inbox) -> None:
        """An import is expected to wait, but not until the log forgets it."""

        def lag(*inboxes: Inbox) -> float:
            stamps = [inbox.oldest for inbox in inboxes if inbox.oldest is not None]
            return max(0.0, (self._clock() - min(stamps)) / 1000) if stamps else 0.0

        telemetry.HALTED.set_function(lambda: self.halt.count)
        retention = self._settings.log_retain_days * 86_400
        telemetry.LAG_SECONDS.set_function(lambda: lag(*live))
        telemetry.LAG_OF_RETENTION.set_function(lambda: lag(*live, lane) / retention)


def inboxes_of(step: Step) -> list[Inbox]:
    """Those that a step takes from; one that follows another comes after it."""
    return [step.inbox, step.lane] if isinstance(step, Normalise) else [step.inbox]


async def serve(settings: Settings, halt: Halt | None = None) -> None:
    """The stitcher as a service of its own, until SIGTERM or SIGINT; `halt` tells when it stands still."""
    log = await connect_log(settings.log, (CHANGES,), settings.log_options)
    sessions = Sessions(connect_warehouse(settings.warehouse, settings.warehouse_cluster), 2, name="stitcher")
    stitcher = Stitcher(settings, log, sessions, RegisterFile(settings.workspaces), halt=halt)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stitcher.stop)
    try:
        await stitcher.run()
    finally:
        await sessions.close()
        await log.close()

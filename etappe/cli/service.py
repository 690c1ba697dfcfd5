"""How a service command runs: settings, logs, event loop, and signals that mean 'finish and exit with 0'."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer
import uvloop

from etappe.cli.orphan import end_with_parent
from etappe.errors import EtappeError
from etappe.logs import configure_logging
from etappe.settings import Settings, read_settings

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]

Serve = Callable[[Settings], Coroutine[Any, Any, None]]


def run_service(serve: Serve, *, supervised: bool = False, **given: object) -> None:
    """Serve until SIGTERM or SIGINT. EtappeError where the log or the warehouse cannot be opened."""
    settings = read_settings(**given)
    os.umask(0o077)  # what a service writes is its owner's alone
    configure_logging(settings.log_level, settings.log_format)
    if supervised:
        end_with_parent()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signal(serve(settings)))
    except BaseExceptionGroup as group:
        # A message of ours stays one, however many tasks it came through.
        ours, others = group.split(EtappeError)
        if ours is None or others is not None:
            raise
        raise _first(ours) from group


async def _until_signal(serving: Coroutine[Any, Any, None]) -> None:
    """Signals cancel what serves; a server that handles them itself may, and finishes before that."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(serving)
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


def _first(group: BaseExceptionGroup[EtappeError]) -> EtappeError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found

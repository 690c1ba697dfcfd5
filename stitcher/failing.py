"""Failing changes: what cannot be applied however often it is tried. Views rest on all changes in their order, so none
is left out: the step stands still before it and says so, until a version comes that can apply it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from etappe.errors import EtappeError, LogUnavailable, WarehouseUnavailable
from stitcher.writers import UnknownWorkspace

AWAY = (LogUnavailable, WarehouseUnavailable, UnknownWorkspace)
"""What says that a part of the system is away, and is waited for."""

_TRIES = 3

T = TypeVar("T")

log_line = structlog.get_logger()


class CannotApply(EtappeError):
    """The stitcher cannot bring the views up to date, so it stands still: nothing that follows is applied."""


async def tried(work: Callable[[], Awaitable[T]], what: str) -> T:
    """What `work` gives; CannotApply where it fails every time, for reasons of its own."""
    for _ in range(_TRIES):
        try:
            return await work()
        except AWAY:
            raise
        except Exception as error:
            failure = error
    log_line.error("cannot apply", what=what, exc_info=failure)
    raise CannotApply(
        f"{what} failed {_TRIES} times ({type(failure).__name__}; the traceback is in the log). It stays in the event "
        "log, and so does what comes after it, as long as the log keeps it: run a version that can apply it, it goes "
        "on from here."
    ) from failure

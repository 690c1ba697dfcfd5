"""What answers come from: handed to the application when it is made, so that nothing is global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etappe.clock import Clock
from etappe.eventlog import EventLog
from etappe.warehouse import Sessions
from etappe.workspaces import Register


@dataclass(frozen=True, slots=True)
class Sources:
    """`sessions` are read-only; `register` gives the workspaces and keys as they are now.

    `takes_orders`: whether operators' orders may be written to `log` here.
    """

    sessions: Sessions
    log: EventLog | None
    register: Callable[[], Register]
    clock: Clock
    takes_orders: bool = True

"""What answers come from: handed to the application when it is made, so that nothing is global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from etappe.clock import Clock
from etappe.eventlog import EventLog
from etappe.rates import NO_LIMITS, RateLimits, Rates
from etappe.register import RegisterEditor
from etappe.workspaces import Register
from query_api.collector import ConnectCollector
from query_api.questions import Questions


@dataclass(frozen=True, slots=True)
class Sources:
    """`sessions` are read-only; `register` gives the workspaces and keys as they are now.

    `takes_orders`: whether operators' orders may be written to `log` here. `editor` changes the register, where
    that is possible; `rate_limits` are those of keys which have none of their own.
    `collector` makes a client for the collector. `answer_bytes`: an answer that is streamed may have so many.
    """

    sessions: Questions
    log: EventLog | None
    register: Callable[[], Register]
    clock: Clock
    takes_orders: bool = True
    collector: ConnectCollector | None = None
    editor: RegisterEditor | None = None
    rate_limits: RateLimits = NO_LIMITS
    rates: Rates = field(default_factory=Rates)
    answer_bytes: int = 4 << 30

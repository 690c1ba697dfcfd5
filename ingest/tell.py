"""What the collector's log says of requests that were not taken as they came: which request, which events, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from etappe.clock import Clock, system_clock
from etappe.errors import LogUnavailable
from etappe.eventlog import Entry
from etappe.logs import MOST_IDS, request_id
from ingest.records import Records

MOST_LINES = 20
"""A second of each kind: who sends nothing but rubbish, or a log that is away, must not fill the disk."""

log_line = structlog.get_logger()

Tell = Callable[..., object]


class Seldom:
    """Lets so many lines of one kind pass in each second; the next one says how many did not."""

    def __init__(self, clock: Clock = system_clock, most: int = MOST_LINES) -> None:
        self._clock = clock
        self._most = most
        self._second = 0
        self._said = 0
        self._unsaid = 0

    def say(self, tell: Tell, event: str, **values: object) -> None:
        second = self._clock() // 1000
        if second != self._second:
            self._second, self._said = second, 0
        if self._said >= self._most:
            self._unsaid += 1
            return
        self._said += 1
        unsaid, self._unsaid = self._unsaid, 0
        tell(event, **values, **({"lines_left_out": unsaid} if unsaid else {}))


_REFUSED, _NOT_STORED = Seldom(), Seldom()


def refused(given: bytes, records: Records) -> None:
    """Some events of a request were refused; `given` is its `X-Request-Id`. Ids are those of the list of rejects."""
    reasons = Counter(each.refusal.reason.code for each in records.refused)
    _REFUSED.say(
        log_line.info, "events refused", request=request_id(given), workspace=records.workspace,
        protocol=records.protocol, accepted=len(records.accepted), reasons=dict(reasons), ids=_ids(records.rejects),
    )  # fmt: skip


def not_stored(given: bytes, records: Records, error: LogUnavailable) -> None:
    """A request got a 503."""
    _NOT_STORED.say(
        log_line.warning, "not stored", request=request_id(given), workspace=records.workspace,
        protocol=records.protocol, events=len(records.accepted), ids=_ids(records.accepted), error=str(error),
    )  # fmt: skip


def _ids(entries: Sequence[Entry]) -> list[str]:
    """The first ones; an id that holds an address is not said."""
    names = (each.key.partition(b"\0")[2].decode(errors="replace") for each in entries[:MOST_IDS])
    return [name for name in names if "@" not in name]

"""What somebody asks of journeys, read from the parameters of the request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from query_api.builds import Builds
from query_api.common import COMMON, Range
from query_api.filters import WHERE, Condition, read_where
from query_api.funnel.question import MODEL
from query_api.identity.as_of import IDENTITY_AT
from query_api.pages import LIMIT
from query_api.parameters import LATEST, TIME, Parameter, Reader, read_duration, read_time

_CUSTOMER = re.compile(r"[0-9a-f]{16}")
_CURSOR = re.compile(r"(\d{1,15})_([0-9a-f]{16})", re.ASCII)
_LAST_KEY = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the last journey's end (ms) and its customer."""

    over: int
    customer: int

    def __str__(self) -> str:
        return f"{self.over}_{self.customer:016x}"


_BEFORE_ALL = Place(LATEST + 1, _LAST_KEY)


@dataclass(frozen=True, slots=True)
class JourneysQuestion:
    """`range`: of the beginnings. `since`: ended at or after (ms). `stuck_for` in ms. None: whatever it is."""

    model: str
    phase: str | None
    stuck_for: int | None
    since: int | None
    live: bool | None
    customer: int | None
    where: tuple[Condition, ...]
    range: Range
    limit: int | None
    after: Place


def _read_live(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _read_customer(text: str) -> int:
    if not _CUSTOMER.fullmatch(text):
        raise ValueError(text)
    return int(text, 16)


def _read_cursor(text: str) -> Place:
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Place(int(found.group(1)), int(found.group(2), 16))


PHASE: Parameter[str | None] = Parameter("phase", "a phase of the model: the journey is in it now", str, None)
STUCK_FOR: Parameter[int | None] = Parameter(
    "stuck_for", "a duration like 7d (whole number and ms, s, m, h, d or w): live, not converted, so long in its phase",
    read_duration, None, schema={"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"},
)  # fmt: skip
SINCE: Parameter[int | None] = Parameter(
    "since", "an ISO 8601 time or date: ended then or later", read_time, None, schema=TIME
)
LIVE: Parameter[bool | None] = Parameter(
    "live", "true: the last touchpoint is no longer ago than the gap that ends a journey; false: the others",
    _read_live, None, schema={"type": "boolean"},
)  # fmt: skip
CUSTOMER: Parameter[int | None] = Parameter(
    "customer", "a customer's id, 16 hex digits", _read_customer, None,
    schema={"type": "string", "pattern": "^[0-9a-f]{16}$"},
)  # fmt: skip
CURSOR = Parameter("cursor", "what meta.next gave", _read_cursor, _BEFORE_ALL)

JOURNEYS: tuple[Parameter[Any], ...] = (
    MODEL, PHASE, STUCK_FOR, SINCE, LIVE, CUSTOMER, WHERE, LIMIT, CURSOR, IDENTITY_AT, *COMMON,
)  # fmt: skip


def read_journeys_question(reader: Reader, asked: Range) -> JourneysQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return JourneysQuestion(
        model=reader.take(MODEL),
        phase=reader.take(PHASE),
        stuck_for=reader.take(STUCK_FOR),
        since=reader.take(SINCE),
        live=reader.take(LIVE),
        customer=reader.take(CUSTOMER),
        where=read_where(reader),
        range=asked,
        limit=reader.take(LIMIT),
        after=reader.take(CURSOR),
    )


def check_phase(question: JourneysQuestion, builds: Builds, reader: Reader) -> None:
    """Leaves with `reader` a phase that the model does not have."""
    build = builds.get(question.model)
    if build is not None and question.phase is not None and question.phase not in build.phases:
        reader.refuse("phase", question.phase, f"one of the phases {', '.join(build.phases)}")


AT: Parameter[int | None] = Parameter(
    "at", "an ISO 8601 time or date (00:00 UTC), included; default now", read_time, None, schema=TIME
)
PHASE_AT: tuple[Parameter[Any], ...] = (AT, MODEL, IDENTITY_AT, *COMMON)


@dataclass(frozen=True, slots=True)
class PhaseQuestion:
    """`at` in ms, None: now."""

    customer: int
    model: str
    at: int | None


def read_phase_question(reader: Reader, customer: int) -> PhaseQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return PhaseQuestion(customer, reader.take(MODEL), reader.take(AT))

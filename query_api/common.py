"""What every question may say: the time range, the format, and which position must be included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from etappe.errors import BadInput
from etappe.eventlog import Position
from query_api.parameters import EARLIEST, LATEST, TIME, Parameter, Reader, read_time

_DAY = 86_400_000

Format = Literal["json", "csv", "ndjson", "arrow", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_WEIGHT = re.compile(r"[01](\.[0-9]{0,3})?")

_ACCEPTED: dict[str, Format] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Range:
    """`begin` ≤ time < `end`, in ms; None: open."""

    begin: int | None
    end: int | None

    @property
    def bounds(self) -> dict[str, int]:
        """What statements bind."""
        return {
            "from": EARLIEST if self.begin is None else self.begin,
            "to": LATEST if self.end is None else self.end,
        }

    @property
    def open(self) -> bool:
        return self.begin is None and self.end is None

    @property
    def of_whole_days(self) -> bool:
        """Whether it begins and ends at midnight UTC, or is open there."""
        return all(each is None or each % _DAY == 0 for each in (self.begin, self.end))


@dataclass(frozen=True, slots=True)
class Common:
    """The part of a question that all calls share."""

    range: Range
    format: Format
    after: Position | None
    timeout: float


def _read_format(text: str) -> Format:
    if text not in FORMATS:
        raise ValueError(text)
    return text


def _read_position(text: str) -> Position | None:
    try:
        position = Position.parse(text)
    except BadInput as error:
        raise ValueError(text) from error
    if any(number < 0 or number >= 1 << 40 for pair in position.offsets.items() for number in pair):
        raise ValueError(text)
    return position


_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,20})?([eE]-[0-9]{1,3})?")


def _read_timeout(text: str) -> float:
    seconds = float(text) if _NUMBER.fullmatch(text) else -1
    if not 0 <= seconds <= 600:
        raise ValueError(text)
    return seconds


FROM: Parameter[int | None] = Parameter(
    "from", "an ISO 8601 time or date (00:00 UTC), included", read_time, None, schema=TIME
)
TO: Parameter[int | None] = Parameter(
    "to", "an ISO 8601 time or date (00:00 UTC), excluded", read_time, None, schema=TIME
)
FORMAT: Parameter[Format | None] = Parameter(
    "format", f"one of {', '.join(FORMATS)}; default by Accept, else json", _read_format, None,
    schema={"type": "string", "enum": list(FORMATS)},
)  # fmt: skip
AFTER: Parameter[Position | None] = Parameter(
    "after", "a position as in X-Etappe-Position, like 0-5_3-12", _read_position, None
)
TIMEOUT = Parameter(
    "timeout", "seconds to wait for `after` and for what is made on demand, 0 to 600; default 10", _read_timeout, 10.0,
    schema={"type": "number", "minimum": 0, "maximum": 600, "default": 10},
)  # fmt: skip

COMMON: tuple[Parameter[Any], ...] = (FROM, TO, FORMAT, AFTER, TIMEOUT)


def read_common(reader: Reader, accept: str) -> Common:
    """The shared part; `accept` is the request's Accept header."""
    begin, end = reader.take(FROM), reader.take(TO)
    if begin is not None and end is not None and begin >= end:
        reader.refuse("to", reader.text("to"), f"a time after from={reader.text('from')}")
    return Common(Range(begin, end), read_format(reader, accept), reader.take(AFTER), reader.take(TIMEOUT))


def read_format(reader: Reader, accept: str) -> Format:
    """As asked for, else by the request's Accept header."""
    return reader.take(FORMAT) or _by_accept(accept)


def _by_accept(accept: str) -> Format:
    """The kind wanted most, of equally wanted ones the first (RFC 9110, section 12.5.1); JSON where none is ours."""
    wanted: list[tuple[float, Format]] = []
    for part in accept.lower().split(","):
        kind, *parameters = (each.strip() for each in part.split(";"))
        weight = next((_weight(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
        if kind in _ACCEPTED and weight > 0:
            wanted.append((weight, _ACCEPTED[kind]))
    return max(wanted, key=lambda each: each[0])[1] if wanted else "json"


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 1.0

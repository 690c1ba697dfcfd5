"""What somebody asks of the phase funnel, read from the parameters of the request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from query_api.common import COMMON, Range
from query_api.filters import WHERE, Condition, read_where
from query_api.identity.as_of import IDENTITY_AT
from query_api.parameters import Parameter, Reader, one_of, read_duration, whole_number

Order = Literal["reached", "touched", "ordered", "strict"]
Unit = Literal["customer", "journey", "account"]
Touch = Literal["first", "last"]
Basis = Literal["started", "within"]

COLUMNS = ("channel", "first_channel", "campaign", "source", "contact", "device", "country")
"""Values of `by` that journeys hold."""
SEGMENT = "segment"
NAMED = ("experiment", "property", "trait")
"""Values of `by` that take a name and are looked up in touchpoints."""

MOST_PERCENTILES = 10


@dataclass(frozen=True, slots=True)
class By:
    """What groups are made of: `kind` is one of COLUMNS or NAMED, or SEGMENT; `name` is empty but for NAMED."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class FunnelQuestion:
    """`window` in ms, None: no limit; `interval` is day, week, month or None; `percentiles` 0 to 100."""

    model: str
    order: Order
    unit: Unit
    window: int | None
    by: By | None
    touch: Touch
    interval: str | None
    range: Range
    basis: Basis = "started"
    where: tuple[Condition, ...] = ()
    percentiles: tuple[int, ...] = ()
    entries: bool = False

    @property
    def is_within(self) -> bool:
        """Whether touchpoints outside the range have to be left out: in an open one there are none."""
        return self.basis == "within" and not self.range.open

    @property
    def is_plain(self) -> bool:
        """Whether one group is asked for, with the columns and the order that are so by default."""
        more = self.interval or self.percentiles or self.entries or self.where
        return self.by is None and self.order == "reached" and not more


def _read_by(text: str) -> By:
    kind, colon, name = text.partition(":")
    if (kind in (*COLUMNS, SEGMENT) and not colon) or (kind in NAMED and name):
        return By(kind, name)
    raise ValueError(text)


def _read_interval(text: str) -> str:
    if text not in ("day", "week", "month"):
        raise ValueError(text)
    return text


_read_percentile = whole_number(0, 100)


def _read_percentiles(text: str) -> tuple[int, ...]:
    levels = tuple(dict.fromkeys(_read_percentile(part) for part in text.split(",")))
    if len(levels) > MOST_PERCENTILES:
        raise ValueError(text)
    return levels


def _read_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


MODEL = Parameter("model", "the name of an active phase model; default acpl", str, "acpl")
ORDER = one_of("order", ("reached", "touched", "ordered", "strict"), "reached")
UNIT = one_of("unit", ("customer", "journey", "account"), "customer")
WINDOW: Parameter[int | None] = Parameter(
    "window", "a duration from a journey's first touchpoint like 30d: a whole number and ms, s, m, h, d or w",
    read_duration, None, schema={"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"},
)  # fmt: skip
BY: Parameter[By | None] = Parameter(
    "by", f"one of {', '.join(COLUMNS)}, {SEGMENT}, {', '.join(f'{kind}:NAME' for kind in NAMED)}", _read_by, None,
    schema={"type": "string", "pattern": f"^({'|'.join(COLUMNS)}|{SEGMENT}|({'|'.join(NAMED)}):.+)$"},
)  # fmt: skip
TOUCH = one_of("touch", ("first", "last"), "first")
INTERVAL: Parameter[str | None] = Parameter(
    "interval", "one of day, week, month", _read_interval, None,
    schema={"type": "string", "enum": ["day", "week", "month"]},
)  # fmt: skip
BASIS = one_of("basis", ("started", "within"), "started")
PERCENTILES: Parameter[tuple[int, ...]] = Parameter(
    "percentiles", f"at most {MOST_PERCENTILES} whole numbers from 0 to 100, commas between them, like 10,90",
    _read_percentiles, (), schema={"type": "string", "pattern": "^(100|[1-9]?[0-9])(,(100|[1-9]?[0-9])){0,9}$"},
)  # fmt: skip
ENTRIES = Parameter(
    "entries", "true or false: whether to count the units that entered by each phase; default false", _read_flag, False,
    schema={"type": "boolean", "default": False},
)  # fmt: skip

CHOICE: tuple[Parameter[Any], ...] = (
    MODEL, ORDER, UNIT, WINDOW, BY, TOUCH, INTERVAL, BASIS, WHERE, IDENTITY_AT, *COMMON,
)  # fmt: skip
"""What says which units are counted where."""
PARAMETERS: tuple[Parameter[Any], ...] = (*CHOICE, PERCENTILES, ENTRIES)


def read_choice(reader: Reader, asked: Range) -> FunnelQuestion:
    """The question without the columns that only the funnel has; what is wrong with it is left with `reader`."""
    return FunnelQuestion(
        model=reader.take(MODEL),
        order=cast(Order, reader.take(ORDER)),
        unit=cast(Unit, reader.take(UNIT)),
        window=reader.take(WINDOW),
        by=reader.take(BY),
        touch=cast(Touch, reader.take(TOUCH)),
        interval=reader.take(INTERVAL),
        range=asked,
        basis=cast(Basis, reader.take(BASIS)),
        where=read_where(reader),
    )


def read_question(reader: Reader, asked: Range) -> FunnelQuestion:
    """The question; what is wrong with it is left with `reader`."""
    percentiles, entries = reader.take(PERCENTILES), reader.take(ENTRIES)
    return replace(read_choice(reader, asked), percentiles=percentiles, entries=entries)

"""What somebody asks of the phase funnel, read from the parameters of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from query_api.as_of import IDENTITY_AT
from query_api.common import COMMON, Range
from query_api.parameters import Parameter, Reader, one_of, read_duration

Order = Literal["reached", "touched", "ordered", "strict"]
Unit = Literal["customer", "journey", "account"]
Touch = Literal["first", "last"]

COLUMNS = ("channel", "first_channel", "campaign", "source", "contact", "device", "country")
"""Values of `by` that journeys hold."""
NAMED = ("experiment", "property", "trait")
"""Values of `by` that take a name and are looked up in touchpoints."""


@dataclass(frozen=True, slots=True)
class By:
    """What groups are made of: `kind` is one of COLUMNS or NAMED; `name` is empty for COLUMNS."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class FunnelQuestion:
    """`window` in ms, None: no limit; `interval` is day, week, month or None."""

    model: str
    order: Order
    unit: Unit
    window: int | None
    by: By | None
    touch: Touch
    interval: str | None
    range: Range


def _read_by(text: str) -> By:
    kind, colon, name = text.partition(":")
    if (kind in COLUMNS and not colon) or (kind in NAMED and name):
        return By(kind, name)
    raise ValueError(text)


def _read_interval(text: str) -> str:
    if text not in ("day", "week", "month"):
        raise ValueError(text)
    return text


def _not_available(text: str) -> None:
    raise ValueError(text)


MODEL = Parameter("model", "the name of an active phase model; default acpl", str, "acpl")
ORDER = one_of("order", ("reached", "touched", "ordered", "strict"), "reached")
UNIT = one_of("unit", ("customer", "journey", "account"), "customer")
WINDOW: Parameter[int | None] = Parameter(
    "window", "a duration from a journey's first touchpoint like 30d: a whole number and ms, s, m, h, d or w",
    read_duration, None, schema={"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"},
)  # fmt: skip
BY: Parameter[By | None] = Parameter(
    "by", f"one of {', '.join(COLUMNS)}, {', '.join(f'{kind}:NAME' for kind in NAMED)}", _read_by, None,
    schema={"type": "string", "pattern": f"^({'|'.join(COLUMNS)}|({'|'.join(NAMED)}):.+)$"},
)  # fmt: skip
TOUCH = one_of("touch", ("first", "last"), "first")
INTERVAL: Parameter[str | None] = Parameter(
    "interval", "one of day, week, month", _read_interval, None,
    schema={"type": "string", "enum": ["day", "week", "month"]},
)  # fmt: skip
BASIS = one_of("basis", ("started",), "started")
WHERE = Parameter("where", "left out: filters are not available yet", _not_available, None, schema={})

PARAMETERS: tuple[Parameter[Any], ...] = (
    MODEL, ORDER, UNIT, WINDOW, BY, TOUCH, INTERVAL, BASIS, WHERE, IDENTITY_AT, *COMMON,
)  # fmt: skip

_LATER = {("basis", "within"): "started: within is not available yet",
          ("by", "segment"): "anything but segment, which is not available yet"}  # fmt: skip


def read_question(reader: Reader, asked: Range) -> FunnelQuestion:
    """The question; what is wrong with it is left with `reader`."""
    reader.take(WHERE)
    return FunnelQuestion(
        model=reader.take(MODEL),
        order=cast(Order, reader.take(ORDER)),
        unit=cast(Unit, reader.take(UNIT)),
        window=reader.take(WINDOW),
        by=_take(reader, BY),
        touch=cast(Touch, reader.take(TOUCH)),
        interval=reader.take(INTERVAL),
        range=_with_basis(reader, asked),
    )


def _with_basis(reader: Reader, asked: Range) -> Range:
    _take(reader, BASIS)
    return asked


def _take(reader: Reader, parameter: Parameter[Any]) -> Any:
    """As `reader.take`, saying so where a value is one that will come later."""
    text = reader.text(parameter.name)
    later = _LATER.get((parameter.name, text or ""))
    if later is None:
        return reader.take(parameter)
    reader.refuse(parameter.name, text, later)
    return parameter.default

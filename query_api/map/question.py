"""What somebody asks of the journey map, read from the parameters of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from query_api.builds import Build
from query_api.common import COMMON, Range
from query_api.filters import WHERE, Condition, read_where
from query_api.funnel.question import MODEL
from query_api.identity.as_of import IDENTITY_AT
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader

PHASE: Parameter[str | None] = Parameter("phase", "a phase of the model", str, None, required=True)
CHANNEL = Parameter("channel", "a channel; empty (default): touchpoints without one", str, "")

MAP_PARAMETERS: tuple[Parameter[Any], ...] = (MODEL, WHERE, IDENTITY_AT, *COMMON)
PEOPLE_PARAMETERS: tuple[Parameter[Any], ...] = (
    MODEL, PHASE, CHANNEL, WHERE, LIMIT, OFFSET, IDENTITY_AT, *COMMON,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MapQuestion:
    model: str
    where: tuple[Condition, ...]
    range: Range


@dataclass(frozen=True, slots=True)
class CellQuestion:
    """The people of one cell; `limit` None: all of them."""

    map: MapQuestion
    phase: str
    channel: str
    limit: int | None
    offset: int


def read_map_question(reader: Reader, asked: Range) -> MapQuestion:
    """The question; what is wrong with it is left with `reader`."""
    return MapQuestion(reader.take(MODEL), read_where(reader), asked)


def read_cell_question(reader: Reader, asked: Range) -> CellQuestion:
    """As `read_map_question`, and which cell."""
    return CellQuestion(
        read_map_question(reader, asked),
        reader.take(PHASE) or "",
        reader.take(CHANNEL),
        reader.take(LIMIT),
        reader.take(OFFSET),
    )


def check_phase(question: CellQuestion, build: Build, reader: Reader) -> None:
    """BadInput where the model has no such phase."""
    if question.phase not in build.phases:
        reader.refuse("phase", question.phase, f"one of the phases {', '.join(build.phases)}")
    reader.finish()

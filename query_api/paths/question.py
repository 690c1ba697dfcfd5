"""What somebody asks of paths and of sequences, read from the parameters of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from query_api.builds import Build
from query_api.common import COMMON, Range
from query_api.filters import WHERE, Condition, read_where
from query_api.funnel.question import MODEL
from query_api.identity.as_of import IDENTITY_AT
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader, one_of, whole_number

By = Literal["phase", "channel", "event"]

NONE = "(none)"
"""The node of touchpoints without a channel."""
OTHER = "(other)"
"""The node of all that are not among the most frequent of their column."""
MORE = "(more)"
"""What stands after the last node of a sequence that is longer than MOST_NODES."""
MOST_NODES = 100


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """`start` and `end` are nodes, empty: not given. `depth`: the last position; `nodes`: names in a column.

    `limit` and `offset`: of sequences.
    """

    model: str
    by: By
    start: str
    end: str
    collapse: bool
    where: tuple[Condition, ...]
    range: Range
    depth: int = 5
    nodes: int = 20
    limit: int | None = None
    offset: int = 0


def _node(text: str) -> str:
    if not text or text == OTHER or len(text) > 1000:
        raise ValueError(text)
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _whole(name: str, wanted: str, most: int, default: int) -> Parameter[int]:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(
        name, f"{wanted}, 1 to {most}; default {default}", whole_number(1, most), default, schema=schema
    )


_NODE = {"type": "string", "minLength": 1, "maxLength": 1000}

BY = one_of("by", ("phase", "channel", "event"), "phase")
UNIT = one_of("unit", ("journey",), "journey")
START = Parameter("start", "the node at whose first visit a path begins", _node, "", schema=_NODE)
END = Parameter("end", "the node at whose first visit a path ends", _node, "", schema=_NODE)
COLLAPSE = Parameter(
    "collapse", "true: equal nodes in a row are one; default false", _flag, False,
    schema={"type": "boolean", "default": False},
)  # fmt: skip
DEPTH = _whole("depth", "the last position that is shown", 20, 5)
NODES = _whole("nodes", "names in a column, the rest is (other)", 100, 20)

_SHARED: tuple[Parameter[Any], ...] = (MODEL, BY, UNIT, START, END, COLLAPSE, WHERE, IDENTITY_AT)
PATHS: tuple[Parameter[Any], ...] = (*_SHARED, DEPTH, NODES, *COMMON)
SEQUENCES: tuple[Parameter[Any], ...] = (*_SHARED, LIMIT, OFFSET, *COMMON)


def read_path_question(reader: Reader, asked: Range) -> PathQuestion:
    """The question of either call; what is wrong with it is left with `reader`."""
    reader.take(UNIT)
    return PathQuestion(
        model=reader.take(MODEL),
        by=cast(By, reader.take(BY)),
        start=reader.take(START),
        end=reader.take(END),
        collapse=reader.take(COLLAPSE),
        where=read_where(reader),
        range=asked,
        depth=reader.take(DEPTH),
        nodes=reader.take(NODES),
        limit=reader.take(LIMIT),
        offset=reader.take(OFFSET),
    )


def check_nodes(question: PathQuestion, build: Build, reader: Reader) -> None:
    """BadInput where a path is to begin or end in a phase that the model has not; of others nobody knows all."""
    for name, node in (("start", question.start), ("end", question.end)):
        if question.by == "phase" and node and node not in build.phases:
            reader.refuse(name, node, f"one of the phases {', '.join(build.phases)}")
    reader.finish()

"""An answer: rows of named, typed columns and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "whole", "number", "flag", "nested"]
"""Of a column; nested values (objects, lists) become JSON text in formats that have none."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Every row has every column; values may be None."""

    columns: Mapping[str, Kind]
    rows: Sequence[Row]
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LongAnswer:
    """As `Answer`, its rows made while they are written: by a generator over `session.stream`, or page by page.

    They are taken once, on the thread of the session that they come from; `meta` is known before the first.
    """

    columns: Mapping[str, Kind]
    rows: Iterable[Row]
    meta: Mapping[str, Any]

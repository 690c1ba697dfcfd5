"""Bound values in the size that a server takes: long arrays are bound in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PIECE = 100_000
"""Bytes of one bound value, about; a server refuses more than 131,072 (`http_max_field_value_size`)."""


def fitted(sql: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The same question with each long array `{x:Array(T)}` bound as `arrayConcat({x_0:Array(T)}, …)`."""
    bound: dict[str, Any] = {}
    for name, value in parameters.items():
        parts = list(_pieces(value)) if isinstance(value, list | tuple) else [value]
        if len(parts) < 2:
            bound[name] = _rendered(value)
            continue
        names = [f"{name}_{number}" for number in range(len(parts))]
        sql = _bind_in_pieces(sql, name, names)
        bound |= dict(zip(names, map(_rendered, parts), strict=True))
    return sql, bound


def _bind_in_pieces(sql: str, name: str, names: Sequence[str]) -> str:
    def concatenation(match: re.Match[str]) -> str:
        return f"arrayConcat({', '.join(f'{{{each}:{match[1]}}}' for each in names)})"

    return re.sub(rf"\{{{re.escape(name)}:([^}}]+)\}}", concatenation, sql)


def _pieces(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    start = size = 0
    for end, value in enumerate(values):
        size += _size(value)
        if size > PIECE:
            yield values[start:end]
            start, size = end, _size(value)
    yield values[start:]


def _rendered(value: Any) -> Any:
    """Integers as the text of an array: the driver would format them one by one, 20 times slower."""
    if isinstance(value, list | tuple) and value and all(type(each) is int for each in value):
        return _Integers(value)
    return value


class _Integers:
    """An array of integers as text; the driver binds the `str` of a type it does not know, without escaping."""

    def __init__(self, values: Sequence[int]) -> None:
        self._text = f"[{','.join(map(str, values))}]"

    def __str__(self) -> str:
        return self._text


def _size(value: object) -> int:
    """Bytes of an element as bound text, at most: in an array a quote becomes `\\\\'`, a byte `\\\\xff`."""
    if isinstance(value, str):
        return 4 * len(value.encode()) + 4
    return 5 * len(value) + 4 if isinstance(value, bytes) else 40

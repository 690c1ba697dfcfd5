"""Rows of a Parquet file, a few thousand in memory. Raises OSError and ValueError (pyarrow's are such)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pyarrow.parquet import ParquetFile

_ROWS = 5_000


def read_columns(file: BinaryIO) -> tuple[str, ...]:
    return tuple(ParquetFile(file).schema_arrow.names)


def read_rows(file: BinaryIO) -> Iterator[dict[str, object]]:
    for batch in ParquetFile(file).iter_batches(_ROWS):
        yield from batch.to_pylist()

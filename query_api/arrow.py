"""Rows as an Arrow stream or a Parquet file, piece by piece. Imported only when somebody asks for one."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

import pyarrow
import pyarrow.parquet

from query_api.answer import Kind, Row

_TYPES: Mapping[Kind, pyarrow.DataType] = {
    "text": pyarrow.string(),
    "whole": pyarrow.int64(),
    "number": pyarrow.float64(),
    "flag": pyarrow.bool_(),
    "nested": pyarrow.string(),
}
_GROUP = 25
"""Pieces in a row group: readers like them large, and one is held in memory."""


class _Sink(io.RawIOBase):
    """What was written since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]  # a buffer of pyarrow's, which it uses again
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def stream(columns: Mapping[str, Kind], pieces: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows without nested values, as Arrow's stream format: a batch a piece, and an end mark."""
    schema, sink = _schema(columns), _Sink()
    with pyarrow.ipc.new_stream(pyarrow.PythonFile(sink, mode="w"), schema) as writer:
        for rows in pieces:
            writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema=schema))
            yield sink.taken()
    yield sink.taken()


def parquet(columns: Mapping[str, Kind], pieces: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows without nested values, as a Parquet file, which is none before its last piece."""
    schema, sink = _schema(columns), _Sink()
    with pyarrow.parquet.ParquetWriter(pyarrow.PythonFile(sink, mode="w"), schema) as writer:
        batches: list[pyarrow.RecordBatch] = []
        for rows in pieces:
            batches.append(pyarrow.RecordBatch.from_pylist(rows, schema=schema))
            if len(batches) == _GROUP:
                writer.write_table(pyarrow.Table.from_batches(batches, schema))
                batches.clear()
                yield sink.taken()
        if batches:
            writer.write_table(pyarrow.Table.from_batches(batches, schema))
    yield sink.taken()


def _schema(columns: Mapping[str, Kind]) -> pyarrow.Schema:
    return pyarrow.schema([(name, _TYPES[kind]) for name, kind in columns.items()])

"""An answer as an Arrow stream or a Parquet file. Imported only when somebody asks for one."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pyarrow
import pyarrow.parquet

from query_api.answer import Answer, Kind

_TYPES: Mapping[Kind, pyarrow.DataType] = {
    "text": pyarrow.string(),
    "whole": pyarrow.int64(),
    "number": pyarrow.float64(),
    "flag": pyarrow.bool_(),
    "nested": pyarrow.string(),
}


def stream(flat: Answer) -> bytes:
    """The rows of an answer without nested values, as Arrow's stream format."""
    table = _table(flat)
    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(flat: Answer) -> bytes:
    """The rows of an answer without nested values, as a Parquet file."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(_table(flat), sink)
    return sink.getvalue()


def _table(flat: Answer) -> pyarrow.Table:
    schema = pyarrow.schema([(name, _TYPES[kind]) for name, kind in flat.columns.items()])
    return pyarrow.Table.from_pylist(list(flat.rows), schema=schema)

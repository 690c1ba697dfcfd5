"""An answer as bytes, piece by piece. All formats carry the same rows; `meta` is in JSON or in X-Etappe-Meta."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
from starlette.responses import Response

from query_api.answer import Answer, Kind, LongAnswer, Row
from query_api.common import Format

PIECE = 2_000
"""Rows that are turned into bytes at a time."""
MOST_META = 8_192
"""Characters of the header: Node takes 16 KB of all headers together, Python 64 KB a line. Of a longer `meta`, which
repeats a long question, the longest parts are null, and `cut` names them."""
_HELD = 8
"""Bytes that wait for what follows: NDJSON, CSV and Arrow have no end by which a reader could tell the whole."""


def reply(answer: Answer, wanted: Format) -> Response:
    """The HTTP reply in the wanted format."""
    body = b"".join(pieces(answer, wanted))
    return Response(body, media_type=media_type(wanted), headers=headers(answer, wanted))


def media_type(wanted: Format) -> str:
    return _WRITERS[wanted][0]


def headers(answer: Answer | LongAnswer, wanted: Format) -> dict[str, str]:
    """`meta`, where the format has no place for it. Headers are latin-1: anything else is escaped."""
    if wanted == "json":
        return {}
    text, kept = _escaped(answer.meta), dict(answer.meta)
    while len(text) > MOST_META:
        longest = max(kept, key=lambda name: len(_escaped(kept[name])))
        kept[longest] = None
        text = _escaped(
            {**kept, "cut": [name for name in answer.meta if kept[name] is not answer.meta[name]]}
        )
    return {"X-Etappe-Meta": text}


def _escaped(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def pieces(answer: Answer | LongAnswer, wanted: Format) -> Iterator[bytes]:
    """The body. Before the last piece it always ends in the middle of something: a row, a message, a bracket."""
    held = b""
    for piece in _WRITERS[wanted][1](answer):
        data = held + piece
        yield data[:-_HELD]
        held = data[-_HELD:]
    yield held


def _json(answer: Answer | LongAnswer) -> Iterator[bytes]:
    start = b'{"rows":['
    for rows in in_pieces(answer.rows):
        yield start + orjson.dumps(rows)[1:-1]
        start = b","
    end = b'{"rows":[' if start != b"," else b""
    yield end + b'],"meta":' + orjson.dumps(answer.meta) + b"}"


def _ndjson(answer: Answer | LongAnswer) -> Iterator[bytes]:
    for rows in in_pieces(answer.rows):
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _csv(answer: Answer | LongAnswer) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(answer.columns), lineterminator="\n")
    writer.writeheader()
    for rows in in_pieces(answer.rows):
        for row in rows:
            writer.writerow({name: _cell(value) for name, value in flat(answer.columns, row).items()})
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _arrow(answer: Answer | LongAnswer) -> Iterator[bytes]:
    from query_api.arrow import stream  # noqa: PLC0415  # pyarrow loads slowly, and only two formats need it

    return stream(answer.columns, _flattened(answer))


def _parquet(answer: Answer | LongAnswer) -> Iterator[bytes]:
    from query_api.arrow import parquet  # noqa: PLC0415  # as above

    return parquet(answer.columns, _flattened(answer))


def _flattened(answer: Answer | LongAnswer) -> Iterator[list[Row]]:
    return ([flat(answer.columns, row) for row in rows] for rows in in_pieces(answer.rows))


def in_pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, PIECE at a time."""
    iterator = iter(rows)
    while piece := list(islice(iterator, PIECE)):
        yield piece


def flat(columns: Mapping[str, Kind], row: Row) -> Row:
    """The row with nested values as JSON text."""
    return {name: _flat(row[name], kind) for name, kind in columns.items()}


def _flat(value: Any, kind: Kind) -> Any:
    return orjson.dumps(value).decode() if kind == "nested" and value is not None else value


_Writer = Callable[[Answer | LongAnswer], Iterator[bytes]]

_WRITERS: Mapping[Format, tuple[str, _Writer]] = {
    "json": ("application/json", _json),
    "csv": ("text/csv; charset=utf-8", _csv),
    "ndjson": ("application/x-ndjson", _ndjson),
    "arrow": ("application/vnd.apache.arrow.stream", _arrow),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}

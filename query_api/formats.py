"""An answer as bytes. All formats carry the same rows; `meta` is in JSON or in the header X-Etappe-Meta."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.responses import Response

from query_api.answer import Answer, Kind, Row
from query_api.common import Format


def reply(answer: Answer, wanted: Format) -> Response:
    """The HTTP reply in the wanted format."""
    media_type, write = _WRITERS[wanted]
    headers = {} if wanted == "json" else {"X-Etappe-Meta": _header(answer.meta)}
    return Response(write(answer), media_type=media_type, headers=headers)


def _header(meta: Mapping[str, Any]) -> str:
    # Headers are latin-1: anything else is escaped.
    return json.dumps(meta, ensure_ascii=True, separators=(",", ":"))


def _json(answer: Answer) -> bytes:
    return orjson.dumps({"rows": answer.rows, "meta": answer.meta})


def _ndjson(answer: Answer) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in answer.rows)


def _csv(answer: Answer) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(answer.columns), lineterminator="\n")
    writer.writeheader()
    for row in answer.rows:
        writer.writerow({name: _cell(value) for name, value in flat(answer, row).items()})
    return text.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _arrow(answer: Answer) -> bytes:
    from query_api.arrow import stream  # noqa: PLC0415  # pyarrow loads slowly, and only two formats need it

    return stream(_flattened(answer))


def _parquet(answer: Answer) -> bytes:
    from query_api.arrow import parquet  # noqa: PLC0415  # as above

    return parquet(_flattened(answer))


def _flattened(answer: Answer) -> Answer:
    return Answer(answer.columns, [flat(answer, row) for row in answer.rows], answer.meta)


def flat(answer: Answer, row: Row) -> Row:
    """The row with nested values as JSON text."""
    return {name: _flat(row[name], kind) for name, kind in answer.columns.items()}


def _flat(value: Any, kind: Kind) -> Any:
    return orjson.dumps(value).decode() if kind == "nested" and value is not None else value


_WRITERS: Mapping[Format, tuple[str, Callable[[Answer], bytes]]] = {
    "json": ("application/json", _json),
    "csv": ("text/csv; charset=utf-8", _csv),
    "ndjson": ("application/x-ndjson", _ndjson),
    "arrow": ("application/vnd.apache.arrow.stream", _arrow),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}

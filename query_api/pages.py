"""Lists in pages: complete unless `limit` is given."""

from __future__ import annotations

from query_api.parameters import Parameter, whole_number

CURSOR = {"type": "string", "pattern": "^[0-9]{1,18}$"}
LIMIT: Parameter[int | None] = Parameter(
    "limit", "rows of a page, 1 to 100000; default all", whole_number(1, 100_000), None,
    schema={"type": "integer", "minimum": 1, "maximum": 100_000},
)  # fmt: skip
OFFSET = Parameter("cursor", "what meta.next gave", whole_number(0, 1 << 62), 0, schema=CURSOR)
"""The cursor of a list whose rows are counted anew each time: how many rows came before."""

"""Lists in pages: complete unless `limit` is given."""

from __future__ import annotations

from query_api.parameters import Parameter, whole_number

LIMIT: Parameter[int | None] = Parameter(
    "limit", "rows of a page, 1 to 100000; default all", whole_number(1, 100_000), None
)
OFFSET = Parameter("cursor", "what meta.next gave", whole_number(0, 1 << 62), 0)
"""The cursor of a list whose rows are counted anew each time: how many rows came before."""

"""Backups: the operator has all tables frozen, and copies what is held. See `etappe backup`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import FastAPI, Request
from starlette.responses import Response

from etappe.warehouse.frozen import FrozenTable
from query_api.answer import Answer, Kind
from query_api.auth import OPERATORS, admit
from query_api.common import FORMAT, read_format
from query_api.errors import Forbidden, NoEngineHere
from query_api.formats import reply
from query_api.parameters import Reader
from query_api.routes import Responses, Route, add_route
from query_api.sources import Sources

FreezeAll = Callable[[], Awaitable[Sequence[FrozenTable]]]

_COLUMNS: dict[str, Kind] = {"table": "text", "create": "text", "parts": "text", "rows": "whole"}


class BackupCalls:
    """`freeze` holds all tables of the embedded engine; None where this query API asks a server."""

    def __init__(self, sources: Sources, freeze: FreezeAll | None) -> None:
        self._sources = sources
        self._freeze = freeze

    async def freeze(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        if not asker.operator:
            raise Forbidden("A backup holds every workspace: wanted an admin token of the first one.")
        reader = Reader(request.query_params.multi_items(), (FORMAT,))
        wanted = read_format(reader, request.headers.get("accept", ""))
        reader.finish()
        if self._freeze is None:
            raise NoEngineHere()
        tables = await self._freeze()
        rows = [
            {"table": each.name, "create": each.create, "parts": str(each.parts), "rows": each.rows}
            for each in tables
        ]
        return reply(Answer(_COLUMNS, rows, {}), wanted)


def add_backup_route(app: FastAPI, sources: Sources, responses: Responses, freeze: FreezeAll | None) -> None:
    """`responses` are those of every call."""
    calls = BackupCalls(sources, freeze)
    route = Route(
        "POST", "/v1/backups", calls.freeze, "Hold all tables as they are, to be copied (operator)",
        parameters=(FORMAT,),
    )  # fmt: skip
    add_route(app, route, responses)

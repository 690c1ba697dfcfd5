"""What operators' calls on workspaces and keys share: who asks, what, the change, the reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from etappe.errors import BadInput, Problem, SettingsError
from etappe.eventlog import Position
from etappe.register import Change
from query_api.answer import Answer, Kind, Row
from query_api.auth import Asker
from query_api.bodies import read_object
from query_api.common import COMMON, TIMEOUT, Common, Format, read_common
from query_api.errors import RegisterClosed
from query_api.formats import reply
from query_api.pages import LIMIT, OFFSET
from query_api.parameters import Parameter, Reader
from query_api.position import wait_until_included
from query_api.sources import Sources

T = TypeVar("T")

LISTED: tuple[Parameter[Any], ...] = (LIMIT, OFFSET, *COMMON)


@dataclass(frozen=True, slots=True)
class Order:
    """An operator's call as far as it is read. `body` has none but known names; `finish` tells what was wrong."""

    asker: Asker
    format: Format
    body: Mapping[str, Any]
    problems: list[Problem]

    @property
    def workspace(self) -> str:
        return self.asker.workspace.name

    def finish(self, problems: Sequence[Problem] = ()) -> None:
        """BadInput with every problem of the request and these."""
        if found := [*self.problems, *problems]:
            raise BadInput(*found)

    def reply(
        self, columns: Mapping[str, Kind], row: Row, status: int = 200, position: Position | None = None
    ) -> Response:
        """One row; not to be kept by anything on its way, for it may hold a secret. `position`: what to wait for."""
        made = reply(Answer(columns, [row], _meta(self.asker)), self.format)
        made.status_code = status
        made.headers["Cache-Control"] = "no-store"
        if position is not None:
            made.headers["X-Etappe-Position"] = str(position)
        return made


async def read_order(sources: Sources, asker: Asker, request: Request, known: Sequence[str] = ()) -> Order:
    """Parameters and body, whose problems are gathered; who asks was looked at before. A request without any so far
    waits until `after` is included: who was just sent can be split or erased.

    `known` are the names that a body may have; without any, the body is not read.
    """
    reader = Reader(request.query_params.multi_items(), COMMON)
    common = read_common(reader, request.headers.get("accept", ""))
    body = await _body(request, reader) if known else {}
    for name in body:
        if name not in known:
            reader.refuse(name, body[name], f"one of the fields {', '.join(known)}")
    if common.after is not None and not reader.problems:
        await wait_until_included(sources, asker.workspace.name, common.after, common.timeout)
    return Order(asker, common.format, {n: v for n, v in body.items() if n in known}, reader.problems)


def read_timeout(request: Request) -> float:
    """Seconds that the caller would wait; the parameters were checked before."""
    return Reader(request.query_params.multi_items(), COMMON).take(TIMEOUT)


async def carry_out(sources: Sources, change: Change[T]) -> T:
    """Change the register and return what was made; RegisterClosed where that is not possible here."""
    editor = sources.editor
    if editor is None:
        raise RegisterClosed("This query API was given none that it may write.")
    try:
        return await asyncio.to_thread(editor.edit, change)
    except SettingsError as error:
        raise RegisterClosed(str(error)) from error


async def waited(
    sources: Sources, request: Request, asker: Asker, known: Sequence[Parameter[Any]] = LISTED
) -> Common:
    """Once `after` is included, what all calls share; BadInput where a parameter is wrong."""
    reader = Reader(request.query_params.multi_items(), known)
    common = read_common(reader, request.headers.get("accept", ""))
    for parameter in known:
        reader.take(parameter)
    reader.finish()
    if common.after is not None:
        await wait_until_included(sources, asker.workspace.name, common.after, common.timeout)
    return common


def list_rows(request: Request, asker: Asker, columns: Mapping[str, Kind], rows: Sequence[Row]) -> Response:
    """All rows, or the page that was asked for."""
    reader = Reader(request.query_params.multi_items(), LISTED)
    common = read_common(reader, request.headers.get("accept", ""))
    limit, begin = reader.take(LIMIT), reader.take(OFFSET)
    reader.finish()
    end = len(rows) if limit is None else begin + limit
    following = str(end) if end < len(rows) else None
    return reply(Answer(columns, rows[begin:end], {**_meta(asker), "next": following}), common.format)


def _meta(asker: Asker) -> dict[str, Any]:
    """These answers know no range of time; every call takes `from` and `to`."""
    return {"workspace": asker.workspace.name, "range": "not applied: of all time"}


async def _body(request: Request, reader: Reader) -> Mapping[str, Any]:
    """BadInput at once where it cannot be read: then nothing is known of what is in it."""
    try:
        return await read_object(request)
    except BadInput as error:
        raise BadInput(*reader.problems, *error.problems) from None

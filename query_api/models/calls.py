"""/v1/models: listing phase models, saving one for all of history, dropping it again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from etappe.changes import DropModel, SaveModel
from etappe.clock import iso
from etappe.errors import BadInput, Problem
from etappe.eventlog import Position
from etappe.phases import MOST_SAVED, PhaseModel
from query_api.answer import Answer, Kind, Row
from query_api.auth import OPERATORS, READERS, Asker, admit
from query_api.common import COMMON
from query_api.errors import NotFound
from query_api.formats import reply
from query_api.models.body import read_model
from query_api.models.known import Known, Saved, models_known, saves_of, size_of
from query_api.orders import check_place, write_order
from query_api.parameters import Parameter, Reader
from query_api.register.operating import LISTED, Order, list_rows, read_order, waited
from query_api.sources import Sources

MOST_SQL = 50_000
"""Characters that all models of a workspace compile to: the fold asks all of them at once."""
MOST_VERSIONS = 100

COLUMNS: dict[str, Kind] = {
    "name": "text",
    "title": "text",
    "version": "text",
    "source": "text",
    "phases": "nested",
    "conversion": "text",
    "goals": "nested",
    "state": "text",
    "progress": "number",
    "saved_at": "text",
    "saved_by": "text",
    "answers": "text",
    "build": "whole",
}
ONE: dict[str, Kind] = {**COLUMNS, "definition": "text", "versions": "nested"}

VERSION: Parameter[str | None] = Parameter(
    "version", "a version that was saved, as `versions` lists them: its definition", str, None
)
ONE_PARAMETERS: Sequence[Parameter[Any]] = (VERSION, *COMMON)


class ModelCalls:
    """One method a call. EtappeError where there is no answer; another workspace's model is an unknown one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._turn = asyncio.Lock()  # each order counts those before it

    async def list(self, request: Request) -> Response:
        asker = admit(self._sources, request, READERS)
        await waited(self._sources, request, asker, LISTED)
        known = await models_known(self._sources, asker.workspace.name)
        return list_rows(request, asker, COLUMNS, [_row(each) for each in known.values()])

    async def show(self, request: Request) -> Response:
        asker = admit(self._sources, request, READERS)
        common = await waited(self._sources, request, asker, ONE_PARAMETERS)
        known = await self._wanted(asker.workspace.name, request)
        versions = await self._versions(asker.workspace.name, known)
        wanted = Reader(request.query_params.multi_items(), ONE_PARAMETERS).take(VERSION)
        definition = known.model.text if wanted is None else _definition(versions, wanted)
        row = {**_row(known), "definition": definition, "versions": [_version(each) for each in versions]}
        return reply(Answer(ONE, [row], _meta(asker)), common.format)

    async def put(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        order = await read_order(self._sources, asker, request)
        model = await read_model(request, order.problems, str(request.path_params["model"]))
        async with self._turn:
            return await self._save(order, model)

    async def _save(self, order: Order, model: PhaseModel) -> Response:
        known = await models_known(self._sources, order.workspace)
        before = known.get(model.name)
        if before is not None and before.saved is not None and before.state != "dropping":
            if before.saved.text == model.text:
                return _reply(order, before, 200)
        else:
            _check_count(known)
        _check_size(known, model)
        check_place(self._sources)
        asked = SaveModel(order.workspace, model.name, model.text, self._now(before), order.asker.key.id)
        position = await write_order(self._sources, asked)
        return _reply(order, _waiting(model, asked, before), 202, position)

    async def drop(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        order = await read_order(self._sources, asker, request)
        order.finish()
        known = await self._wanted(order.workspace, request)
        if known.saved is None:
            raise NotFound(
                f"{known.name} is {_WHENCE[known.origin]}: nothing was saved that could be dropped."
            )
        if known.state == "dropping":
            return _reply(order, known, 202)
        asked = DropModel(order.workspace, known.name, self._now(known), asker.key.id)
        position = await write_order(self._sources, asked)
        dropping = Known(known.model, known.origin, "dropping", known.progress, known.saved, known.answers)
        return _reply(order, dropping, 202, position)

    def _now(self, before: Known | None) -> int:
        """Later than what was asked before, whatever clocks say: of a name the latest order holds."""
        last = before.saved.asked if before is not None and before.saved is not None else 0
        return max(self._sources.clock(), last + 1)

    async def _wanted(self, workspace: str, request: Request) -> Known:
        name = str(request.path_params["model"])
        known = await models_known(self._sources, workspace)
        if name not in known:
            raise NotFound(f"There is no model {name!r}; GET /v1/models lists them.")
        return known[name]

    async def _versions(self, workspace: str, known: Known) -> Sequence[Saved]:
        """What was saved, the latest first; saving the same definition again is no version of its own."""
        name = known.name
        stored = await self._sources.sessions.run(lambda session: saves_of(session, workspace, name))
        if known.saved is not None and (not stored or known.saved.asked > stored[0].asked):
            stored = [known.saved, *stored]
        kept: list[Saved] = []
        for each in stored:
            if not kept or kept[-1].version != each.version:
                kept.append(each)
        return kept[:MOST_VERSIONS]


_WHENCE = {"built-in": "built in", "file": "a file's"}


def _check_count(known: Mapping[str, Known]) -> None:
    saved = sum(each.saved is not None for each in known.values())
    if saved >= MOST_SAVED:
        raise BadInput(
            Problem(
                "model", f"{saved} saved models", f"at most {MOST_SAVED}: drop those that nobody asks for"
            )
        )


def _check_size(known: Mapping[str, Known], model: PhaseModel) -> None:
    others = [each.model for name, each in known.items() if name != model.name]
    size = size_of([*others, model])
    if size > MOST_SQL:
        wanted = (
            f"at most {MOST_SQL} for all models of the workspace: list values instead of repeating conditions"
        )
        raise BadInput(
            Problem("phases", f"{size} characters of compiled conditions", f"{wanted}, or drop models")
        )


def _waiting(model: PhaseModel, order: SaveModel, before: Known | None) -> Known:
    saved = Saved(order.model, order.asked, model.version, order.text, order.by)
    return Known(model, "saved", "waiting", 0.0, saved, before.answers if before else None)


def _reply(order: Order, known: Known, status: int, position: Position | None = None) -> Response:
    """What is stored and how to follow it."""
    path = f"/v1/models/{known.name}"
    follow = path if position is None else f"{path}?after={position}"
    meta = {**_meta(order.asker), "follow": follow}
    made = reply(Answer(COLUMNS, [_row(known)], meta), order.format)
    made.status_code = status
    made.headers["Location"] = path
    if position is not None:
        made.headers["X-Etappe-Position"] = str(position)
    return made


def _meta(asker: Asker) -> dict[str, Any]:
    return {"workspace": asker.workspace.name, "range": "not applied: of all time"}


def _definition(versions: Sequence[Saved], wanted: str) -> str:
    for each in versions:
        if each.version == wanted:
            return each.text
    there = ", ".join(each.version for each in versions if each.version) or "none: it was never saved"
    raise BadInput(Problem("version", wanted, f"one of the versions that were saved: {there}"))


def _row(known: Known) -> Row:
    model, saved, answers = known.model, known.saved, known.answers
    return {
        "name": model.name,
        "title": model.title,
        "version": model.version,
        "source": known.origin,
        "phases": [phase.name for phase in model.phases],
        "conversion": model.conversion,
        "goals": [goal.name for goal in model.goals],
        "state": known.state,
        "progress": known.progress,
        "saved_at": iso(saved.asked) if saved else None,
        "saved_by": saved.by if saved else None,
        "answers": answers.version if answers else None,
        "build": answers.number if answers else None,
    }


def _version(saved: Saved) -> dict[str, Any]:
    return {
        "version": saved.version or None,
        "saved_at": iso(saved.asked),
        "saved_by": saved.by,
        "dropped": saved.dropped,
    }

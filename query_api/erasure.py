"""/v1/privacy/erase: an operator has a person erased, and follows how far that is."""

from __future__ import annotations

import secrets

from fastapi import Request
from starlette.responses import Response

from etappe.changes import Erase
from etappe.clock import iso
from etappe.errors import Problem
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Kind, Row
from query_api.auth import OPERATORS, admit
from query_api.builds import active_builds, identities_of
from query_api.common import COMMON
from query_api.errors import NotFound
from query_api.identity.identifier import WANTED, Named, read_named, seen_key_of
from query_api.identity.names import check_customer, members_of, read_customer, timeline_of
from query_api.orders import waiting_orders, write_order
from query_api.position import needed_log
from query_api.register.operating import Order, list_rows, read_order, waited
from query_api.sources import Sources
from query_api.sql import text_of

FIELDS = ("identifier", "customer")
COLUMNS: dict[str, Kind] = {
    "id": "text",
    "state": "text",
    "identifiers": "whole",
    "asked_at": "text",
    "by": "text",
}
_CUSTOMER = "a customer's id, as /v1/customers gives it"
_WHICH = "identifier or customer, and not both"


class ErasureCalls:
    """One method a call. EtappeError where there is no answer; an erasure of another workspace is an unknown one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def erase(self, request: Request) -> Response:
        order = await read_order(self._sources, admit(self._sources, request, OPERATORS), request, FIELDS)
        workspace, whom = order.asker.workspace, read_whom(order)
        now = self._sources.clock()
        keys = await self._sources.sessions.run(lambda session: _identifiers(session, workspace, whom, now))
        for each in await self._waiting(workspace.name):
            if each.identifiers == keys:
                return order.reply(COLUMNS, _row(each), 202)
        asked = Erase(workspace.name, secrets.token_hex(8), keys, now, order.asker.key.id)
        position = await write_order(self._sources, asked)
        return order.reply(COLUMNS, _row(asked), 202, position)

    async def follow(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        await waited(self._sources, request, asker, COMMON)
        wanted, workspace = str(request.path_params["id"]), asker.workspace.name
        bound = {"workspace": workspace, "id": wanted}
        found = await self._sources.sessions.run(lambda s: s.rows(text_of("erasure"), bound))
        if found:
            return list_rows(request, asker, COLUMNS, [_stored(wanted, *found[0])])
        rows = [_row(each) for each in await self._waiting(workspace) if each.id == wanted]
        if not rows:
            raise NotFound(f"There is no erasure {wanted!r}.")
        return list_rows(request, asker, COLUMNS, rows)

    async def _waiting(self, workspace: str) -> list[Erase]:
        orders = await waiting_orders(needed_log(self._sources), workspace)
        return [each for each in orders if isinstance(each, Erase)]


def read_whom(order: Order) -> Named | int:
    """An identifier, or a customer; BadInput with every problem, NotFound where it can be no customer."""
    body, problems = order.body, []
    if len(body) != 1:
        problems += [Problem(name, body.get(name), _WHICH) for name in FIELDS if name in body or not body]
    elif "identifier" in body:
        try:
            named = read_named(body["identifier"])
        except ValueError:
            problems.append(Problem("identifier", body["identifier"], WANTED))
    elif not isinstance(body["customer"], str):
        problems.append(Problem("customer", body["customer"], _CUSTOMER))
    order.finish(problems)
    return named if "identifier" in body else read_customer(body["customer"])


def _identifiers(session: Session, workspace: Workspace, whom: Named | int, now: int) -> list[int]:
    """All identifiers of the customer; NotFound where nobody ever was it."""
    identities = identities_of(active_builds(session, workspace.name))
    if isinstance(whom, Named):
        key = seen_key_of(session, workspace, whom)
        whom = timeline_of(session, workspace.name, identities, key).at(now).customer
    else:
        check_customer(session, workspace.name, identities, whom)
    return sorted(members_of(session, workspace.name, identities, whom))


def _row(order: Erase) -> Row:
    return {
        "id": order.id,
        "state": "waiting",
        "identifiers": len(order.identifiers),
        "asked_at": iso(order.asked),
        "by": order.by,
    }


def _stored(id_: str, identifiers: int, done: bool, asked: int, by: str) -> Row:
    return {
        "id": id_,
        "state": "done" if done else "running",
        "identifiers": identifiers,
        "asked_at": iso(asked),
        "by": by,
    }

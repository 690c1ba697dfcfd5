"""/v1/keys: an admin token lists, makes, rotates, sets and revokes the keys of its workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from etappe.errors import BadInput, Problem
from etappe.key_fields import GRACE, KEY_FIELDS, check_grace, check_key_fields, key_row
from etappe.register_changes import (
    Issued,
    find_key,
    issue_key,
    keep_an_admin_token,
    revoke_key,
    rotate_key,
    set_key,
)
from etappe.workspaces import KEY_KINDS, Key, KeyKind, Register
from query_api.answer import Kind
from query_api.auth import OPERATORS, admit
from query_api.register.operating import Order, carry_out, list_rows, read_order, waited
from query_api.sources import Sources

COLUMNS: dict[str, Kind] = {
    "id": "text",
    "kind": "text",
    "workspace": "text",
    "name": "text",
    "origins": "nested",
    "rate": "number",
    "created": "text",
    "state": "text",
    "expires": "text",
    "replaces": "text",
}
WITH_SECRET: dict[str, Kind] = {**COLUMNS, "key": "text"}


class KeyCalls:
    """One method a call. EtappeError where there is no answer; a key of another workspace is an unknown one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def list(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        await waited(self._sources, request, asker)
        keys = self._sources.register().keys_of(asker.workspace.name)
        return list_rows(request, asker, COLUMNS, [self._row(key) for key in keys])

    async def create(self, request: Request) -> Response:
        order = await read_order(
            self._sources, admit(self._sources, request, OPERATORS), request, ("kind", *KEY_FIELDS)
        )
        fields = {name: value for name, value in order.body.items() if name != "kind"}
        kind = self._kind(order, fields)
        issued = await carry_out(
            self._sources,
            lambda register: issue_key(register, order.workspace, kind, fields, self._sources.clock()),
        )
        return self._reply_issued(order, issued)

    async def rotate(self, request: Request) -> Response:
        order = await read_order(
            self._sources, admit(self._sources, request, OPERATORS), request, ("grace_seconds",)
        )
        grace = _grace(order)
        issued = await carry_out(
            self._sources,
            lambda register: rotate_key(
                register, _id(request), grace, self._sources.clock(), order.workspace
            ),
        )
        return self._reply_issued(order, issued)

    async def set(self, request: Request) -> Response:
        order = await read_order(
            self._sources, admit(self._sources, request, OPERATORS), request, tuple(KEY_FIELDS)
        )
        known = find_key(self._sources.register(), _id(request), order.workspace)
        order.finish(self._problems(order, known.kind, order.body))
        key = await carry_out(
            self._sources, lambda register: set_key(register, known.id, order.body, order.workspace)
        )
        return order.reply(COLUMNS, self._row(key))

    async def revoke(self, request: Request) -> Response:
        order = await read_order(self._sources, admit(self._sources, request, OPERATORS), request)
        order.finish()

        def change(register: Register) -> tuple[Register, Key]:
            keep_an_admin_token(register, find_key(register, _id(request), order.workspace))
            return revoke_key(register, _id(request), order.workspace)

        return order.reply(COLUMNS, self._row(await carry_out(self._sources, change)))

    def _kind(self, order: Order, fields: Mapping[str, object]) -> KeyKind:
        """BadInput with every problem of the request: those of `fields` too, which depend on the kind."""
        given = order.body.get("kind")
        kind: KeyKind | None = next((each for each in KEY_KINDS if each == given), None)
        if kind is not None:
            order.finish(self._problems(order, kind, fields))
            return kind
        wrong = Problem("kind", given, f"one of {', '.join(KEY_KINDS)}")
        raise BadInput(*order.problems, wrong, *check_key_fields(fields, "write")[1])

    def _problems(self, order: Order, kind: KeyKind, fields: Mapping[str, object]) -> Sequence[Problem]:
        values, problems = check_key_fields(fields, kind)
        rate, most = values.get("rate"), self._sources.rate_limits.of(kind)
        if not most or rate is None or order.asker.operator or 0 < rate <= most:
            return problems
        # What the operator allows each key, a tenant may lower but not lift.
        return [
            *problems,
            Problem("rate", rate, f"above 0 and at most {most:g}, unless the operator sets it"),
        ]

    def _reply_issued(self, order: Order, issued: Issued) -> Response:
        key, secret = issued
        return order.reply(WITH_SECRET, {**self._row(key), "key": secret}, 201)

    def _row(self, key: Key) -> dict[str, Any]:
        return key_row(key, self._sources.clock())


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _grace(order: Order) -> int:
    """0 where the body says nothing; BadInput with every problem of the request."""
    given = order.body.get("grace_seconds", 0)
    try:
        seconds = check_grace(given)
    except ValueError:
        raise BadInput(*order.problems, Problem("grace_seconds", given, GRACE)) from None
    order.finish()
    return seconds

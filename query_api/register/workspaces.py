"""/v1/workspaces: an admin token reads and sets its own workspace; the operator's makes new ones."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from etappe.errors import Problem
from etappe.register_changes import NAME, NoSuchWorkspace, is_workspace_name, make_workspace, set_workspace
from etappe.workspace_fields import FIELDS, check_fields
from etappe.workspaces import Workspace
from query_api.answer import Kind
from query_api.auth import OPERATORS, admit
from query_api.errors import Forbidden
from query_api.register.operating import carry_out, list_rows, read_order, waited
from query_api.sources import Sources

_KINDS: dict[str, Kind] = {
    "time_zone": "text",
    "gap_days": "number",
    "lapsed_days": "number",
    "retention_days": "number",
    "consent_default": "flag",
    "phone_region": "text",
    "keep_traits": "flag",
    "app_ids": "nested",
    "keep_ip": "flag",
    "network_cookie": "flag",
}
COLUMNS: dict[str, Kind] = {"name": "text", "own": "flag", **_KINDS}
KEY_NAMES = ("write_key", "secret_key", "read_token", "admin_token")
WITH_KEYS: dict[str, Kind] = {**COLUMNS, **dict.fromkeys(KEY_NAMES, "text")}


class WorkspaceCalls:
    """One method a call. EtappeError where there is no answer; another workspace is an unknown one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def list(self, request: Request) -> Response:
        """The token's own with its settings; to the operator the names of all others too."""
        asker = admit(self._sources, request, OPERATORS)
        await waited(self._sources, request, asker)
        others = [each for each in self._sources.register().workspaces if each != asker.workspace.name]
        names = [_foreign(name) for name in others] if asker.operator else []
        return list_rows(request, asker, COLUMNS, [_row(asker.workspace), *names])

    async def create(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        if not asker.operator:
            raise Forbidden("Wanted: an admin token of the first workspace, which is the operator's.")
        order = await read_order(self._sources, asker, request, ("name", *FIELDS))
        name = order.body.get("name")
        values, problems = check_fields({n: v for n, v in order.body.items() if n != "name"})
        if not isinstance(name, str) or not is_workspace_name(name):
            problems = [Problem("name", name, NAME), *problems]
        order.finish(problems)
        made, issued = await carry_out(
            self._sources,
            lambda register: make_workspace(register, str(name), values, self._sources.clock()),
        )
        secrets = dict(zip(KEY_NAMES, (secret for _, secret in issued), strict=True))
        return order.reply(WITH_KEYS, {**_row(made, own=False), **secrets}, 201)

    async def set(self, request: Request) -> Response:
        asker, name = admit(self._sources, request, OPERATORS), str(request.path_params["name"])
        if name != asker.workspace.name:
            raise NoSuchWorkspace(name, "a token changes its own")
        order = await read_order(self._sources, asker, request, tuple(FIELDS))
        if "app_ids" in order.body and not asker.operator:
            raise Forbidden("app_ids are the operator's to give: nobody may claim another's events.")
        values, problems = check_fields(order.body)
        order.finish(problems)
        changed = await carry_out(self._sources, lambda register: set_workspace(register, name, values))
        return order.reply(COLUMNS, _row(changed))


def _row(workspace: Workspace, *, own: bool = True) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(workspace, name) for name in FIELDS}
    return {"name": workspace.name, "own": own, **values, "app_ids": list(workspace.app_ids)}


def _foreign(name: str) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS), "name": name, "own": False}

"""/v1/identity/rules: the identity rules of a workspace, those that answer and newer ones on their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from etappe.changes import Rules
from etappe.clock import iso
from etappe.errors import BadInput, Problem
from etappe.identity_rules import Blocked, IdentityRules, TypeRules, parse_rules
from etappe.register_changes import with_identity_rules
from query_api.answer import Kind, Row
from query_api.auth import OPERATORS, READERS, admit
from query_api.bodies import object_of, read_body, text_of
from query_api.identity.generations import Generation, answering, generations_of, latest
from query_api.orders import check_place, waiting_orders, write_order
from query_api.register.operating import LISTED, carry_out, list_rows, read_order, waited
from query_api.sources import Sources

BODY_BYTES = 256 * 1024

COLUMNS: dict[str, Kind] = {
    "version": "text",
    "state": "text",
    "progress": "number",
    "since": "text",
    "alias": "text",
    "most_identifiers": "whole",
    "blocked": "nested",
    "types": "nested",
    "rules": "text",
}
_WANTED = "the rules as YAML, or as JSON with the YAML in its field rules"


class RulesCalls:
    """One method a call. EtappeError where there is no answer."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def list(self, request: Request) -> Response:
        asker = admit(self._sources, request, READERS)
        await waited(self._sources, request, asker, LISTED)
        return list_rows(request, asker, COLUMNS, await self._rows(asker.workspace.name))

    async def put(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        order = await read_order(self._sources, asker, request)
        rules = await read_rules(request, order.problems)
        name = order.workspace
        rows = await self._rows(name)
        if rows[-1]["version"] == rules.version == parse_rules(asker.workspace.identity_rules).version:
            return order.reply(COLUMNS, rows[-1])
        check_place(self._sources)
        # The register first: what it has and the log has not, the same call repeated brings to the log.
        await carry_out(self._sources, with_identity_rules(name, rules.text))
        asked = Rules(name, rules.text, self._sources.clock(), asker.key.id)
        position = await write_order(self._sources, asked)
        return order.reply(COLUMNS, _row(rules, "waiting", 0.0, asked.asked), 202, position)

    async def _rows(self, workspace: str) -> Sequence[Row]:
        """The rules that answer, and the newer ones that are being applied or wait for it, the latest last."""
        log = self._sources.log
        waiting = await waiting_orders(log, workspace) if log is not None else []
        found = await self._sources.sessions.run(lambda session: generations_of(session, workspace))
        rows = [_row_of(answering(found))]
        if latest(found).state == "filling":
            rows.append(_row_of(latest(found)))
        for order in [each for each in waiting if isinstance(each, Rules)][-1:]:
            rules = parse_rules(order.text)
            if rules.version != rows[-1]["version"]:
                rows.append(_row(rules, "waiting", 0.0, order.asked))
        return rows


async def read_rules(request: Request, problems: Sequence[Problem] = ()) -> IdentityRules:
    """The rules that the body is; BadInput names line, field, value and what was wanted, after `problems`."""
    try:
        rules = parse_rules(await _text(request), "rules")
    except BadInput as error:
        raise BadInput(*problems, *error.problems) from None
    if problems:
        raise BadInput(*problems)
    return rules


async def _text(request: Request) -> str:
    """JSON where its Content-Type says so; without one, where it looks like it."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent = await read_body(request, BODY_BYTES)
    is_json = sent.lstrip()[:1] == b"{" and not media.endswith("yaml")
    if media != "application/json" and not is_json:
        return text_of(sent)
    body = object_of(sent)
    unknown = [
        Problem(name, value, "left out: there is only rules")
        for name, value in body.items()
        if name != "rules"
    ]
    given = body.get("rules")
    if unknown or not isinstance(given, str):
        raise BadInput(*unknown, *([] if isinstance(given, str) else [Problem("rules", given, _WANTED)]))
    return given


def _row_of(generation: Generation) -> Row:
    return _row(generation.rules, generation.state, generation.progress, generation.asked)


def _row(rules: IdentityRules, state: str, progress: float, since: int) -> Row:
    return {
        "version": rules.version,
        "state": state,
        "progress": progress,
        "since": iso(since) if since else None,
        "alias": rules.alias,
        "most_identifiers": rules.most_identifiers,
        "blocked": _blocked(rules.blocked),
        "types": [_type(each) for each in sorted(rules.types.values(), key=lambda each: each.priority)],
        "rules": rules.text,
    }


def _type(rules: TypeRules) -> dict[str, Any]:
    limit = rules.limit
    return {
        "type": rules.name,
        "names": rules.names,
        "priority": rules.priority,
        "unique": rules.unique,
        "limit": None if limit is None else {"most": limit.most, "window_ms": limit.window},
        "personal": rules.personal,
        "normalise": rules.normalise,
        "blocked": _blocked(rules.blocked),
    }


def _blocked(blocked: Blocked) -> dict[str, list[str]]:
    return {
        "values": sorted(blocked.spelled),
        "patterns": [each.pattern for each in blocked.patterns],
    }

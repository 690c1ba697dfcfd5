"""/v1/identity/rules/preview: how many customers other rules would merge or split, before they are anybody's."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from etappe.changes import Preview
from etappe.identity_rules import IdentityRules
from etappe.warehouse import Session
from query_api.answer import Kind, Row
from query_api.auth import OPERATORS, admit
from query_api.identity.generations import Generation, answering, generations_of
from query_api.identity.identifier import shown
from query_api.identity.making import made
from query_api.identity.names import hex_of, names_of
from query_api.identity.rules import read_rules
from query_api.register.operating import read_order, read_timeout
from query_api.sources import Sources
from query_api.sql import compose

MOST_EXAMPLES = 20
_NAMES_EACH = 10

COLUMNS: dict[str, Kind] = {
    "customers_before": "whole",
    "customers_after": "whole",
    "merged": "whole",
    "split": "whole",
    "identifiers_changed": "whole",
    "examples": "nested",
}


class PreviewCalls:
    """EtappeError where there is no answer."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def preview(self, request: Request) -> Response:
        order = await read_order(self._sources, admit(self._sources, request, OPERATORS), request)
        rules = await read_rules(request, order.problems)
        name = order.workspace
        today = answering(await self._sources.sessions.run(lambda session: generations_of(session, name)))
        other = await self._other(name, today, rules, read_timeout(request))
        row = await self._sources.sessions.run(lambda session: _compared(session, name, today, other))
        return order.reply(COLUMNS, row)

    async def _other(
        self, workspace: str, today: Generation, rules: IdentityRules, seconds: float
    ) -> Generation:
        """The identities by these rules; kept up to date, so that asked again they are there."""
        if rules.version == today.rules.version:
            return today
        wanted = f"{rules.version}-{today.number}"
        asked = Preview(workspace, wanted, rules.text, self._sources.clock())
        return await made(
            self._sources, lambda each: each.purpose == "preview" and each.name == wanted, asked, seconds
        )


def _compared(session: Session, workspace: str, today: Generation, other: Generation) -> Row:
    bound = {"workspace": workspace, "today": today.number, "other": other.number}
    (figures,) = session.rows(compose("rules_compared", owners="owners_compared"), bound)
    return {**dict(zip(COLUMNS, figures, strict=False)), "examples": _examples(session, bound)}


def _examples(session: Session, bound: dict[str, object]) -> list[Row]:
    limits = {"most": MOST_EXAMPLES, "each": _NAMES_EACH}
    sql = compose("rules_examples", owners="owners_compared")
    found = session.rows(sql, {**bound, **limits})
    keys = {key for _, _, *groups in found for group in groups for key in group}
    names = names_of(session, str(bound["workspace"]), sorted(keys))

    def called(group: list[int]) -> list[str]:
        return sorted(shown(names, key) for key in group)

    return [
        {
            "moved": called(moved),
            "before": {"customer": hex_of(before), "identifiers": called(here)},
            "after": {"customer": hex_of(after), "identifiers": called(there)},
        }
        for before, after, moved, here, there in found
    ]

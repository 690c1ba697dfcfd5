"""/v1/identity/splits: an operator takes a link back or bans a value, and takes that back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal, NamedTuple

from fastapi import Request
from starlette.responses import Response

from etappe.changes import Decide, TakeBack
from etappe.errors import Problem
from etappe.eventlog import Position
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.auth import OPERATORS, admit
from query_api.builds import active_builds, identities_of
from query_api.errors import NotFound, NotLinked
from query_api.identity.decisions import (
    COLUMNS,
    Decision,
    decided,
    decisions_of,
    rows_of,
    taken_back,
)
from query_api.identity.evidence import Link
from query_api.identity.explain import chain_between
from query_api.identity.generations import Identities
from query_api.identity.identifier import WANTED, Named, read_named, seen_key_of, shown
from query_api.identity.names import members_of, names_of, timeline_of
from query_api.orders import write_order
from query_api.register.operating import LISTED, Order, list_rows, read_order, waited
from query_api.sources import Sources

FIELDS = ("a", "b", "ban", "note")
MOST_NOTE = 500
_NOTE = f"a text of at most {MOST_NOTE} characters"
_WHICH = "a and b, whose link is taken back, or ban, a value that shall link nothing"


class Split(NamedTuple):
    """What is asked for: `ends` are two to hold apart, or one to ban."""

    kind: Literal["apart", "ban"]
    ends: Sequence[Named]
    note: str


class _Ends(NamedTuple):
    keys: tuple[int, ...]
    types: tuple[str, ...]


class SplitCalls:
    """One method a call. EtappeError where there is no answer; a decision of another workspace is an unknown one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def list(self, request: Request) -> Response:
        asker = admit(self._sources, request, OPERATORS)
        await waited(self._sources, request, asker, LISTED)
        name = asker.workspace.name
        decisions = await decisions_of(self._sources, name)
        rows = await self._sources.sessions.run(lambda session: rows_of(session, name, decisions))
        return list_rows(request, asker, COLUMNS, rows)

    async def decide(self, request: Request) -> Response:
        order = await read_order(self._sources, admit(self._sources, request, OPERATORS), request, FIELDS)
        split = read_split(order)
        workspace = order.asker.workspace
        ends = await self._sources.sessions.run(lambda session: _seen(session, workspace, split))
        for each in await decisions_of(self._sources, workspace.name):
            if each.kind == split.kind and each.named == frozenset(ends.keys) and not each.taken_back:
                return await self._reply(order, each)
        if split.kind == "apart":
            await self._sources.sessions.run(lambda session: _check_linked(session, workspace, split, ends))
        asked = _order_of(workspace.name, split, ends, self._sources.clock(), order.asker.key.id)
        position = await write_order(self._sources, asked)
        return await self._reply(order, decided(asked), 201, position)

    async def take_back(self, request: Request) -> Response:
        order = await read_order(self._sources, admit(self._sources, request, OPERATORS), request)
        order.finish()
        wanted, workspace = str(request.path_params["id"]), order.workspace
        known = {each.id: each for each in await decisions_of(self._sources, workspace)}
        if wanted not in known:
            raise NotFound(f"There is no split {wanted!r}; GET /v1/identity/splits lists them.")
        if known[wanted].taken_back:
            return await self._reply(order, known[wanted])
        asked = TakeBack(workspace, wanted, self._sources.clock(), order.asker.key.id)
        position = await write_order(self._sources, asked)
        return await self._reply(order, taken_back(known[wanted], asked), 200, position)

    async def _reply(
        self, order: Order, decision: Decision, status: int = 200, position: Position | None = None
    ) -> Response:
        (row,) = await self._sources.sessions.run(
            lambda session: rows_of(session, order.workspace, [decision])
        )
        return order.reply(COLUMNS, row, status, position)


def read_split(order: Order) -> Split:
    """What the body asks for; BadInput with every problem of the request."""
    body, problems = order.body, []
    kind: Literal["apart", "ban"] = "ban" if "ban" in body else "apart"
    names = ("ban",) if kind == "ban" else ("a", "b")
    if kind == "ban":
        problems += [Problem(name, body[name], f"left out: {_WHICH}") for name in ("a", "b") if name in body]
    ends = []
    for name in names:
        try:
            ends.append(read_named(body.get(name)))
        except ValueError:
            problems.append(Problem(name, body.get(name), WANTED if name in body else f"{WANTED}: {_WHICH}"))
    note = body.get("note", "")
    if not isinstance(note, str) or len(note) > MOST_NOTE:
        problems.append(Problem("note", note, _NOTE))
    order.finish(problems)
    return Split(kind, ends, str(note))


def _seen(session: Session, workspace: Workspace, split: Split) -> _Ends:
    """NotFound where no touchpoint ever carried one of them."""
    keys = tuple(seen_key_of(session, workspace, end) for end in split.ends)
    if len(set(keys)) < len(keys):
        raise NotLinked(f"{split.ends[0]} and {split.ends[1]} are one identifier.")
    return _Ends(keys, tuple(end.type for end in split.ends))


def _order_of(workspace: str, split: Split, ends: _Ends, now: int, by: str) -> Decide:
    a, b = (*ends.keys, 0)[:2]
    a_type, b_type = (*ends.types, "")[:2]
    return Decide(workspace, secrets.token_hex(8), split.kind, a, a_type, b, b_type, now, by, split.note)


def _check_linked(session: Session, workspace: Workspace, split: Split, ends: _Ends) -> None:
    """NotLinked where no link of one event holds the two together; it names the chain that does."""
    identities = identities_of(active_builds(session, workspace.name))
    chain = _connection(session, workspace.name, identities, ends.keys)
    if chain is None:
        raise NotLinked(f"Nothing connects {split.ends[0]} and {split.ends[1]}.")
    if len(chain) > 1:
        raise NotLinked(f"They are connected by {_told(session, workspace.name, chain, ends.keys[0])}.")


def _connection(
    session: Session, workspace: str, identities: Identities, ends: Sequence[int]
) -> Sequence[Link] | None:
    """The shortest chain within any customer that both are of at some time."""
    owners = [
        {span.customer for span in timeline_of(session, workspace, identities, end).spans} for end in ends
    ]
    chains = []
    for customer in sorted(owners[0] & owners[1]):
        members = members_of(session, workspace, identities, customer)
        evidence = chain_between(session, workspace, identities, members, ends)
        chains += [] if evidence is None else [evidence.held]
    return min(chains, key=len, default=None)


def _told(session: Session, workspace: str, chain: Sequence[Link], begin: int) -> str:
    """`user_id:42 -(person)- email:#… -(login)- …`."""
    names = names_of(session, workspace, sorted({end for link in chain for end in (link.a, link.b)}))
    at, said = begin, [shown(names, begin)]
    for link in chain:
        at = link.b if link.a == at else link.a
        said += [f"-({link.kind})-", shown(names, at)]
    return " ".join(said)

"""Who asks: a read or admin token names the workspace. Looked at before anything else of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from etappe.clock import Clock, system_clock
from etappe.workspaces import Key, KeyKind, Register, Workspace
from query_api.errors import Forbidden, TooOften, Unauthorised
from query_api.sources import Sources

READERS: tuple[KeyKind, ...] = ("read", "admin")
OPERATORS: tuple[KeyKind, ...] = ("admin",)


@dataclass(frozen=True, slots=True)
class Asker:
    """A token and the workspace that it opens. `operator`: it runs this Etappe, see `Register.operators`."""

    key: Key
    workspace: Workspace
    operator: bool


def admit(sources: Sources, request: Request, kinds: Sequence[KeyKind] = READERS) -> Asker:
    """As `identify`; TooOften (429) where the token has asked more than its rate allows."""
    asker = identify(sources.register(), request.headers.get("authorization", ""), kinds, sources.clock)
    rate = sources.rate_limits.requests if asker.key.rate is None else asker.key.rate
    if wait := sources.rates.take(asker.key.id, rate, 1):
        raise TooOften(wait, rate)
    return asker


def identify(
    register: Register, authorization: str, kinds: Sequence[KeyKind] = READERS, clock: Clock = system_clock
) -> Asker:
    """Whom the header `Authorization` names; Unauthorised (401) or Forbidden (403)."""
    scheme, _, token = authorization.partition(" ")
    key = register.find(token.strip(), clock()) if scheme.lower() == "bearer" and token.strip() else None
    if key is None or key.workspace not in register.workspaces:
        raise Unauthorised()
    if key.kind not in kinds:
        raise Forbidden(f"Wanted: {' or '.join(kinds)}.")
    operator = key.kind == "admin" and key.workspace == register.operators
    return Asker(key, register.workspaces[key.workspace], operator)

"""Who asks: a read or admin token names the workspace. Looked at before anything else of the request."""

from __future__ import annotations

from collections.abc import Sequence

from etappe.workspaces import KeyKind, Register, Workspace
from query_api.errors import Forbidden, Unauthorised

READERS: tuple[KeyKind, ...] = ("read", "admin")
OPERATORS: tuple[KeyKind, ...] = ("admin",)


def authorise(register: Register, authorization: str, kinds: Sequence[KeyKind] = READERS) -> Workspace:
    """The workspace that the header `Authorization` opens; Unauthorised (401) or Forbidden (403)."""
    scheme, _, token = authorization.partition(" ")
    key = register.find(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if key is None or key.workspace not in register.workspaces:
        raise Unauthorised()
    if key.kind not in kinds:
        raise Forbidden(f"Wanted: {' or '.join(kinds)}.")
    return register.workspaces[key.workspace]

"""Who asks: a read or admin token names the workspace. Looked at before anything else of the request."""

from __future__ import annotations

from etappe.workspaces import Register, Workspace
from query_api.errors import Forbidden, Unauthorised

_MAY_ASK = ("read", "admin")


def authorise(register: Register, authorization: str) -> Workspace:
    """The workspace that the header `Authorization` opens; Unauthorised (401) or Forbidden (403)."""
    scheme, _, token = authorization.partition(" ")
    key = register.find(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if key is None or key.workspace not in register.workspaces:
        raise Unauthorised()
    if key.kind not in _MAY_ASK:
        raise Forbidden()
    return register.workspaces[key.workspace]

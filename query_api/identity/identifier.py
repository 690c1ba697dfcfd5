"""An identifier as somebody asks for it: `user_id:42`, or `email:#<hex>` as answers show what is kept as a hash."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etappe.identity_rules import parse_rules
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.errors import NotFound
from query_api.identity.names import hex_of, names_of

WANTED = "type:value, like user_id:42"
PATTERN = r"^[^:]+:\s*\S"
MOST_CHARS = 10_000
_HASHED = re.compile(r"#([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Named:
    """A type and a value, as somebody wrote them."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


def read_named(text: object) -> Named:
    """Split at the first colon; ValueError where a side is missing."""
    kind, colon, value = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not (kind and colon and value.strip()):
        raise ValueError(text)
    return Named(kind, value)


def key_of(workspace: Workspace, named: Named) -> int:
    """The identifier's hash; a personal one may be given as it is shown, `email:#<hex>`."""
    rules = parse_rules(workspace.identity_rules)
    shown = _HASHED.fullmatch(named.value)
    if shown and rules.type_of(named.type).personal:
        return int(shown.group(1), 16)
    return rules.make_identifier(workspace.salt_bytes, named.type, named.value, workspace.phone_region).key


def seen_key_of(session: Session, workspace: Workspace, named: Named) -> int:
    """As `key_of`; NotFound where no touchpoint ever carried it."""
    key = key_of(workspace, named)
    if not names_of(session, workspace.name, [key]):
        raise NotFound(f"No touchpoint ever carried {named}.")
    return key


def shown(names: dict[int, str], key: int) -> str:
    """The name of an identifier; of one without a name, its hash."""
    return names.get(key, f"#{hex_of(key)}")

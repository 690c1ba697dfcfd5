"""Identity rules: what a workspace says of its identifiers, type by type, in YAML; docs/identity-rules.md.

Rules are read-time data: what they say applies to all history. Without any, DEFAULT_RULES hold.
"""

from __future__ import annotations

from functools import lru_cache

from etappe.identity.rules import DEFAULT_RULES, Alias, IdentityRules
from etappe.identity.types import Blocked, Limit, Names, TypeRules

__all__ = [
    "DEFAULT_RULES",
    "Alias",
    "Blocked",
    "IdentityRules",
    "Limit",
    "Names",
    "TypeRules",
    "parse_rules",
]


@lru_cache(maxsize=1_000)
def parse_rules(text: str, where: str = "rules") -> IdentityRules:
    """Read identity rules from YAML; `where` is what problems call it. An empty text is the default rules.

    BadInput carries every problem: the line, the field, its value, and what was wanted.
    """
    if not text:
        return DEFAULT_RULES
    # Imported here alone: a collector without such rules needs no YAML.
    from etappe.identity.parse import read_rules  # noqa: PLC0415

    return read_rules(text, where)

"""Identifiers of an event: from what a sender wrote to normalised, hashed, ranked values."""

from __future__ import annotations

import re
from operator import itemgetter

from etappe.identifiers import DAILY, Identifier
from etappe.identity_rules import IdentityRules
from ingest.addresses import holds_address, without_addresses
from ingest.drafts import text_of
from ingest.known import Ranked
from ingest.limits import IDENTIFIER_CHARS
from ingest.marks import Marked
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong

TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_identifier(
    rules: IdentityRules, salt: bytes, region: str | None, type_name: str, value: object
) -> Ranked | Refusal | None:
    """One identifier; None where it is absent or blocked. `region` is where phone numbers are dialled."""
    text = value if isinstance(value, str) else text_of(value)
    if text is None:
        if isinstance(value, Marked):
            return _marked(rules, salt, region, value.read(type_name))
        return wrong(f"identifiers.{_shown(type_name)}", kind_of(value), "a string or a number")
    if len(text) > IDENTIFIER_CHARS:
        found = f"identifiers.{_shown(type_name)}: {len(text)} characters"
        return refuse(Reason.BAD_IDENTIFIER, f"{found} (wanted at most {IDENTIFIER_CHARS})")
    if type_name == DAILY:
        return refuse(Reason.BAD_IDENTIFIER, f"identifiers.{DAILY}: the collector alone makes those")
    if type_name not in rules.types and TYPE_NAME.fullmatch(type_name) is None:
        wanted = "a type of up to 40 small letters, digits and _, a letter first"
        return refuse(Reason.BAD_IDENTIFIER, f"identifiers: {_shown(type_name)!r} (wanted {wanted})")
    return _hashed(rules, salt, region, type_name, text)


def _shown(type_name: str) -> str:
    return without_addresses(type_name)[:60]


def _marked(
    rules: IdentityRules, salt: bytes, region: str | None, found: Identifier | Refusal
) -> Ranked | Refusal | None:
    """Of what a mark stands for the hash alone is known: exact values that are blocked are known by theirs."""
    if isinstance(found, Refusal):
        return found
    if rules.blocks_identifier(found, salt, region):
        return None
    return rules.type_of(found.type).priority, found


def _hashed(
    rules: IdentityRules, salt: bytes, region: str | None, type_name: str, text: str
) -> Ranked | None:
    """What holds an e-mail address is kept only as a hash under any type: many systems use it as the user's id, or
    as a part of that."""
    if rules.is_blocked(type_name, text, region):
        return None
    identifier = rules.make_identifier(salt, type_name, text, region)
    if identifier.value is not None and holds_address(identifier.value):
        identifier = Identifier(identifier.type, identifier.key)
    return rules.type_of(type_name).priority, identifier


def best_first(identifiers: list[Ranked]) -> list[Identifier]:
    """Those of equal rank as they were sent."""
    if len(identifiers) == 1:
        return [identifiers[0][1]]
    if len(identifiers) == 2:
        (rank, one), (other_rank, other) = identifiers
        return [one, other] if rank <= other_rank else [other, one]
    return [identifier for _, identifier in sorted(identifiers, key=_rank)]


_rank = itemgetter(0)

"""The rules of one workspace: a value that the collector, the resolver and the query API ask the same questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from etappe.identifiers import Identifier, bare, identifier_key, names_nobody, normalised
from etappe.identity.patterns import LONGEST
from etappe.identity.types import (
    DEFAULT_TYPES,
    NOTHING_BLOCKED,
    OTHER_PERSON,
    Blocked,
    TypeRules,
)

Alias = Literal["refuse", "merge"]
MOST_IDENTIFIERS = 1_000


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """Rules by type of identifier; what the text does not name is as it is without one.

    `types` are the built-in types and those the workspace declares. `alias`: what becomes of an alias between two
    known users. `most_identifiers` of one person, at most.
    """

    text: str = ""
    """The YAML as given; empty: the default rules."""
    types: Mapping[str, TypeRules] = field(default_factory=lambda: DEFAULT_TYPES)
    blocked: Blocked = NOTHING_BLOCKED
    """In every type, those included that nobody declares."""
    alias: Alias = "refuse"
    most_identifiers: int = MOST_IDENTIFIERS
    version: str = field(init=False, default="")
    """First 12 hex digits of the SHA-256 of what the rules say: spelling, order and comments do not count."""
    blocks_more_than_defaults: bool = field(init=False, default=False)
    also_personal: frozenset[str] = field(init=False, default=frozenset())
    """Types that are personal here and not by default."""

    def __post_init__(self) -> None:
        more = bool(self.blocked) or any(each.blocked for each in self.types.values())
        object.__setattr__(self, "blocks_more_than_defaults", more)
        object.__setattr__(self, "version", _version(self))
        personal = (each.name for each in self.types.values() if each.personal)
        also = frozenset(name for name in personal if not _meant_anyway(name).personal)
        object.__setattr__(self, "also_personal", also)

    def __hash__(self) -> int:
        return hash(self.version)

    def type_of(self, name: str) -> TypeRules:
        """The rules of a type; one that nobody declared names a person, without uniqueness."""
        return self.types.get(name) or _undeclared(name, self.blocked)

    def is_blocked(self, type_name: str, value: str, region: str | None = None) -> bool:
        """Whether a value, as it was sent, names nobody. `region` is where phone numbers are dialled."""
        spelled = bare(value)
        if names_nobody(spelled):
            return True
        return self.blocks_more_than_defaults and self._blocks(self.type_of(type_name), spelled, region)

    def _blocks(self, rules: TypeRules, spelled: str, region: str | None) -> bool:
        blocked = rules.blocked
        if not blocked:
            return False
        if _holds(blocked, spelled):
            return True
        if rules.normalise != "phone":
            return False
        number = normalised("phone", spelled, region)
        return number in _numbers(blocked.spelled, region) or _holds(blocked, number)

    def normal_form(self, type_name: str, value: str, region: str | None = None) -> str:
        """The spelling of a value that its hash is made of."""
        return normalised(self.type_of(type_name).normalise, value, region)

    def make_identifier(
        self, salt: bytes, type_name: str, value: str, region: str | None = None
    ) -> Identifier:
        """Normalise and hash one value."""
        rules = self.type_of(type_name)
        normal = normalised(rules.normalise, value, region)
        key = identifier_key(salt, type_name, normal)
        return Identifier(type_name, key, None if rules.personal else normal)

    def blocked_keys(
        self, salt: bytes, region: str | None = None, undeclared: Iterable[str] = ()
    ) -> frozenset[int]:
        """The hashes of the exact blocked values in every type, for what was stored before they were blocked.

        Hashes know no spelling that is not written down: of each value those as written, in small letters, in
        capitals and capitalised are among them. `undeclared` are further types that the workspace has values of.
        """
        names = {*self.types, *undeclared}
        return frozenset().union(*(_blocked_keys_in(self, name, salt, region) for name in names))

    def blocks_identifier(self, identifier: Identifier, salt: bytes, region: str | None = None) -> bool:
        """Whether an identifier that exists would be left out today; of one without a value only exact ones can be
        told."""
        if not self.blocks_more_than_defaults:
            return False
        if identifier.value is not None:
            return self.is_blocked(identifier.type, identifier.value, region)
        return identifier.key in _blocked_keys_in(self, identifier.type, salt, region)


def _holds(blocked: Blocked, spelled: str) -> bool:
    if spelled in blocked.values:
        return True
    return len(spelled) <= LONGEST and any(each.search(spelled) for each in blocked.patterns)


@lru_cache(maxsize=1_000)
def _blocked_keys_in(rules: IdentityRules, type_name: str, salt: bytes, region: str | None) -> frozenset[int]:
    normals = set(_normal_forms(rules.type_of(type_name), region))
    return frozenset(identifier_key(salt, type_name, each) for each in normals)


@lru_cache(maxsize=1_000)
def _numbers(spelled: frozenset[str], region: str | None) -> frozenset[str]:
    return frozenset(normalised("phone", each, region) for each in spelled)


def _normal_forms(rules: TypeRules, region: str | None) -> Iterator[str]:
    """By the present normal form and by those that values may have been stored in before."""
    before = DEFAULT_TYPES[rules.name].normalise if rules.name in DEFAULT_TYPES else "trim"
    for value in rules.blocked.spelled:
        for spelled in (value, bare(value), value.lower(), value.upper(), value.capitalize()):
            yield normalised(rules.normalise, spelled, region)
            yield normalised(before, spelled, region)


@lru_cache(maxsize=1_000)
def _undeclared(name: str, blocked: Blocked) -> TypeRules:
    return TypeRules(name, "person", OTHER_PERSON, blocked=blocked)


def _version(rules: IdentityRules) -> str:
    said = [
        rules.alias,
        rules.most_identifiers,
        _said_of_blocked(rules.blocked),
        [
            _said_of_type(each, rules.blocked)
            for name, each in sorted(rules.types.items())
            if replace(each, blocked=NOTHING_BLOCKED) != _meant_anyway(name) or each.blocked != rules.blocked
        ],
    ]
    return sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()[:12]


def _meant_anyway(name: str) -> TypeRules:
    """What a type is that the text does not name."""
    return DEFAULT_TYPES.get(name) or _undeclared(name, NOTHING_BLOCKED)


def _said_of_type(each: TypeRules, common: Blocked) -> list[object]:
    limit = [each.limit.most, each.limit.window] if each.limit else None
    own = Blocked(
        each.blocked.values - common.values,
        patterns=tuple(one for one in each.blocked.patterns if one not in common.patterns),
    )
    fields = [each.name, each.names, each.priority, each.unique, limit, each.personal, each.normalise]
    return [*fields, _said_of_blocked(own)]


def _said_of_blocked(blocked: Blocked) -> list[list[str]]:
    return [sorted(blocked.values), sorted(each.pattern for each in blocked.patterns)]


DEFAULT_RULES = IdentityRules()

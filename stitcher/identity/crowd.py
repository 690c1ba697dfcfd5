"""Crowds: how many identifiers of which types a person has, and whether two persons may become one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from etappe.identity_rules import TypeRules
from stitcher.identity.evidence import Types
from stitcher.identity.limits import is_over


def most_of(rules: TypeRules) -> int | None:
    """How many identifiers of a type may be in one person if nothing is known of their times; None: any number."""
    return 1 if rules.unique else rules.limit.most if rules.limit else None


class Crowd(NamedTuple):
    """The size of a person, and when its identifiers of each type were first linked (ms, ascending)."""

    size: int
    first: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, rules: TypeRules, stamp: int) -> Crowd:
        """One identifier, first linked at `stamp`."""
        return cls(1, {rules.name: (stamp,)} if most_of(rules) else {})

    def objection(self, other: Crowd, rules: Types, most: int, is_alias: bool) -> str | None:
        """The rule that keeps two persons apart. Aliases join in spite of uniqueness."""
        shared = [rules[name] for name in self.first if name in other.first]
        if not is_alias and any(each.unique for each in shared):
            return "unique"
        if any(
            each.limit and is_over(each.limit, sorted((*self.first[each.name], *other.first[each.name])))
            for each in shared
        ):
            return "limit"
        return "cap" if self.size + other.size > most else None

    def with_(self, other: Crowd) -> Crowd:
        names = self.first.keys() | other.first.keys()
        both = {name: sorted((*self.first.get(name, ()), *other.first.get(name, ()))) for name in names}
        return Crowd(self.size + other.size, both)

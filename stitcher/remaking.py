"""Remaking: identities and journeys of some identifiers again from the facts, after what they rest on changed."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from stitcher.facts import Facts
from stitcher.fold import Target, fold
from stitcher.resolve import part

_AT_ONCE = 20_000


def remake(facts: Facts, target: Target, nodes: Collection[int]) -> None:
    """`nodes` hold, with each identifier, all that it belonged together with, before and now."""
    remaining = iter(sorted(nodes))
    while some := list(islice(remaining, _AT_ONCE)):
        changed = part(facts, some, target.version)
        fold(facts, target, changed.dirty, changed.merged, changed.owners)

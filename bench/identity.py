"""Row: links a second of the identity core from scratch, against the plainest union-find over the same links."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

from bench.figures import Row, in_turns
from bench.scale import Scale
from etappe.changes import Link, LinkKind
from stitcher.identity.owners import resolve

_DAY_MS = 86_400_000
_OTHERS = ("email", "phone", "crm_id")


def rows(scale: Scale) -> Iterator[Row]:
    """Links a second of both."""
    count = scale.stitched * 2
    links = some_links(count)
    in_turns(1, lambda: _rate(resolve, links), lambda: _rate(plain_union, links))  # warm
    yield Row(
        "identity core, from scratch",
        "links/s",
        in_turns(scale.rounds, lambda: _rate(resolve, links), lambda: _rate(plain_union, links)),
        "union-find in a dict, in plain Python, over the ends of the same links: no time, no rules, no explanation",
        "≥ 0.25",
        [
            f"{len(links):,} links of persons with 2 to 5 identifiers, every 20th device shared, in random order"
        ],
    )


def _rate(work: Callable[[Sequence[Link]], object], links: Sequence[Link]) -> float:
    begun = time.perf_counter()
    work(links)
    return len(links) / (time.perf_counter() - begun)


def plain_union(links: Sequence[Link]) -> dict[int, int]:
    """Identifier -> the root of what links join it to."""
    parent: dict[int, int] = {}

    def find(key: int) -> int:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for link in links:
        parent.setdefault(link.a, link.a)
        parent.setdefault(link.b, link.b)
        a, b = find(link.a), find(link.b)
        if a != b:
            parent[a] = b
    return {key: find(key) for key in parent}


def some_links(count: int, seed: int = 1) -> list[Link]:
    """Links of one workspace; every 100th e-mail address is that of two users."""
    chance = random.Random(seed)
    found: list[Link] = []
    device, email = chance.getrandbits(64), chance.getrandbits(64)
    while len(found) < count:
        user = chance.getrandbits(64)
        named = {name: chance.getrandbits(64) for name in chance.sample(_OTHERS, chance.randint(1, 3))}
        if "email" in named and chance.random() < 0.01:
            named["email"] = email
        email = named.get("email", email)
        found += [_link("person", user, "user_id", key, name, chance) for name, key in named.items()]
        if chance.random() > 0.05:
            device = chance.getrandbits(64)
        found += [
            _link("login", device, "anonymous_id", user, "user_id", chance)
            for _ in range(chance.randint(1, 3))
        ]
        if chance.random() < 0.2:
            found.append(_link("device", device, "anonymous_id", chance.getrandbits(64), "device_id", chance))
    chance.shuffle(found)
    return found[:count]


def _link(kind: LinkKind, a: int, a_type: str, b: int, b_type: str, chance: random.Random) -> Link:
    at = chance.randrange(90 * _DAY_MS)
    return Link(kind, a, a_type, b, b_type, at, at + 1_000, chance.randbytes(16), "bench")
